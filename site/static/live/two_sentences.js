// The way between two sentences, along the sphere of their embeddings; z and noise stay.

import { explorer, say } from "./frame.js";
import { slerp } from "./numbers.js";
import { embedded, heard, prepared, read, remarks, stage } from "./sentence.js";

const STEPS = 7;

const text = (state, self, t) => slerp(...["sentence-a", "sentence-b"].map((key) => embedded(heard(state[key], self).known, self)), t);

export default explorer({
  die: ["seed"],
  prepare: prepared,

  inputs: (state, self) => ({ z: read(self, state, text(state, self, state["from-a-to-b"]), 0) }),

  async image(inputs, self) {
    return stage(await self.draw(inputs.z), 1);
  },

  async panels(state, inputs, self, image, live) {
    const key = JSON.stringify([state["sentence-a"], state["sentence-b"], state.seed]);
    const turn = live.asked;
    if (self.key !== key) {
      const strip = [];
      for (let n = 0; n < STEPS && turn === live.asked; n++) strip.push(stage(await self.draw(read(self, state, text(state, self, n / (STEPS - 1)), 0)), 1));
      if (strip.length < STEPS) return [];
      Object.assign(self, { key, strip });
    }
    const marked = Math.round((STEPS - 1) * state["from-a-to-b"]);
    return [{ title: self.texts.whole_way, images: self.strip, marked }];
  },

  sentence(state, self) {
    const [a, b] = ["sentence-a", "sentence-b"].map((key) => heard(state[key], self));
    return say(self.texts.two_sentences, { share: Math.round(100 * state["from-a-to-b"]), a: a.known.join(" "), b: b.known.join(" "), seed: state.seed, remarks: remarks({ strange: [...a.strange, ...b.strange] }, self) });
  },

  facts: (state) => ({ seed: state.seed }),
});

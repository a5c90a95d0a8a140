// The way from one class to another with the same z: the weights of the two classes are mixed.

import { explorer, pick, say } from "./frame.js";
import { joined, slerp } from "./numbers.js";
import { idea, mix, prepared } from "./class_menu.js";

const WALK = 9;

function weights(state, self, t) {
  const found = new Float32Array(self.names.length);
  found[state["class-a"]] += 1 - t;
  found[state["class-b"]] += t;
  return found;
}

export default explorer({
  prepare: async (tools) => ({ ...(await prepared(tools)), slerp }),

  inputs: (state, self) => ({ z: joined(idea(state, self), weights(state, self, state["from-a-to-b"])) }),

  image: (inputs, self) => self.draw(inputs.z),

  mix,

  async panels(state, inputs, self) {
    const z = idea(state, self);
    const walk = Array.from({ length: WALK }, (_, n) => joined(z, weights(state, self, n / (WALK - 1))));
    const batch = await self.draw(joined(...walk), WALK);
    const marked = Math.round((WALK - 1) * state["from-a-to-b"]);
    return [{ title: self.texts.whole_way, images: walk.map((_, n) => pick(batch, n)), marked }];
  },

  sentence(state, self) {
    const share = Math.round(100 * state["from-a-to-b"]);
    const [a, b] = ["class-a", "class-b"].map((key) => self.names[state[key]]);
    return say(self.texts.class_interpolation, { a, b, share, rest: 100 - share, seed: state.seed });
  },

  facts: (state) => ({ seed: state.seed }),
});

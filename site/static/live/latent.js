// The latent explorer: two seeds, the way between them, truncation, directions.

import { explorer, pick, say } from "./frame.js";
import { joined, lerp, moved, row, slerp } from "./numbers.js";

const WALK = 9; // images in the strip between the two seeds

function vector(state, self, t) {
  const [a, b] = ["seed-a", "seed-b"].map((key) => row(self.z, self.size, state[key]));
  const between = (state.path === 1 ? lerp : slerp)(a, b, t);
  const steps = self.steps.map((key) => state[key]);
  return moved(between.map((value) => value * (state.truncation ?? 1)), self.directions, steps);
}

export default explorer({
  async prepare({ config, texts, network, floats }) {
    const [draw, z, directions] = await Promise.all([network(config.network), floats(config.z), floats(config.directions)]);
    const steps = config.controls.map(({ key }) => key).filter((key) => key.startsWith("direction-"));
    const labels = Object.fromEntries(config.controls.map(({ key, label }) => [key, label]));
    return { draw, z, directions, steps, labels, texts, size: config.z.shape[2] };
  },

  inputs: (state, self) => ({ z: vector(state, self, state["from-a-to-b"]) }),

  image: (inputs, self) => self.draw(inputs.z),

  async panels(state, inputs, self) {
    const walk = Array.from({ length: WALK }, (_, n) => vector(state, self, n / (WALK - 1)));
    const key = JSON.stringify({ ...state, "from-a-to-b": 0 });
    if (self.key !== key) {
      self.strip = await self.draw(joined(...walk), WALK);
      self.key = key;
    }
    const images = walk.map((_, n) => pick(self.strip, n));
    return [{ title: self.texts.whole_way, images, captions: ["A", ...Array(WALK - 2).fill(""), "B"] }];
  },

  sentence(state, self) {
    const steps = self.steps.filter((key) => state[key]).map((key) => `${self.labels[key]} ${state[key] > 0 ? "+" : "−"}${Math.abs(state[key]).toFixed(1)}`);
    return say(self.texts.latent, {
      a: state["seed-a"],
      b: state["seed-b"],
      share: Math.round(100 * state["from-a-to-b"]),
      truncation: state.truncation === undefined ? "" : say(self.texts.truncated, { truncation: state.truncation.toFixed(2) }),
      steps: steps.length ? `: ${steps.join(", ")}` : "",
    });
  },

  facts: (state) => ({ seed: state["seed-a"] }),
});

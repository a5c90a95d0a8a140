// The way from one image to another: through the code, and through the pixels.

import { explorer, pick, say } from "./frame.js";
import { joined, lerp, row } from "./numbers.js";

const WALK = 9;
const ends = (state) => [state["image-a"], state["image-b"]];
const code = (state, self, t) => lerp(...ends(state).map((n) => row(self.codes, self.size, n)), t);

function faded(state, self, t) {
  const [a, b] = ends(state).map((n) => pick(self.images, n));
  return { ...a, data: lerp(a.data, b.data, t) };
}

export default explorer({
  async prepare({ config, texts, network, floats, pixels }) {
    const [draw, codes, images] = await Promise.all([network(config.network), floats(config.codes), pixels(config.images)]);
    return { draw, codes, images, texts, names: config.names, size: config.codes.shape[1] };
  },

  inputs: (state, self) => ({ z: code(state, self, state["from-a-to-b"]) }),

  image: (inputs, self) => self.draw(inputs.z),

  mix: (a, b, t) => ({ z: lerp(a.z, b.z, t) }),

  async panels(state, inputs, self) {
    const t = state["from-a-to-b"];
    const steps = Array.from({ length: WALK }, (_, n) => n / (WALK - 1));
    const batch = await self.draw(joined(...steps.map((step) => code(state, self, step))), WALK);
    const marked = Math.round((WALK - 1) * t);
    const [a, b] = ends(state).map((n) => pick(self.images, n));
    return [
      { title: self.texts.two_images, kind: "five", images: [a, faded(state, self, t), b], captions: ["A", self.texts.crossfade, "B"] },
      { title: self.texts.between_codes, images: steps.map((_, n) => pick(batch, n)), marked },
      { title: self.texts.between_pixels, images: steps.map((step) => faded(state, self, step)), marked },
    ];
  },

  sentence: (state, self) => say(self.texts.interpolation, { share: Math.round(100 * state["from-a-to-b"]), a: self.names[state["image-a"]], b: self.names[state["image-b"]] }),
});

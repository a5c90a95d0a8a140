// One z as each of ten classes: the idea stays, the garment changes.

import { explorer, pick, say } from "./frame.js";
import { joined, slerp } from "./numbers.js";
import { idea, one, prepared } from "./class_menu.js";

const ten = (z, self) => joined(...self.names.flatMap((_, label) => [z, one(label, self.names.length)]));

export default explorer({
  between: true,

  prepare: prepared,

  inputs: (state, self) => ({ z: idea(state, self) }),

  // The large picture is the first class; all ten stand under it.
  async image(inputs, self) {
    inputs.batch = await self.draw(ten(inputs.z, self), self.names.length);
    return pick(inputs.batch, 0);
  },

  mix: (a, b, t) => ({ z: slerp(a.z, b.z, t) }),

  panels: (state, { batch }, self) => [{ title: "", kind: "wide", images: self.names.map((_, n) => pick(batch, n)), captions: self.names }],

  sentence: (state, self) => say(self.texts.all_classes, { count: self.names.length, seed: state.seed, truncation: state.truncation.toFixed(2) }),

  facts: (state) => ({ seed: state.seed }),
});

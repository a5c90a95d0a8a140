// A garment's neighbourhood: the chosen one in the middle of a sheet of 25.

import { explorer, pick, say } from "./frame.js";
import { joined, row, slerp } from "./numbers.js";
import { idea, mix, one, prepared } from "./class_menu.js";

export default explorer({
  prepare: async (tools) => ({ ...(await prepared(tools)), slerp }),

  inputs: (state, self) => ({ z: joined(idea(state, self), one(state.class, self.names.length)) }),

  image: (inputs, self) => self.draw(inputs.z),

  mix,

  // √(1 − s²)·z + s·noise is distributed as z is, for every spread s.
  async panels(state, inputs, self) {
    const [count, s] = [self.rows ** 2, state["how-different"]];
    const chosen = inputs.z.subarray(0, self.size);
    const label = inputs.z.subarray(self.size);
    const all = Array.from({ length: count }, (_, n) => {
      const noise = row(self.noise, self.size, count * state["other-variations"] + n);
      const z = n === (count - 1) / 2 ? chosen : chosen.map((value, i) => Math.sqrt(1 - s * s) * value + s * noise[i]);
      return joined(z, label);
    });
    const batch = await self.draw(joined(...all), count);
    return [{ title: self.texts.sheet, kind: "five", images: all.map((_, n) => pick(batch, n)), marked: (count - 1) / 2 }];
  },

  sentence: (state, self) => say(self.texts.variations, { name: self.names[state.class], seed: state.seed, spread: Math.round(100 * state["how-different"]) }),

  facts: (state) => ({ seed: state.seed, label: state.class }),
});

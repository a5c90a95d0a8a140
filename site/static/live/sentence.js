// A StackGAN: a sentence becomes a portrait, in two stages, with the text encoder in the page.

import { explorer, make, say } from "./frame.js";
import { joined, row, slerp } from "./numbers.js";
import { encode, hear } from "./text.js";

export async function prepared({ config, texts, network, floats, live }) {
  const names = Object.keys(config.weights);
  const [draw, z, ...tables] = await Promise.all([network(config.network), floats(config.z), ...names.map((name) => floats(config.weights[name]))]);
  const weights = Object.fromEntries(names.map((name, n) => [name.replace(/[._]/g, "-"), tables[n]]));
  weights["gru-weight-hh-l0-side"] = config.weights["gru.weight_hh_l0"].shape[1];
  const words = Object.keys(config.vocabulary);
  const all = make("details", {}, make("summary", {}, say(texts.vocabulary, { count: words.length })), make("p", {}, words.join(", ")));
  live.column.append(all);
  return { draw, z, weights, config, texts, size: config.z.shape[2], rows: config.z.shape[1] };
}

export function heard(text, self) {
  return hear(text, self.config.vocabulary, self.config.longest);
}

export function embedded(words, self) {
  return encode(words, self.config.vocabulary, self.weights, self.config.parts[3]);
}

/** z and noise of a seed's row, and the text behind them. */
export function read(self, state, text, n, noise = 1) {
  const numbers = row(self.z, self.size, self.rows * state.seed + n);
  return joined(numbers.map((value, i) => (i < self.config.parts[0] ? value : noise * value)), text);
}

/** A stage of what the network draws. */
export function stage(all, s) {
  const size = 3 * all.height * all.width;
  return { channels: 3, height: all.height, width: all.width, data: all.data.slice(s * size, (s + 1) * size) };
}

export function remarks(found, self) {
  return found.strange.length ? say(self.texts.strange, { them: self.texts[found.strange.length > 1 ? "such_words" : "this_word"], words: found.strange.map((word) => `“${word.slice(0, 24)}”`).slice(0, 8).join(", ") }) : "";
}

export default explorer({
  between: true,

  die: ["seed"],

  async prepare(tools) {
    const self = await prepared(tools);
    const { live, config, texts } = tools;
    const other = make("button", { type: "button", onclick: () => {
      self.turn = ((self.turn ?? -1) + 1) % config.examples.length;
      live.set({ sentence: config.examples[self.turn] });
      live.change("sentence");
    } }, texts.other_sentence);
    live.column.append(other);
    return self;
  },

  inputs: (state, self) => ({ z: read(self, state, embedded(heard(state.sentence, self).known, self), 0, state.noise), noise: state.noise }),

  async image(inputs, self) {
    const all = await self.draw(inputs.z);
    inputs.small = stage(all, 0);
    return stage(all, 1);
  },

  mix(a, b, t, self) {
    const cut = a.z.length - self.config.parts[3];
    const z = joined(slerp(a.z.subarray(0, cut), b.z.subarray(0, cut), t), slerp(a.z.subarray(cut), b.z.subarray(cut), t));
    return { z, noise: a.noise + t * (b.noise - a.noise) };
  },

  async panels(state, inputs, self, image, live) {
    const panels = [{ title: self.texts.stages, kind: "five", images: [inputs.small, image], captions: ["16×16", "64×64"] }];
    const text = inputs.z.subarray(inputs.z.length - self.config.parts[3]);
    const turn = live.asked;
    const more = [];
    for (let n = 1; n < self.rows && turn === live.asked; n++) more.push(stage(await self.draw(read(self, state, text, n, inputs.noise)), 1));
    return [...panels, { title: self.texts.more_faces, kind: "five", images: more }];
  },

  sentence(state, self) {
    const found = heard(state.sentence, self);
    return say(self.texts.sentence, { words: found.known.join(" ") || self.texts.nothing_said, seed: state.seed, noise: state.noise.toFixed(2), remarks: remarks(found, self) });
  },

  facts: (state, self) => ({ seed: state.seed, caption: heard(state.sentence, self).known.join(" ") }),
});

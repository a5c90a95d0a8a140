// A VAE's code under sliders, one for each dimension, ordered by KL; another β is another model.

import { explorer, pick, say } from "./frame.js";
import { lerp, row } from "./numbers.js";

const COLLAPSED = 0.1; // nats

const chosen = (state, self) => self.models[state["β"] ?? 0];

/** The code from which the sliders start, exact. */
function first(state, self) {
  if (state["start-from"] === 0) return row(chosen(state, self).mu, self.size, state.image);
  return row(self.prior, self.size, state["draw-number"]);
}

/** The code that the sliders hold: exact where a slider still stands at its start. */
function code(state, self) {
  const z = Float32Array.from(first(state, self));
  chosen(state, self).order.forEach((dimension, rank) => {
    const value = state[`code-${rank + 1}`];
    if (Math.abs(value - rounded(z[dimension])) > self.step / 2) z[dimension] = value;
  });
  return z;
}

const rounded = (value) => Math.round(value * 20) / 20;

function restart(state, self) {
  const z = first(state, self);
  return Object.fromEntries(chosen(state, self).order.map((dimension, rank) => [`code-${rank + 1}`, rounded(z[dimension])]));
}

export default explorer({
  async prepare({ config, texts, network, floats, pixels }) {
    const [prior, images, ...tables] = await Promise.all([floats(config.prior), pixels(config.images), ...config.models.map((model) => floats(model.codes))]);
    const models = config.models.map((model, n) => ({ ...model, mu: tables[n], open: () => network(model.network) }));
    const self = { prior, images, models, texts, names: config.names, size: config.prior.shape[2], step: 0.05 };
    await chosen({ "β": config.controls.find(({ key }) => key === "β")?.value }, self).open();
    return self;
  },

  // Another start sets all sliders anew; a slider sets itself.
  changed(key, state, self, live) {
    if (key.startsWith("code-")) return;
    const model = chosen(state, self);
    live.controls.get("image").row.hidden = state["start-from"] === 1;
    live.controls.get("draw-number").row.hidden = state["start-from"] === 0;
    model.order.forEach((dimension, rank) => {
      const found = live.controls.get(`code-${rank + 1}`);
      const kl = model.kl[dimension];
      found.rename(`z[${dimension}]: ${kl < COLLAPSED ? self.texts.collapsed : say(self.texts.nats, { kl: kl.toFixed(2) })}`);
      found.limits(-model.limit, model.limit);
    });
    if (key !== "pin") live.set(restart(everything(live), self));
  },

  trying(there, state, key, self) {
    if (!key.startsWith("code-")) Object.assign(there, restart(there, self));
  },

  inputs: (state, self, live) => ({ z: code({ ...everything(live), ...state }, self), model: chosen(state, self) }),

  image: async ({ z, model }) => (await model.open())(z),

  mix: (a, b, t) => ({ ...(t < 0.5 ? a : b), z: lerp(a.z, b.z, t) }),

  async panels(state, inputs, self, image, live) {
    const start = first(everything(live), self);
    const copy = await (await inputs.model.open())(start);
    const images = [{ ...copy, data: copy.data.slice() }, image];
    const captions = [state["start-from"] === 0 ? self.texts.reconstruction : self.texts.from_prior, self.texts.after_moves];
    if (state["start-from"] === 0) {
      images.unshift(pick(self.images, state.image));
      captions.unshift(self.names[state.image]);
    }
    return [{ title: "", kind: "three", images, captions }];
  },

  sentence(state, self, image, live) {
    const model = chosen(state, self);
    const z = code(everything(live), self);
    const start = first(everything(live), self);
    const moves = model.order.filter((d) => z[d] !== start[d]).map((d) => `z[${d}] ${start[d].toFixed(2)} → ${z[d].toFixed(2)}`);
    return say(self.texts.autoencoder, {
      beta: self.models.length > 1 ? `β = ${model.beta}. ` : "",
      moves: moves.join(", ") || self.texts.nothing,
      collapsed: model.kl.filter((kl) => kl < COLLAPSED).length,
      size: self.size,
    });
  },
});

/** The values of all controls, of those too that have no effect now. */
function everything(live) {
  return Object.fromEntries([...live.controls].map(([key, found]) => [key, found.get()]));
}

// A ProGAN's stages and fades, its attributes, and a closed walk on the sphere.

import { explorer, say } from "./frame.js";
import { row } from "./numbers.js";

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const scaled = (a, factor) => a.map((value) => factor * value);
const plus = (a, b, factor = 1) => a.map((value, i) => value + factor * b[i]);
const unit = (a) => scaled(a, 1 / Math.sqrt(dot(a, a)));

/** The place `at` on the great circle through two latent vectors. */
function circle(z0, z1, at, frames) {
  const [start, other] = [z0, z1].map((z) => unit(Float64Array.from(z)));
  const across = unit(plus(other, start, -dot(other, start)));
  const angle = (2 * Math.PI * at) / frames;
  return scaled(plus(scaled(start, Math.cos(angle)), across, Math.sin(angle)), Math.sqrt(start.length));
}

/** z moved along directions and kept on the sphere: course_lib/latent/directions.py, `steered`. */
function steered(z, amounts, self) {
  const size = z.length;
  const on = scaled(unit(z), Math.sqrt(size));
  let [inside, offset] = [new Float64Array(size), new Float64Array(size)];
  amounts.forEach((amount, k) => {
    const [axis, direction] = [self.basis, self.vectors].map((table) => row(table, size, k));
    inside = plus(inside, axis, dot(axis, on));
    offset = plus(offset, direction, amount);
  });
  const [a, b, c] = [dot(offset, offset), dot(inside, offset), dot(inside, inside) - size];
  const root = (-b + Math.sqrt(Math.max(0, b * b - a * c))) / Math.max(a, 1e-12);
  const share = a + 2 * b + c <= 0 ? 1 : Math.max(0, Math.min(1, root));
  const moved = plus(inside, offset, share);
  const room = Math.sqrt(Math.max(0, size - dot(moved, moved)));
  return { z: plus(moved, unit(plus(on, inside, -1)), room), share };
}

/** Stage s of what the network draws: all stages stand in its channels, at half their strength. */
function stage(all, s) {
  const size = 3 * all.height * all.width;
  return { channels: 3, height: all.height, width: all.width, data: scaled(all.data.subarray(s * size, (s + 1) * size), 2) };
}

export default explorer({
  between: true,

  die: ["seed"],

  async prepare({ config, texts, network, floats }) {
    const [draw, z, vectors, basis] = await Promise.all([network(config.network), floats(config.z), floats(config.vectors), floats(config.basis)]);
    return { draw, z, vectors, basis, texts, config, size: config.z.shape[2] };
  },

  inputs(state, self) {
    const [z0, z1] = [0, 1].map((n) => row(self.z, self.size, 2 * state.seed + n));
    const place = circle(z0, z1, state.walk, self.config.frames);
    const found = steered(place, self.config.attributes.map((key) => state[key]), self);
    return { z: Float32Array.from(found.z), share: found.share, stage: state.resolution, fade: state.fade };
  },

  async image(inputs, self) {
    const all = await self.draw(inputs.z);
    inputs.all = { ...all, data: all.data.slice() };
    const now = stage(inputs.all, inputs.stage);
    if (!inputs.stage || inputs.fade === 1) return now;
    const before = stage(inputs.all, inputs.stage - 1);
    return { ...now, data: before.data.map((value, i) => value + inputs.fade * (now.data[i] - value)) };
  },

  panels(state, inputs, self) {
    const { sizes } = self.config;
    return [{ title: self.texts.every_stage, kind: "five", images: sizes.map((_, s) => stage(inputs.all, s)), captions: sizes.map((n) => `${n}×${n}`), marked: inputs.stage }];
  },

  sentence(state, self, image, live) {
    const labels = Object.fromEntries(self.config.controls.map(({ key, label }) => [key, label]));
    const steps = self.config.attributes.filter((key) => state[key]).map((key) => `${labels[key]} ${state[key] > 0 ? "+" : "−"}${Math.abs(state[key]).toFixed(1)}`);
    const { share } = live.parts.inputs(state, self, live);
    const n = self.config.sizes[state.resolution];
    return say(self.texts.growth, {
      size: `${n}×${n}`, seed: state.seed, walk: state.walk, frames: self.config.frames, fade: Math.round(100 * state.fade),
      steps: steps.length ? say(self.texts.steered, { steps: steps.join(", ") }) : "",
      share: share < 1 ? say(self.texts.no_room, { share: Math.round(100 * share) }) : "",
    });
  },

  facts: (state) => ({ seed: state.seed }),
});

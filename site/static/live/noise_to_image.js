// A flow: a garment appears out of noise, by steps of the midpoint rule that are taken here.

import { explorer, say } from "./frame.js";
import { one } from "./class_menu.js";
import { joined, lerp, row, slerp } from "./numbers.js";

const [SIDE, FRAMES] = [28, 9]; // pixels; pictures in the strip
const QUICK = 8; // steps, up to which small pictures do not keep the reader waiting
const WAYS = 3; // kept: the chosen one, and those to the small pictures at the ends of `guidance`

/** The velocity at x and t: `guided` of course_lib/models/flow.py. */
async function velocity(x, t, { weights, guidance }, self) {
  const given = guidance === 1 ? [weights] : guidance === 0 ? [weights.map(() => 0)] : [weights, weights.map(() => 0)];
  const n = given.length;
  const v = await self.network({
    x: [joined(...given.map(() => x)), [n, 1, SIDE, SIDE]],
    t: [given.map(() => t), [n]],
    weights: [joined(...given), [n, weights.length]],
  });
  if (n === 1) return v;
  const [asked, without] = [0, 1].map((k) => row(v, x.length, k));
  return without.map((value, i) => value + guidance * (asked[i] - value));
}

/** The points on the way, from noise to an image; t only looks at them, so a way is kept. */
function way(inputs, self) {
  const { z, steps, weights, guidance } = inputs;
  const key = [steps, guidance, ...weights, ...z].join();
  if (!self.ways.has(key)) {
    const promise = midpoint(z, steps, (x, t) => velocity(x, t, inputs, self));
    promise.catch(() => self.ways.delete(key));
    self.ways.set(key, promise);
    if (self.ways.size > WAYS) self.ways.delete(self.ways.keys().next().value);
  }
  return self.ways.get(key);
}

async function midpoint(z, steps, velocity) {
  const points = [Float32Array.from(z)];
  for (let i = 0; i < steps; i++) {
    const x = points[i];
    const first = await velocity(x, i / steps);
    const middle = await velocity(x.map((value, k) => value + first[k] / (2 * steps)), (i + 0.5) / steps);
    points.push(x.map((value, k) => value + middle[k] / steps));
  }
  return points;
}

const picture = (data) => ({ data, channels: 1, height: SIDE, width: SIDE });

const plain = (number) => String(Number(number.toFixed(2)));

export default explorer({
  between: true,
  ends: (key, state) => key === "guidance" && state.steps <= QUICK,

  async prepare({ config, texts, graph, floats }) {
    const [network, z] = await Promise.all([graph(config.network), floats(config.z)]);
    return { network, z, texts, names: config.names, size: config.z.shape[2], ways: new Map() };
  },

  inputs: (state, self) => ({
    z: row(self.z, self.size, state.seed),
    weights: one(state.class, self.names.length),
    steps: state.steps,
    guidance: state.guidance,
    t: state["time-t"],
  }),

  // Between two points the flow goes straight.
  async image(inputs, self) {
    const points = await way(inputs, self);
    const last = points.length - 1;
    const before = Math.min(Math.floor(inputs.t * last), last - 1);
    return picture(lerp(points[before], points[before + 1], inputs.t * last - before));
  },

  mix: (a, b, share) => ({
    ...(share < 0.5 ? a : b), // its steps
    z: slerp(a.z, b.z, share),
    weights: lerp(a.weights, b.weights, share),
    guidance: a.guidance + share * (b.guidance - a.guidance),
    t: a.t + share * (b.t - a.t),
  }),

  async panels(state, inputs, self) {
    const points = await way(inputs, self);
    const last = points.length - 1;
    const frames = Math.min(FRAMES, points.length);
    const numbers = Array.from({ length: frames }, (_, n) => Math.round((n * last) / (frames - 1)));
    const far = numbers.map((number) => Math.abs(number / last - inputs.t));
    return [{
      title: self.texts.noise_to_image_way,
      kind: frames > 5 ? "" : "five",
      images: numbers.map((number) => picture(points[number])),
      captions: numbers.map((number) => plain(number / last)),
      marked: far.indexOf(Math.min(...far)),
    }];
  },

  sentence(state, self) {
    const name = self.names[state.class];
    return say(self.texts.noise_to_image, {
      name: name[0].toUpperCase() + name.slice(1),
      seed: state.seed,
      t: state["time-t"].toFixed(2),
      steps: say(state.steps === 1 ? self.texts.one_step : self.texts.some_steps, { steps: state.steps }),
      guidance: plain(state.guidance),
      asked: 2 * state.steps * ([0, 1].includes(state.guidance) ? 1 : 2),
    });
  },

  facts: (state) => ({ seed: state.seed, label: state.class, steps: state.steps, guidance: state.guidance }),
});

// A conditional generator: a menu of classes and sliders for z, and what the judge sees.

import { explorer, say } from "./frame.js";
import { joined, moved, row } from "./numbers.js";

export function idea(state, self) {
  const z = row(self.z, self.size, state.seed).map((value) => value * (state.truncation ?? 1));
  return self.directions ? moved(z, self.directions, self.steps.map((key) => state[key])) : Float32Array.from(z);
}

export function one(label, classes) {
  const weights = new Float32Array(classes);
  weights[label] = 1;
  return weights;
}

export async function prepared({ config, texts, network, floats }) {
  const loaded = [network(config.network), floats(config.z), config.directions && floats(config.directions), config.judge && network(config.judge), config.noise && floats(config.noise)];
  const [draw, z, directions, judge, noise] = await Promise.all(loaded);
  const steps = config.controls.map(({ key }) => key).filter((key) => key.startsWith("direction-"));
  return { draw, z, directions, judge, noise, steps, texts, names: config.names, size: config.z.shape[2], rows: config.rows };
}

/** Between two pins: z along the sphere, classes by their weights. */
export function mix(a, b, t, self) {
  const [za, zb] = [a.z.subarray(0, self.size), b.z.subarray(0, self.size)];
  const weights = a.z.subarray(self.size).map((value, i) => value + t * (b.z[self.size + i] - value));
  return { z: joined(self.slerp(za, zb, t), weights) };
}

export default explorer({
  between: true,

  async prepare(tools) {
    const { slerp } = await import("./numbers.js");
    return { ...(await prepared(tools)), slerp };
  },

  inputs: (state, self) => ({ z: joined(idea(state, self), one(state.class, self.names.length)) }),

  image: (inputs, self) => self.draw(inputs.z),

  mix,

  async panels(state, inputs, self, image, live) {
    const { data } = await self.judge(image.data);
    self.chances = [...data];
    bars(live, self, live.way.get() ? -1 : state.class);
    return [];
  },

  sentence(state, self) {
    const seen = self.chances.indexOf(Math.max(...self.chances));
    return say(self.texts.class_menu, {
      name: self.names[state.class],
      seed: state.seed,
      truncation: state.truncation.toFixed(2),
      seen: self.names[seen],
      chance: Math.round(100 * self.chances[seen]),
    });
  },

  facts: (state) => ({ seed: state.seed, label: state.class }),
});

/** Draw the judge's probabilities as bars beside the picture. */
function bars(live, self, asked) {
  let table = live.figure.querySelector(".live-bars");
  if (!table) {
    table = document.createElement("div");
    table.className = "live-bars";
    table.innerHTML = `<p></p>${self.names.map(() => '<div><span></span><meter min="0" max="1"></meter><span></span></div>').join("")}`;
    table.firstChild.textContent = self.texts.judge;
    live.figure.append(table);
  }
  self.chances.forEach((chance, n) => {
    const [name, meter, number] = table.children[n + 1].children;
    name.textContent = self.names[n];
    table.children[n + 1].classList.toggle("asked", n === asked);
    meter.value = chance;
    meter.setAttribute("aria-label", self.names[n]);
    number.textContent = chance >= 0.005 ? `${Math.round(100 * chance)}%` : "";
  });
}

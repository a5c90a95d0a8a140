// A VAE's plane: codes of test images as marks, and a cross that sliders or a finger move.

import { explorer, make, pick, say } from "./frame.js";
import { joined, lerp } from "./numbers.js";

const [SIDE, TILES] = [420, 15]; // pixels of the map; pictures along one of its sides
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#c2342b", "#9c4f80", "#56b4e9", "#555555"];

const at = (self, [x, y]) => [((x / self.limit + 1) / 2) * SIDE, ((1 - y / self.limit) / 2) * SIDE];

function dot(pen, x, y, label) {
  pen.beginPath();
  pen.arc(x, y, 3.2, 0, 2 * Math.PI);
  pen.strokeStyle = pen.fillStyle = COLOURS[label % COLOURS.length];
  label < 5 ? pen.fill() : pen.stroke();
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function number(pen, x, y, label) {
  pen.beginPath();
  pen.arc(x, y, 10, 0, 2 * Math.PI);
  pen.fillStyle = "#fff";
  pen.fill();
  pen.strokeStyle = "#1c1e21";
  pen.stroke();
  pen.fillStyle = "#1c1e21";
  pen.fillText(label, x, y + 1);
}

async function background(self, view) {
  if (self.backgrounds[view]) return self.backgrounds[view];
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const pen = canvas.getContext("2d");
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, SIDE, SIDE);
  if (view === 0) {
    self.labels.forEach((label, n) => dot(pen, ...at(self, self.codes.subarray(2 * n, 2 * n + 2)), label));
    for (let label = 0; label < self.names.length; label++) {
      const own = self.labels.flatMap((other, n) => (other === label ? [n] : []));
      if (own.length) number(pen, ...at(self, [0, 1].map((k) => median(own.map((n) => self.codes[2 * n + k])))), label);
    }
  } else {
    const middles = Array.from({ length: TILES }, (_, n) => self.limit * ((2 * (n + 0.5)) / TILES - 1));
    const z = middles.toReversed().flatMap((y) => middles.flatMap((x) => [x, y]));
    const batch = await self.draw(Float32Array.from(z), TILES ** 2);
    const side = SIDE / TILES;
    for (let n = 0; n < TILES ** 2; n++) {
      const { data, height, width } = pick(batch, n);
      const picture = new ImageData(width, height);
      data.forEach((value, i) => picture.data.set([...Array(3).fill(Math.round((value + 1) * 127.5)), 255], 4 * i));
      const small = new OffscreenCanvas(width, height);
      small.getContext("2d").putImageData(picture, 0, 0);
      pen.drawImage(small, (n % TILES) * side, Math.floor(n / TILES) * side, side, side);
    }
  }
  return (self.backgrounds[view] = canvas);
}

function nearest(z, self) {
  let [best, far] = [0, Infinity];
  for (let n = 0; n < self.labels.length; n++) {
    const distance = Math.hypot(z[0] - self.codes[2 * n], z[1] - self.codes[2 * n + 1]);
    if (distance < far) [best, far] = [n, distance];
  }
  return [best, far];
}

export default explorer({
  between: true,

  die: ["z-0", "z-1"],
  ends: false, // the map shows what lies where

  pressed(x, y, { map: [left, top, width, height], limit }) {
    const [across, up] = [(x - left) / width, (y - top) / height];
    if (Math.min(across, up) < 0 || Math.max(across, up) > 1) return {};
    return { "z-0": limit * (2 * across - 1), "z-1": limit * (1 - 2 * up) };
  },

  async prepare({ config, texts, network, floats, pixels, live }) {
    const [draw, codes, images] = await Promise.all([network(config.network), floats(config.codes), pixels(config.images)]);
    const map = make("canvas", { class: "live-map", width: SIDE, height: SIDE, role: "img", "aria-label": config.alt });
    const legend = make("p", { class: "live-legend" }, ...config.names.map((name, n) => make("span", {}, `${n} ${name}`)));
    live.figure.prepend(map, legend);
    const move = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = map.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) => Math.max(0, Math.min(1, share)));
      live.set({ "z-0": config.limit * (2 * x - 1), "z-1": config.limit * (1 - 2 * y) });
      live.change("z-0");
    };
    map.addEventListener("pointerdown", (event) => {
      map.setPointerCapture(event.pointerId);
      move(event);
    });
    map.addEventListener("pointermove", move);
    return { draw, codes, images, map, texts, labels: config.labels, names: config.names, limit: config.limit, backgrounds: {} };
  },

  inputs: (state) => ({ z: Float32Array.of(state["z-0"], state["z-1"]) }),

  image: (inputs, self) => self.draw(inputs.z),

  mix: (a, b, t) => ({ z: lerp(a.z, b.z, t) }),

  async panels(state, { z }, self) {
    const pen = self.map.getContext("2d");
    pen.drawImage(await background(self, state["the-map-shows"]), 0, 0);
    const [x, y] = at(self, z);
    for (const [width, colour] of [[3, "#fff"], [1, "#000"]]) {
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(SIDE, y);
      pen.moveTo(x, 0);
      pen.lineTo(x, SIDE);
      pen.stroke();
    }
    const [n] = nearest(z, self);
    return [{ title: self.texts.nearest, kind: "five", images: [pick(self.images, n)], captions: [self.names[self.labels[n]]] }];
  },

  sentence(state, self) {
    const z = [state["z-0"], state["z-1"]];
    const [n, far] = nearest(z, self);
    return say(self.texts.latent_map, { x: z[0].toFixed(2), y: z[1].toFixed(2), count: self.labels.length, number: n, name: self.names[self.labels[n]], far: far.toFixed(2) });
  },
});

// "Open your own": an .onnx that lesson 08 exported gets its sliders. The file stays on this device.

import { session } from "./files.js";
import { explorer, make, pick, say } from "./frame.js";
import { joined, slerp } from "./numbers.js";

const SEEDS = 100;
const WALK = 9; // images in the strip between the two seeds
const ALL = 16; // a z of at most so many numbers gets a slider for each, a longer one for the first
const FIRST = 6;

/** Return the properties of an ONNX file, by name: field 14 of its message ModelProto. */
function properties(bytes) {
  const text = new TextDecoder();
  const fields = function* (part) {
    let at = 0;
    const number = () => {
      for (let value = 0, scale = 1; at < part.length; scale *= 128) {
        const byte = part[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
      throw new Error("the file ends too early");
    };
    while (at < part.length) {
      const key = number();
      if (key % 8 === 0) number();
      else if (key % 8 === 2) {
        const size = number();
        yield [Math.floor(key / 8), part.subarray(at, (at += size))];
      } else at += key % 8 === 1 ? 8 : 4;
    }
  };
  const found = {};
  for (const [field, part] of fields(bytes)) {
    if (field !== 14) continue;
    const [name, value] = [...fields(part)].map(([, words]) => text.decode(words));
    found[name] = value;
  }
  return found;
}

/** Return n numbers that are distributed as N(0, 1), the same for the same seed. */
function normal(n, seed) {
  let state = (seed + 1) * 0x9e3779b9;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

const range = (key, label, min, max, step, value) => ({ kind: "range", key, label, min, max, step, value });

/** Return the controls of a generator that reads z of this size, and labels of so many classes. */
function controls(size, classes, texts) {
  const steps = Array.from({ length: size <= ALL ? size : FIRST }, (_, n) => range(`z-${n}`, `z[${n}]`, -4, 4, 0.1, 0));
  return [
    ...(classes ? [range("class", texts.own_class, 0, classes - 1, 1, 0)] : []),
    range("seed-a", texts.own_a, 0, SEEDS - 1, 1, 0),
    range("seed-b", texts.own_b, 0, SEEDS - 1, 1, 1),
    range("from-a-to-b", texts.own_between, 0, 1, 0.02, 0),
    range("truncation", texts.own_truncation, 0, 1.5, 0.05, 1),
    ...steps,
  ];
}

/** Return the explorer of an open file. */
function of(run, size, steps) {
  const vector = (state, t) => {
    const z = slerp(normal(size, state["seed-a"]), normal(size, state["seed-b"]), t).map((value) => value * state.truncation);
    for (let n = 0; n < steps; n++) z[n] += state[`z-${n}`];
    return z;
  };
  return explorer({
    prepare: async ({ texts }) => ({ texts }),
    inputs: (state) => ({ z: vector(state, state["from-a-to-b"]), label: state.class }),
    image: (inputs) => run(inputs.z, 1, inputs.label),
    async panels(state, _, self) {
      const walk = Array.from({ length: WALK }, (__, n) => vector(state, n / (WALK - 1)));
      const strip = await run(joined(...walk), WALK, state.class);
      return [{ title: self.texts.whole_way, images: walk.map((__, n) => pick(strip, n)), captions: ["A", ...Array(WALK - 2).fill(""), "B"] }];
    },
    sentence: (state, self) => say(self.texts.own, { a: state["seed-a"], b: state["seed-b"], share: Math.round(100 * state["from-a-to-b"]) }),
    address: false, // it would lead to this page without the file
  });
}

/** Return what a file holds: a function that draws, the size of z, the number of classes, facts. */
async function read(file, texts) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let found, facts;
  try {
    facts = properties(bytes);
    found = await session(bytes, () => {});
  } catch (error) {
    throw new Error(say(texts.own_broken, { file: file.name }), { cause: error });
  }
  const inputs = Object.fromEntries(found.inputMetadata.map((input) => [input.name, input]));
  const size = inputs.z?.shape?.[1];
  if (!Number.isInteger(size) || !found.outputNames.includes("images")) throw new Error(say(texts.own_other, { file: file.name }));
  if (inputs.text) throw new Error(say(texts.own_text, { file: file.name }));
  const classes = inputs.labels ? Number(facts.classes ?? 10) : 0;
  return { run: found.run, size, classes, facts: JSON.parse(facts.course_lib ?? "{}") };
}

export default {
  render({ model, el }) {
    const texts = model.get("texts");
    const words = make("div", { class: "live-words", "aria-live": "polite" });
    const place = make("div");
    const input = make("input", { type: "file", accept: ".onnx", id: "own-file" });
    const drop = make("div", { class: "live-drop" }, make("label", { for: "own-file" }, texts.own_choose), input);
    let newest;
    const open = async (file) => {
      newest = file;
      words.textContent = texts.loading;
      place.replaceChildren();
      try {
        const { run, size, classes, facts } = await read(file, texts);
        if (file !== newest) return; // another one was chosen meanwhile
        const inside = make("div", { class: "live" }, make("div", { class: "live-stored" }));
        const given = controls(size, classes, texts);
        const steps = given.filter(({ key }) => key.startsWith("z-")).length;
        const config = { alt: say(texts.own_alt, { file: file.name }), controls: given, facts: { model: file.name.replace(/\.onnx$/, ""), ...facts } };
        const values = { config, texts };
        of(run, size, steps).render({ model: { get: (name) => values[name], set() {}, save_changes() {} }, el: inside });
        place.replaceChildren(inside);
        words.textContent = say(texts.own_open, { file: file.name, size, model: facts.model ?? "?", credit: facts.credit ? `${facts.credit}.` : "" });
        await inside.live.change("");
      } catch (error) {
        if (file !== newest) return;
        place.replaceChildren();
        words.textContent = error.message;
        if (error.cause) words.append(make("details", {}, make("summary", {}, texts.own_why), make("code", {}, error.cause.message)));
      }
    };
    input.addEventListener("change", () => input.files.length && open(input.files[0]));
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
    });
    el.append(drop, words, place);
  },
};

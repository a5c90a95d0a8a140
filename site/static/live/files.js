// Files of an explorer: fetched at the first touch, with progress, and kept by the browser.

const RUNTIME = "../../vendor/ort/";
const WASM = "ort-wasm-simd-threaded.wasm";
const CACHE = "course-live";
const pending = new Map();

/** Return the bytes of a file of { name, size }; `note(name, loaded, size)` says how far it is. */
export function download(base, file, note) {
  const address = new URL(`${base}/${file.name}`, location.href).href;
  if (!pending.has(address)) {
    const promise = fetched(address, file, note);
    promise.catch(() => pending.delete(address)); // the next touch tries again
    pending.set(address, promise);
  }
  return pending.get(address);
}

async function fetched(address, file, note) {
  // Names hold a digest of the content, so what is kept is never out of date.
  const cache = globalThis.caches ? await caches.open(CACHE).catch(() => null) : null;
  note(file.name, 0, file.size);
  const kept = await cache?.match(address);
  const answer = kept ?? (await fetch(address));
  if (!answer.ok) throw new Error(`${file.name}: ${answer.status}`);
  const bytes = new Uint8Array(file.size);
  let at = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, at);
    at += value.length;
    note(file.name, at, file.size);
  }
  if (at !== file.size) throw new Error(`${file.name}: ${at} of ${file.size} bytes`);
  if (!kept) cache?.put(address, new Response(bytes)).catch(() => {});
  return bytes;
}

/** Return a table of numbers, written row by row. */
export async function floats(base, file, note) {
  return new Float32Array((await download(base, file, note)).buffer);
}

/** Return a sheet of images, one under the other, as numbers in [-1, 1]: a batch. */
export async function pixels(base, file, note) {
  const bytes = await download(base, file, note);
  const [n, channels, height, width] = file.shape;
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(width, n * height);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  const { data } = pen.getImageData(0, 0, width, n * height);
  const numbers = new Float32Array(n * channels * height * width);
  const size = height * width;
  for (let i = 0; i < n; i++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < size; p++) numbers[(i * channels + c) * size + p] = data[4 * (i * size + p) + c] / 127.5 - 1;
  return { data: numbers, n, channels, height, width };
}

let runtime;

/** Return ONNX's runtime for one thread, which plain hosting can serve. */
function ort(note) {
  runtime ??= (async () => {
    const base = new URL(RUNTIME, import.meta.url);
    const [module, binary] = await Promise.all([
      import(new URL("ort.wasm.min.mjs", base)),
      download(base.href.replace(/\/$/, ""), { name: WASM, size: Number(document.documentElement.dataset.wasm) }, note),
    ]);
    module.env.wasm.numThreads = 1;
    module.env.wasm.wasmBinary = binary.buffer;
    module.env.wasm.wasmPaths = { mjs: new URL("ort-wasm-simd-threaded.mjs", base).href };
    return module;
  })();
  runtime.catch(() => (runtime = undefined));
  return runtime;
}

const sessions = new Map();

function opened(base, file, note) {
  if (!sessions.has(file.name)) {
    const promise = Promise.all([download(base, file, note), ort(note)]).then(([bytes]) => session(bytes, note)); // side by side
    promise.catch(() => sessions.delete(file.name));
    sessions.set(file.name, promise);
  }
  return sessions.get(file.name);
}

/** Return a function from a batch of z (n rows, one after the other) to a batch of images. */
export async function network(base, file, note) {
  return (await opened(base, file, note)).run;
}

/** Return a function from inputs, { name: [numbers, shape] }, to the numbers of the only output. */
export async function graph(base, file, note) {
  return (await opened(base, file, note)).ask;
}

/** Return ONNX's session of a file's bytes, whose `run` takes z, n rows, and one label for all. */
export async function session(bytes, note) {
  const { InferenceSession, Tensor } = await ort(note);
  const graph = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  let last = Promise.resolve(); // a session computes one thing at a time
  const answer = (given) => {
    const next = last.then(() => graph.run(given));
    last = next.catch(() => {});
    return next;
  };
  const run = async (z, n = 1, label = undefined) => {
    const given = { z: new Tensor("float32", Float32Array.from(z), [n, z.length / n]) };
    if (label !== undefined) given.labels = new Tensor("int64", new BigInt64Array(n).fill(BigInt(label)), [n]);
    const { images } = await answer(given);
    const [, channels, height = 1, width = 1] = images.dims;
    return { data: images.data, n, channels, height, width };
  };
  const ask = async (inputs) => {
    const given = Object.entries(inputs).map(([name, [numbers, shape]]) => [name, new Tensor("float32", Float32Array.from(numbers), shape)]);
    return (await answer(Object.fromEntries(given)))[graph.outputNames[0]].data;
  };
  return { run, ask, inputMetadata: graph.inputMetadata, outputNames: graph.outputNames };
}

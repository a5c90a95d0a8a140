// StackGAN's text encoder in the page: words, word vectors, a GRU in both directions, a linear layer.

import { row } from "./numbers.js";

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** The words of a text in lower case, without signs; "t-shirt" is one word. */
export function split(text) {
  return text.toLowerCase().replaceAll("’", "'").match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** What the encoder reads of a text, and what it does not know. */
export function hear(text, vocabulary, longest) {
  const words = split(text).slice(0, longest);
  return { known: words.filter((word) => word in vocabulary), strange: [...new Set(words.filter((word) => !(word in vocabulary)))] };
}

function times(matrix, width, vector, bias) {
  return Float64Array.from({ length: bias.length }, (_, i) => {
    let sum = bias[i];
    for (let j = 0; j < width; j++) sum += matrix[i * width + j] * vector[j];
    return sum;
  });
}

/** A GRU over word vectors: its state after each of them (PyTorch's order of gates: r, z, n). */
function gru(weights, suffix, inputs, hidden) {
  const [wi, wh, bi, bh] = ["weight-ih-l0", "weight-hh-l0", "bias-ih-l0", "bias-hh-l0"].map((name) => weights[`gru-${name}${suffix}`]);
  let h = new Float64Array(hidden);
  return inputs.map((x) => {
    const [a, b] = [times(wi, x.length, x, bi), times(wh, hidden, h, bh)];
    h = h.map((before, i) => {
      const reset = sigmoid(a[i] + b[i]);
      const update = sigmoid(a[hidden + i] + b[hidden + i]);
      const fresh = Math.tanh(a[2 * hidden + i] + reset * b[2 * hidden + i]);
      return (1 - update) * fresh + update * before;
    });
    return h;
  });
}

/** The embedding of words, of length √dim; of no word, that of one word of padding. */
export function encode(words, vocabulary, weights, dim) {
  const hidden = weights["gru-weight-hh-l0"].length / 3 / weights["gru-weight-hh-l0-side"];
  const numbers = words.length ? words.map((word) => vocabulary[word]) : [0];
  const vectors = numbers.map((number) => row(weights["words-weight"], hidden, number));
  const there = gru(weights, "", vectors, hidden);
  const back = gru(weights, "-reverse", vectors.toReversed(), hidden);
  const largest = Float64Array.from({ length: 2 * hidden }, (_, i) => Math.max(...(i < hidden ? there : back).map((h) => h[i % hidden])));
  const out = times(weights["to-embedding-weight"], 2 * hidden, largest, weights["to-embedding-bias"]);
  const length = Math.sqrt(out.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(out, (value) => (Math.sqrt(dim) * value) / length);
}

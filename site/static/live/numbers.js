// Arithmetic on latent vectors, as course_lib/latent/ does it.

export function lerp(a, b, t) {
  return a.map((value, i) => value + t * (b[i] - value));
}

function cosine(a, b) {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

/** The way along the sphere; parallel vectors take the straight line. */
export function slerp(a, b, t) {
  const c = cosine(a, b);
  if (!(1 - c * c >= 1e-12)) return lerp(a, b, t);
  const omega = Math.acos(c);
  const [left, right] = [Math.sin((1 - t) * omega) / Math.sin(omega), Math.sin(t * omega) / Math.sin(omega)];
  return a.map((value, i) => left * value + right * b[i]);
}

/** Row n of a table whose rows have `width` numbers. */
export function row(table, width, n) {
  return table.subarray(n * width, (n + 1) * width);
}

/** z plus steps along directions. */
export function moved(z, directions, steps) {
  const out = Float32Array.from(z);
  steps.forEach((step, k) => {
    if (step) for (let i = 0; i < out.length; i++) out[i] += step * directions[k * out.length + i];
  });
  return out;
}

/** One vector after the other. */
export function joined(...parts) {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// The mathematics of the GAN game: `Game` of course_lib/explorers/game.py, number by number.

const [LOW, HIGH, POINTS] = [-14, 14, 1121];
const [MEANS, SCALES] = [[-4, 4], [0.4, 1.8]];
const UNITS = 23;
const DX = (HIGH - LOW) / (POINTS - 1);
const X = Float64Array.from({ length: POINTS }, (_, i) => LOW + i * DX);
const CENTRES = Float64Array.from({ length: UNITS }, (_, k) => -5.5 + (11 * k) / (UNITS - 1));
const FEATURES = Array.from(X, (x) => [1, ...Array.from(CENTRES, (c) => Math.tanh((x - c) / 0.6))]);
const SLOPES = FEATURES.map((row) => row.map((f, k) => (k ? (1 - f * f) / 0.6 : 0)));

export function gaussian(x, mean, std) {
  return x.map((value) => Math.exp(-(((value - mean) / std) ** 2) / 2) / (std * Math.sqrt(2 * Math.PI)));
}

/** The integral by the trapezoidal rule. */
function integral(f) {
  let sum = 0;
  for (let i = 1; i < POINTS; i++) sum += f(i) + f(i - 1);
  return (sum * DX) / 2;
}

const xlogy = (x, y) => (x === 0 ? 0 : x * Math.log(y));
const logSigmoid = (a) => Math.min(0, a) - Math.log1p(Math.exp(-Math.abs(a)));
const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const between = ([low, high], value) => Math.max(low, Math.min(high, value));

/** Solve a system of linear equations, by elimination with pivots. */
function solved(matrix, right) {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      if (factor) for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const found = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = rows[k][n];
    for (let j = k + 1; j < n; j++) sum -= rows[k][j] * found[j];
    found[k] = sum / rows[k][k];
  }
  return found;
}

export class Game {
  constructor(preset) {
    this.x = X;
    this.reset(preset);
  }

  reset({ means, stds, weights, mean, scale }) {
    this.p = new Float64Array(POINTS);
    means.forEach((m, k) => gaussian(X, m, stds[k]).forEach((value, i) => (this.p[i] += weights[k] * value)));
    [this.mean, this.scale] = [mean, scale];
    this.weights = new Float64Array(UNITS + 1);
  }

  logits(table = FEATURES) {
    return Float64Array.from(table, (row) => row.reduce((sum, f, k) => sum + f * this.weights[k], 0));
  }

  value() {
    const [a, q] = [this.logits(), gaussian(X, this.mean, this.scale)];
    return integral((i) => this.p[i] * logSigmoid(a[i]) + q[i] * logSigmoid(-a[i]));
  }

  gradients(of = "mean") {
    const [a, slope, q] = [this.logits(), this.logits(SLOPES), gaussian(X, this.mean, this.scale)];
    const push = (i) => q[i] * slope[i] * (of === "mean" ? 1 : (X[i] - this.mean) / this.scale);
    return {
      saturating: -integral((i) => push(i) * sigmoid(a[i])),
      "non-saturating": -integral((i) => push(i) * sigmoid(-a[i])),
    };
  }

  /** Half of a damped Newton step, less where V would fall. */
  dStep(rate = 0.5, damping = 0.01) {
    const [q, n] = [gaussian(X, this.mean, this.scale), UNITS + 1];
    const d = this.logits().map(sigmoid);
    const gradient = new Float64Array(n);
    const curvature = Array.from({ length: n }, (_, k) => Array.from({ length: n }, (_, j) => (j === k ? damping : 0)));
    for (let i = 0; i < POINTS; i++) {
      const row = FEATURES[i];
      const pull = (this.p[i] * (1 - d[i]) - q[i] * d[i]) * DX;
      const bend = (this.p[i] + q[i]) * d[i] * (1 - d[i]) * DX;
      for (let k = 0; k < n; k++) {
        gradient[k] += row[k] * pull;
        for (let j = 0; j < n; j++) curvature[k][j] += row[k] * row[j] * bend;
      }
    }
    let move = solved(curvature, gradient).map((step) => rate * step);
    const [start, before] = [this.weights, this.value()];
    for (let tries = 0; tries < 20; tries++) {
      this.weights = start.map((weight, k) => weight + move[k]);
      if (this.value() >= before) return;
      move = move.map((step) => step / 2);
    }
    this.weights = start;
  }

  /** Downhill on the chosen loss, by `longest` at most. */
  gStep(loss, rate = 0.6, longest = 0.3) {
    const [mean, scale] = ["mean", "scale"].map((of) => between([-longest, longest], -rate * this.gradients(of)[loss]));
    this.mean = between(MEANS, this.mean + mean);
    this.scale = between(SCALES, this.scale + scale);
  }

  numbers() {
    const { p } = this;
    const q = gaussian(X, this.mean, this.scale);
    const jsd = integral((i) => {
      const total = p[i] + q[i];
      return xlogy(p[i], p[i]) - xlogy(p[i], total) + xlogy(q[i], q[i]) - xlogy(q[i], total) + Math.log(2) * total;
    }) / 2;
    const running = (f) => {
      const sums = new Float64Array(POINTS);
      for (let i = 1; i < POINTS; i++) sums[i] = sums[i - 1] + ((f[i] + f[i - 1]) * DX) / 2;
      return sums;
    };
    const [fp, fq] = [running(p), running(q)];
    return {
      "V(D, G)": this.value(),
      "V(D*, G)": 2 * jsd - Math.log(4),
      JSD: jsd,
      TV: integral((i) => Math.abs(p[i] - q[i])) / 2,
      W1: integral((i) => Math.abs(fp[i] - fq[i])),
      ...this.gradients(),
    };
  }
}

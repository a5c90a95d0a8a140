// The GAN game on a line, played by hand: computed here, as course_lib/explorers/game.py does it.

import { control, fromAddress, make, minus, say, toAddress } from "./frame.js";
import { gaussian, Game } from "./game.js";

const MOVES = 40;
const PLOTS = {
  densities: { left: 40, top: 24, right: 420, bottom: 176, x: [-6, 6], y: [0, 1.05] },
  answers: { left: 40, top: 222, right: 420, bottom: 322, x: [-6, 6], y: [0, 1] },
  values: { left: 40, top: 370, right: 420, bottom: 440, x: [0, MOVES], y: [-2.5, 0] },
};
// Where numbers and names stand: beside the plots, or on a narrow page below them.
const BESIDE = {
  size: [600, 470], span: 152,
  legend: [[440, 40], [440, 60], [440, 238], [440, 258]],
  arrows: [440, 96],
  pushes: [[440, 114], [440, 130]],
  numbers: [[440, 280], [440, 296], [440, 312], [440, 376], [440, 394]],
};
const BELOW = {
  size: [480, 690], span: 190,
  legend: [[40, 488], [40, 512], [40, 536], [40, 560]],
  arrows: [40, 612],
  pushes: [[40, 638], [40, 662]],
  numbers: [[270, 488], [270, 512], [270, 536], [270, 560], [270, 584]],
};
const SPACE = "http://www.w3.org/2000/svg";

export function brief(number) {
  number += 0;
  if (number !== 0 && Math.abs(number) < 0.005) return minus(number.toExponential(1).replace(/e([+-])(\d)$/, "e$10$2"));
  return minus((Object.is(number, -0) ? 0 : number).toFixed(2));
}

function draw(name, attributes, text) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function at({ left, top, right, bottom, x: [x0, x1], y: [y0, y1] }, x, y) {
  return [left + ((x - x0) / (x1 - x0)) * (right - left), bottom - ((y - y0) / (y1 - y0)) * (bottom - top)];
}

const path = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

function axes(plot, xs, ys, title) {
  const parts = [draw("text", { x: plot.left, y: plot.top - 8, class: "title" }, title)];
  parts.push(draw("rect", { x: plot.left, y: plot.top, width: plot.right - plot.left, height: plot.bottom - plot.top, class: "frame" }));
  for (const x of xs) {
    const [left, y] = at(plot, x, plot.y[0]);
    parts.push(draw("text", { x: left, y: y + 14, class: "tick middle" }, String(x).replace("-", "−")));
  }
  for (const y of ys) {
    const [left, top] = at(plot, plot.x[0], y);
    parts.push(draw("text", { x: left - 5, y: top + 4, class: "tick end" }, String(y).replace("-", "−")));
  }
  return parts;
}

export default {
  render({ model, el }) {
    const [config, texts] = [model.get("config"), model.get("texts")];
    const stored = el.querySelector(".live-stored");
    const names = Object.keys(config.presets);
    const game = new Game(config.presets[names[0]]);
    let moves = [];
    const svg = draw("svg", { role: "img", "aria-label": config.alt });
    const narrow = matchMedia("(max-width: 34rem)");
    narrow.addEventListener("change", show);
    const words = make("p", { class: "live-words", "aria-live": "polite" }, texts.touch_game);
    const controls = new Map();
    const column = make("div", { class: "live-controls" });
    for (const spec of config.controls) {
      const found = control(spec, texts, (key) => change(key));
      controls.set(spec.key, found);
      column.append(found.row);
    }
    const [preset, mean, scale, loss] = ["densities", "move-q-mean", "stretch-q-scale", "g-s-loss"].map((key) => controls.get(key));

    function change(key) {
      if (key === "densities") return reset();
      if (key === "move-q-mean") game.mean = mean.get();
      if (key === "stretch-q-scale") game.scale = scale.get();
      answer();
    }

    function play(players) {
      for (const player of players) {
        if (player === "D") game.dStep();
        else game.gStep(config.losses[loss.get()]);
        moves.push([player, game.value()]);
      }
      moves = moves.slice(-MOVES);
      mean.set(game.mean);
      scale.set(game.scale);
      answer();
    }

    function reset() {
      game.reset(config.presets[names[preset.get()]]);
      moves = [];
      mean.set(game.mean);
      scale.set(game.scale);
      answer();
    }

    function answer() {
      show();
      history.replaceState(null, "", toAddress(el.id, state(), []));
    }

    function show() {
      const places = narrow.matches ? BELOW : BESIDE;
      svg.setAttribute("viewBox", `0 0 ${places.size.join(" ")}`);
      svg.setAttribute("class", narrow.matches ? "live-game below" : "live-game");
      const numbers = game.numbers();
      const { densities, answers, values } = PLOTS;
      const lineOf = ([x, y], name, number, kind = "") => [draw("text", { x, y, class: kind }, name), draw("text", { x: x + places.span, y, class: `end ${kind}` }, number)];
      const seen = Array.from(game.x, (x, i) => [x, i]).filter(([x]) => x >= -6 && x <= 6);
      const line = (plot, ys, name) => draw("polyline", { points: path(seen.map(([x, i]) => at(plot, x, Math.min(plot.y[1], ys[i])))), class: name });
      const q = gaussian(game.x, game.mean, game.scale);
      const logits = game.logits();
      const d = logits.map((a) => 1 / (1 + Math.exp(-a)));
      const best = game.p.map((p, i) => (p + q[i] > 0 ? p / (p + q[i]) : 0.5));
      const ticks = [-6, -4, -2, 0, 2, 4, 6];
      const parts = [
        ...axes(densities, ticks, [0, 0.5, 1], texts.game_densities),
        ...axes(answers, ticks, [0, 0.5, 1], texts.game_answers),
        ...axes(values, [], [-2, -1, 0], texts.game_values),
        draw("polygon", { points: path([...seen.map(([x, i]) => at(densities, x, game.p[i])), at(densities, 6, 0), at(densities, -6, 0)]), class: "p-area" }),
        line(densities, game.p, "p"),
        line(densities, q, "q"),
        line(answers, d, "d"),
        line(answers, best, "best"),
      ];
      [["p (data)", "p"], ["q (generator)", "q"], [texts.game_best, "best"], [texts.game_now, "d"]].forEach(([words, name], n) => {
        const [x, y] = places.legend[n];
        parts.push(draw("line", { x1: x, x2: x + 32, y1: y - 4, y2: y - 4, class: name }), draw("text", { x: x + 40, y }, words));
      });
      config.losses.forEach((name, n) => {
        const [x, y] = at(densities, game.mean, 0.92 - 0.11 * n);
        const push = Math.max(-100, Math.min(100, -40 * numbers[name]));
        const kind = n === loss.get() ? "chosen" : "other";
        parts.push(draw("circle", { cx: x, cy: y, r: 4, class: kind }));
        if (Math.abs(push) >= 1) {
          const tip = x + push;
          const back = tip - 6 * Math.sign(push);
          parts.push(draw("line", { x1: x, x2: tip, y1: y, y2: y, class: `arrow ${kind}` }));
          parts.push(draw("polygon", { points: path([[tip, y], [back, y - 4], [back, y + 4]]), class: kind }));
        } else parts.push(draw("text", { x: x + 8, y: y + 4, class: "tick" }, push === 0 ? texts.no_push : "≈ 0"));
        parts.push(...lineOf(places.pushes[n], name, brief(-numbers[name]), kind));
      });
      parts.push(draw("text", { x: places.arrows[0], y: places.arrows[1], class: "tick" }, texts.game_arrows));
      ["JSD", "TV", "W1", "V(D, G)", "V(D*, G)"].forEach((name, n) => parts.push(...lineOf(places.numbers[n], name, brief(numbers[name]))));
      const [x0, floor] = at(values, 0, -Math.log(4));
      parts.push(draw("line", { x1: x0, x2: values.right, y1: floor, y2: floor, class: "floor" }), draw("text", { x: 424, y: floor + 4, class: "tick" }, "−log 4"));
      const points = moves.map(([, v], n) => at(values, n + 0.5, Math.max(-2.5, v)));
      parts.push(draw("polyline", { points: path(points), class: "way" }));
      points.forEach(([x, y], n) => parts.push(draw("circle", { cx: x, cy: y, r: 3, class: moves[n][0] === "D" ? "of-d" : "of-g" })));
      if (!moves.length) parts.push(draw("text", { x: 230, y: 422, class: "tick middle" }, texts.no_move));
      svg.replaceChildren(...parts);
      const said = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name.replace(/\W/g, ""), brief(value)]));
      words.textContent = say(texts.gan_game, {
        mean: game.mean.toFixed(2), scale: game.scale.toFixed(2), v: brief(numbers["V(D, G)"]), best: brief(numbers["V(D*, G)"]),
        jsd: said.JSD, tv: said.TV, w1: said.W1, saturating: said.saturating, non: brief(numbers["non-saturating"]),
      });
    }

    /** The whole state: what the sliders hold, and what D has learnt. */
    const state = () => ({ densities: preset.get(), loss: loss.get(), mean: game.mean, scale: game.scale, d: [...game.weights].map((w) => Number(w.toPrecision(8))).join(" ") });
    const button = (text, act) => make("button", { type: "button", onclick: act }, text);
    column.append(make("div", { class: "live-tools" }, button(texts.d_step, () => play("D")), button(texts.g_step, () => play("G")), button(texts.ten, () => play("DG".repeat(10))), button(texts.reset, reset)));
    stored.remove(); // no model is loaded: the game is here at once
    el.append(make("div", { class: "live-wide" }, svg, column), words);
    el.live = { state, numbers: () => game.numbers() };
    const given = fromAddress(location.hash);
    show();
    words.textContent = texts.touch_game;
    if (given.id === el.id) {
      preset.set(given.state.densities);
      loss.set(given.state.loss);
      reset();
      [game.mean, game.scale] = [Number(given.state.mean), Number(given.state.scale)];
      game.weights = Float64Array.from(given.state.d.split(" "), Number);
      mean.set(game.mean);
      scale.set(game.scale);
      show();
      el.scrollIntoView();
    }
  },
};

// The reader is the discriminator: twelve garments, six of them drawn. No model is needed: the build
// stores the rounds as the lesson deals them.

import { make, paint, pick, say } from "./frame.js";
import { pixels } from "./files.js";

const COUNT = 12;

export default {
  render({ model, el }) {
    const [config, texts] = [model.get("config"), model.get("texts")];
    const stored = el.querySelector(".live-stored");
    const grid = make("div", { class: "live-guess", role: "group", "aria-label": config.alt });
    const words = make("p", { class: "live-words", "aria-live": "polite" }, texts.guess_start);
    const right = [];
    let [round, sheet, shown] = [0, null, false];

    const ticks = Array.from({ length: COUNT }, (_, n) => make("input", { type: "checkbox", id: `${el.id}-tick-${n}` }));
    const cells = ticks.map((tick, n) => {
      const canvas = make("canvas", { "aria-hidden": "true", width: 28, height: 28 });
      return make("div", {}, canvas, make("label", { for: tick.id }, tick, make("span")), make("small"));
    });
    grid.append(...cells);

    /** Ask of each picture whether it is drawn; after the answers, say what the reader said. */
    function label() {
      cells.forEach((cell, n) => {
        const words = !shown ? texts.drawn : ticks[n].checked ? texts.said_drawn : texts.said_real;
        cell.querySelector("span").textContent = ` ${say(words, { number: n + 1 })}`;
      });
    }
    label();

    async function show() {
      const note = () => {};
      sheet ??= await pixels(model.get("base"), config.images, note);
      stored.hidden = true;
      grid.hidden = false;
      cells.forEach((cell, n) => paint(cell.firstChild, pick(sheet, COUNT * round + n)));
    }

    function answer() {
      if (shown) return;
      shown = true;
      const drawn = config.drawn[round];
      const good = ticks.filter((tick, n) => tick.checked === drawn[n]).length;
      right.push(good);
      cells.forEach((cell, n) => {
        const hit = ticks[n].checked === drawn[n];
        cell.className = drawn[n] ? "is-drawn" : "is-real";
        cell.lastChild.textContent = `${drawn[n] ? texts.is_drawn : texts.is_real}: ${hit ? texts.right : texts.wrong}`;
        ticks[n].disabled = true;
      });
      label();
      const all = right.length > 1 ? say(texts.rounds, { rounds: right.length, right: right.reduce((a, b) => a + b), of: COUNT * right.length }) : "";
      words.textContent = say(texts.score, { right: good }) + all;
      reveal.disabled = true;
    }

    async function next() {
      round = (round + 1) % config.drawn.length;
      shown = false;
      cells.forEach((cell, n) => {
        cell.className = "";
        cell.lastChild.textContent = "";
        ticks[n].checked = ticks[n].disabled = false;
      });
      label();
      reveal.disabled = false;
      words.textContent = texts.guess_start;
      await show();
    }

    const reveal = make("button", { type: "button", onclick: () => show().then(answer) }, texts.answers);
    const another = make("button", { type: "button", onclick: next }, texts.next_twelve);
    el.append(grid, words, make("div", { class: "live-tools" }, reveal, another));
    for (const tick of ticks) tick.addEventListener("change", show);
    el.live = { state: () => ({ round, right: [...right] }) };
    return show();
  },
};

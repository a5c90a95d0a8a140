// What all explorers share in the page: controls, the picture, the die, pins, the address, the file.
//
// An explorer is a module in anywidget's form, `export default { render({ model, el }) }`. `explorer`
// makes one of these functions (those with a star may be left out):
//
//   prepare(tools)                     load networks and tables; what it returns is `self` below
//   inputs(state, self)                what goes into the network, as { z: Float32Array, … }
//   image(inputs, self, state)         the large picture: { data, channels, height, width }
//   panels(state, inputs, self, image) * further pictures: [{ title, images, captions, marked }]
//   sentence(state, self, image)       what the picture shows, in words
//   changed(key, state, self)          * what else changes with a control
//   mix(a, b, t, self)                 * inputs between two pins; spherical in z by default
//   between                            * true: panels follow the inputs, so they stay between two pins
//   pressed(x, y, config)              * the state of a place on the stored picture, x and y in [0, 1]
//   ends                               * false: no small pictures at the ends of sliders; or a
//                                        function of key and state: whether this one gets them
//   die                                * keys of the controls that are set at random; by default
//                                        those whose keys begin with seed, image or draw
//   address                            * false: the address does not hold the state
//
// `model` holds config (what the build wrote, site/live.py), base (the folder of the files) and texts.

import { download, floats, graph, network, pixels } from "./files.js";
import { slerp } from "./numbers.js";
import { save } from "./png.js";

const PINS = 6;
const IDLE = 150; // ms without a change, before small pictures at the sliders' ends are drawn

/** Return numbers in a text with a minus sign where a keyboard has a hyphen. */
export function minus(text) {
  return String(text).replace(/(?<![\p{L}\p{N}])-(?=\d)/gu, "−");
}

/** Return a text with its {places} filled in. */
export function say(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (_, name) => minus(values[name] ?? ""));
}

/** Make an element. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Put an image into a canvas of its own size: 1 or 3 channels, from [-1, 1]. */
export function paint(canvas, image) {
  const { data, channels, height, width } = image;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  const picture = pen.createImageData(width, height);
  const size = height * width;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      const value = data[channels === 3 ? c * size + i : i];
      picture.data[4 * i + c] = Math.round((value + 1) * 127.5); // a clamped array
    }
    picture.data[4 * i + 3] = 255;
  }
  pen.putImageData(picture, 0, 0);
}

/** Return image number n of a batch. */
export function pick(batch, n) {
  const size = batch.channels * batch.height * batch.width;
  return { ...batch, data: batch.data.subarray(n * size, (n + 1) * size) };
}

let serial = 0;

/** Return a control's row, and functions that read and set it. */
export function control(spec, words, onchange) {
  const id = `control-${++serial}`;
  const label = make("label", { for: id }, spec.label);
  if (spec.kind === "range") {
    const decimals = spec.options ? 0 : (String(spec.step).split(".")[1] ?? "").length;
    const shown = (value) => (spec.options ? spec.options[value] : minus(Number(value).toFixed(decimals)));
    const input = make("input", { id, type: "range", min: spec.min, max: spec.max, step: spec.step });
    input.value = spec.value;
    const output = make("output", { for: id });
    const ends = [make("canvas", { "aria-hidden": "true" }), make("canvas", { "aria-hidden": "true" })];
    for (const end of ends) end.hidden = true;
    const show = () => {
      output.textContent = shown(input.value);
      input.setAttribute("aria-valuetext", shown(input.value));
    };
    show();
    input.addEventListener("input", () => {
      show();
      onchange(spec.key);
    });
    const row = make("div", { class: "live-row" }, label, make("div", { class: "live-slider" }, ends[0], input, ends[1], output));
    return {
      spec, row, ends, element: input,
      get: () => Number(input.value),
      set: (value) => {
        input.value = value;
        show();
      },
      rename: (text) => label.replaceChildren(text),
      limits: (low, high) => Object.assign(input, { min: low, max: high }),
    };
  }
  if (spec.kind === "choice") {
    const input = make("select", { id }, ...spec.options.map((text, number) => make("option", { value: number }, text)));
    input.value = spec.value;
    input.addEventListener("change", () => onchange(spec.key));
    return { spec, row: make("div", { class: "live-row" }, label, input), element: input, get: () => Number(input.value), set: (value) => (input.value = value) };
  }
  const input = make("textarea", { id, rows: 3, autocomplete: "off", maxlength: 300 }, spec.value);
  input.addEventListener("change", () => onchange(spec.key));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // a sentence has one line, which may wrap
    onchange(spec.key);
  });
  return { spec, row: make("div", { class: "live-row live-line" }, label, input), element: input, get: () => input.value, set: (value) => (input.value = value) };
}

/** Write a state into an address, and read one from it. */
export function toAddress(id, state, pins) {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) given.set(key, value);
  for (const pin of pins) given.append("pin", new URLSearchParams(pin).toString());
  return `#${id}&${given}`;
}

export function fromAddress(hash) {
  const [id, ...rest] = hash.replace(/^#/, "").split("&");
  const given = new URLSearchParams(rest.join("&"));
  const read = (entries) => {
    const state = {};
    for (const [key, value] of entries) if (key !== "pin") state[key] = value;
    return state;
  };
  return { id, state: read(given), pins: given.getAll("pin").map((pin) => read(new URLSearchParams(pin))) };
}

/** Make an explorer of its parts. */
export function explorer(parts) {
  return { render: ({ model, el }) => new Live(parts, model, el).start() };
}

class Live {
  constructor(parts, model, el) {
    Object.assign(this, { parts, model, el });
    this.config = model.get("config");
    this.texts = model.get("texts");
    this.pins = [];
    this.self = null;
    this.asked = 0; // the number of the last change
    this.since = 0; // when the first change happened that is not drawn yet
    this.times = []; // from a change to its picture, in milliseconds, for whoever measures
    el.live = this;
  }

  start() {
    const { el, texts, config } = this;
    this.stored = el.querySelector(".live-stored");
    this.canvas = make("canvas", { class: "live-main", role: "img", "aria-label": config.alt });
    this.figure = make("div", { class: "live-figure" }, this.canvas);
    this.figure.hidden = true;
    this.more = make("div", { class: "live-panels" });
    this.words = make("p", { class: "live-words", "aria-live": "polite" }, texts.touch);
    this.progress = make("progress", { max: 1, value: 0, "aria-label": texts.loading });
    this.progress.hidden = true;
    this.controls = new Map();
    const column = make("div", { class: "live-controls" });
    for (const spec of config.controls) {
      const found = control(spec, texts, (key) => this.change(key));
      this.controls.set(spec.key, found);
      column.append(found.row);
    }
    this.column = column;
    const button = (text, act) => make("button", { type: "button", onclick: act }, text);
    this.tools = make("div", { class: "live-tools" });
    this.die = button("", () => this.roll());
    this.tools.append(
      this.die,
      button(texts.pin, () => this.pin()),
      button(texts.png, () => this.png()),
    );
    if (this.parts.address !== false) this.tools.append(button(texts.address, (event) => this.copy(event.target)));
    this.pinned = make("div", { class: "live-pins" });
    this.way = control({ kind: "range", key: "way", label: texts.way, min: 0, max: 1, step: 0.01, value: 0 }, texts, () => this.change("way"));
    this.way.row.hidden = true;
    const view = make("div", { class: "live-view" }, this.stored, this.figure);
    el.append(make("div", { class: "live-body" }, view, column), this.progress, this.words, this.more, this.tools, this.pinned, this.way.row);
    this.stored.addEventListener("click", (event) => this.press(event));
    this.nameDie();
    const given = fromAddress(location.hash);
    if (given.id === el.id) this.restore(given);
    return () => el.replaceChildren();
  }

  async restore(given) {
    this.set(given.state);
    this.asking = given.state;
    this.el.scrollIntoView({ block: "start" });
    this.change("");
    await this.ready;
    for (const pin of given.pins) await this.pin(this.typed(pin));
    if (given.state.way) {
      this.way.set(given.state.way);
      this.change("way");
    }
  }

  /** Return values as numbers where their control is no line of text. */
  typed(state) {
    return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, this.controls.get(key)?.spec.kind === "text" ? value : Number(value)]));
  }

  state() {
    const state = {};
    for (const [key, found] of this.controls) if (!found.row.hidden) state[key] = found.get();
    return state;
  }

  set(state) {
    for (const [key, value] of Object.entries(state)) this.controls.get(key)?.set(value);
  }

  /** Load once what the explorer needs, and say how far that is. */
  load() {
    this.ready ??= (async () => {
      this.progress.hidden = false;
      this.words.textContent = this.texts.loading;
      const base = this.model.get("base");
      const seen = new Map();
      const note = (name, loaded, size) => {
        seen.set(name, [loaded, size]);
        const sum = (n) => [...seen.values()].reduce((total, pair) => total + pair[n], 0);
        this.progress.value = sum(0) / sum(1);
      };
      const tools = {
        config: this.config,
        texts: this.texts,
        live: this,
        bytes: (file) => download(base, file, note),
        floats: (file) => floats(base, file, note),
        network: (file) => network(base, file, note),
        graph: (file) => graph(base, file, note),
        pixels: (file) => pixels(base, file, note),
      };
      try {
        this.self = await this.parts.prepare(tools);
      } catch (error) {
        this.words.textContent = say(this.texts.broken, { why: error.message });
        this.ready = undefined;
        throw error;
      } finally {
        this.progress.hidden = true;
      }
      const touched = this.asking ?? this.state();
      this.parts.changed?.("", this.state(), this.self, this);
      this.set(touched); // what was moved first stays as it was moved
      this.figure.hidden = false;
      this.stored.hidden = true;
    })();
    return this.ready;
  }

  /** Answer the change of a control: the newest state is drawn, states between are left out. */
  async change(key) {
    this.asked++;
    this.since ||= performance.now();
    if (key !== "way") this.way.set(0);
    clearTimeout(this.idle);
    try {
      await this.load();
    } catch {
      return;
    }
    if (key && key !== "way") this.parts.changed?.(key, this.state(), this.self, this);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let drawn = 0; drawn !== this.asked; ) {
        drawn = this.asked;
        await this.draw(drawn);
      }
    } finally {
      this.busy = false;
    }
    this.idle = setTimeout(() => this.rest(this.asked), IDLE);
  }

  inputs(state) {
    const share = this.way.get();
    if (!share || this.pins.length < 2) return this.parts.inputs(state, this.self, this);
    const [a, b] = this.pins.slice(-2).map((pin) => pin.inputs);
    return this.parts.mix ? this.parts.mix(a, b, share, this.self) : { ...(share < 0.5 ? a : b), z: slerp(a.z, b.z, share) };
  }

  async draw(turn) {
    const state = this.state();
    const inputs = this.inputs(state);
    const image = await this.parts.image(inputs, this.self, state);
    paint(this.canvas, image);
    if (turn === this.asked || this.since) {
      this.times.push(performance.now() - this.since);
      this.since = turn === this.asked ? 0 : performance.now();
    }
    this.image = image;
    const share = this.way.get();
    const away = share && !this.parts.between; // panels would show what the sliders hold
    this.more.classList.toggle("away", Boolean(away));
    if (this.parts.panels && !away && turn === this.asked) {
      const panels = await this.parts.panels(state, inputs, this.self, image, this);
      if (turn === this.asked) this.show(panels);
    }
    if (turn !== this.asked) return;
    const words = await this.parts.sentence(state, this.self, image, this);
    const last = this.pins.length;
    this.words.textContent = share ? say(this.texts.on_the_way, { share: Math.round(100 * share), a: last - 1, b: last }) : words;
    this.nameDie();
    this.el.dataset.turn = turn; // what is shown: for tests
  }

  /** Show panels, in the canvases of the last ones where these are as many. */
  show(panels) {
    panels.forEach((panel, place) => {
      let row = this.more.children[place];
      if (!row || row.querySelectorAll("canvas").length !== panel.images.length) {
        const fresh = make("figure", { class: `live-panel ${panel.kind ?? ""}` }, make("figcaption"), make("div", { class: "live-strip" }));
        for (let n = 0; n < panel.images.length; n++)
          fresh.lastChild.append(make("div", {}, make("canvas", { "aria-hidden": "true" }), make("small")));
        row ? row.replaceWith(fresh) : this.more.append(fresh);
        row = fresh;
      }
      row.firstChild.textContent = panel.title;
      panel.images.forEach((image, n) => {
        const cell = row.lastChild.children[n];
        paint(cell.firstChild, image);
        cell.lastChild.textContent = panel.captions?.[n] ?? "";
        cell.classList.toggle("marked", n === panel.marked);
      });
    });
    while (this.more.children.length > panels.length) this.more.lastChild.remove();
  }

  /** Once nothing moves: write the address, and the small pictures at the sliders' ends. */
  async rest(turn) {
    const state = this.state();
    if (this.parts.address !== false) this.toAddress();
    this.model.set("state", state);
    this.model.save_changes();
    if (this.parts.ends === false) return;
    for (const found of this.controls.values()) {
      const { key, kind } = found.spec;
      if (kind !== "range" || found.row.hidden) continue;
      const images = [];
      const wanted = this.parts.ends?.(key, state) ?? true;
      for (const end of wanted ? [found.element.min, found.element.max] : []) {
        if (turn !== this.asked || this.busy) return;
        const there = { ...state, [key]: Number(end) };
        this.parts.trying?.(there, state, key, this.self);
        const image = await this.parts.image(this.parts.inputs(there, this.self, this), this.self, there);
        if (turn !== this.asked) return;
        images.push({ ...image, data: image.data.slice() });
        await new Promise((resolve) => setTimeout(resolve)); // the page stays quick
      }
      // Two equal pictures would say that the slider does nothing; it may change the panels.
      const differ = wanted && images[0].data.some((value, i) => Math.abs(value - images[1].data[i]) > 1 / 255);
      found.ends.forEach((end, n) => {
        end.hidden = !differ;
        if (differ) paint(end, images[n]);
      });
    }
    this.el.dataset.ends = turn;
  }

  /** Return the controls that the die sets. */
  dice() {
    const keys = this.parts.die ?? [...this.controls.keys()].filter((key) => /^(seed|image|draw)/.test(key));
    return keys.map((key) => this.controls.get(key)).filter((found) => found && !found.row.hidden);
  }

  /** Let the die say what it sets; a menu may have hidden a control. */
  nameDie() {
    const names = this.dice().map((found) => found.spec.label);
    this.die.hidden = !names.length;
    this.die.textContent = `⚄ ${say(this.texts.die, { what: names.join(", ") })}`;
  }

  /** Load at a click on the stored picture too, and go to the place that it names. */
  press(event) {
    const box = event.target.closest("img")?.getBoundingClientRect();
    if (!box) return;
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.set(this.parts.pressed?.(x, y, this.config) ?? {});
    this.change("");
  }

  async roll() {
    try {
      await this.load();
    } catch {
      return; // the line of text says why
    }
    for (const found of this.dice()) {
      const { min, max, step } = found.element;
      const steps = Math.floor((max - min) / step);
      found.set(Number(min) + Number(step) * Math.floor(Math.random() * (steps + 1)));
      this.parts.changed?.(found.spec.key, this.state(), this.self, this);
    }
    this.change("");
  }

  async pin(given) {
    await this.load();
    const state = given ?? this.state();
    const inputs = given ? this.parts.inputs(state, this.self, this) : this.inputs(state);
    const image = await this.parts.image(inputs, this.self, state);
    this.pins.push({ state, inputs, image });
    if (this.pins.length > PINS) this.pins.shift();
    this.showPins();
    if (!this.image) this.change("");
    else this.idle = setTimeout(() => this.rest(this.asked), IDLE);
  }

  showPins() {
    this.pinned.replaceChildren(
      ...this.pins.map((pin, n) => {
        const canvas = make("canvas", { "aria-hidden": "true" });
        paint(canvas, pin.image);
        const back = make("button", { type: "button", class: "live-pin", "aria-label": say(this.texts.back, { number: n + 1 }), onclick: () => {
          this.set(pin.state);
          this.parts.changed?.("pin", pin.state, this.self, this);
          this.set(pin.state);
          this.change("");
        } }, canvas);
        const away = make("button", { type: "button", class: "live-away", "aria-label": say(this.texts.unpin, { number: n + 1 }), onclick: () => {
          this.pins.splice(n, 1);
          this.showPins();
          this.change("");
        } }, "×");
        return make("div", {}, back, away);
      }),
    );
    this.way.row.hidden = this.pins.length < 2;
  }

  async png() {
    await this.load();
    if (!this.image) await this.change("");
    const facts = { ...this.config.facts, ...(this.parts.facts?.(this.state(), this.self) ?? {}), state: this.state() };
    if (this.way.get()) facts.way = { share: this.way.get(), pins: this.pins.slice(-2).map((pin) => pin.state) };
    await save(this.image, facts, `${facts.model ?? "picture"}.png`);
  }

  /** Let the address hold the sliders, the pins, and the place between the last two pins. */
  toAddress() {
    const way = this.way.get() ? { way: this.way.get() } : {};
    history.replaceState(null, "", toAddress(this.el.id, { ...this.state(), ...way }, this.pins.map((pin) => pin.state)));
  }

  async copy(button) {
    this.toAddress();
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = this.texts.copied;
    } catch {
      button.textContent = this.texts.in_bar; // no permission: it stands in the browser's bar
    }
    setTimeout(() => (button.textContent = before), 2000);
  }
}

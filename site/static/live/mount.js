// Finds the explorers of a page and lets each one live, in the place of its stored picture.

/** The front end's part of anywidget's model: values by name, and who wants to know of changes. */
class Model {
  constructor(values) {
    this.values = values;
    this.listeners = new Map();
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
    for (const act of this.listeners.get(`change:${name}`) ?? []) act();
  }

  on(event, act) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), act]);
  }

  off(event, act) {
    this.listeners.set(event, (this.listeners.get(event) ?? []).filter((other) => other !== act));
  }

  save_changes() {} // there is no kernel
}

export async function start() {
  const texts = JSON.parse(document.getElementById("live-texts").textContent);
  const places = [...document.querySelectorAll("[data-live]")];
  places.forEach((el, number) => (el.id = `explorer-${number + 1}`));
  for (const el of places) {
    const config = JSON.parse(el.querySelector("script").textContent);
    const { default: widget } = await import(`./${el.dataset.live}.js`);
    const model = new Model({ config, texts, base: el.dataset.base });
    await widget.render({ model, el });
  }
  for (const place of document.querySelectorAll("[data-still]")) place.textContent = texts.still;
}

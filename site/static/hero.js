// The first page's picture: sheets of frames, drawn under a slider that also plays.

const MILLISECONDS = 110;

function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = address;
  });
}

export async function start(hero) {
  const [canvas, slider, button] = ["canvas", "input", "button"].map((tag) => hero.querySelector(tag));
  const folder = canvas.dataset.sheets;
  const facts = await (await fetch(`${folder}/hero.json`)).json();
  const names = Object.keys(facts.sizes);
  const sheets = await Promise.all(names.map((name) => loaded(`${folder}/hero-${name}.webp`)));
  const pen = canvas.getContext("2d");
  const tile = canvas.width / facts.rows;
  const draw = () => {
    const frame = Number(slider.value);
    names.forEach((name, line) => {
      const size = facts.sizes[name];
      pen.imageSmoothingEnabled = false;
      for (let row = 0; row < facts.rows; row++)
        pen.drawImage(sheets[line], frame * size, row * size, size, size, row * tile, line * tile, tile, tile);
    });
  };
  slider.max = facts.frames - 1;
  let timer = 0;
  const play = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(() => {
      slider.value = (Number(slider.value) + 1) % facts.frames;
      draw();
    }, MILLISECONDS) : 0;
    button.textContent = on ? button.dataset.pause : button.dataset.play;
  };
  slider.addEventListener("input", () => {
    play(false);
    draw();
  });
  button.addEventListener("click", () => play(!timer));
  draw();
  play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}

// What every page does: the button for light and dark, the outline, the hero, the search, explorers.

const root = document.documentElement.dataset.root;

document.querySelector("button.theme").addEventListener("click", () => {
  const html = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = html.dataset.theme ?? (dark ? "dark" : "light");
  html.dataset.theme = now === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", html.dataset.theme);
  } catch {
    // the choice lasts as long as the page
  }
});

// The outline is open where there is room beside the text.
const outline = document.querySelector("nav.outline details");
if (outline) outline.open = matchMedia("(min-width: 75rem)").matches;

// A quiz or a fold that a link leads into opens.
function unfold() {
  let target = null;
  try {
    target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return; // no address of a heading
  }
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details"))
    fold.open = true;
}
addEventListener("hashchange", unfold);
unfold();

// On paper every answer shows.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const fold of closed) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of closed) fold.open = false;
});

if (document.querySelector(".hero")) (await import("./hero.js")).start(document.querySelector(".hero"));
if (document.querySelector("form.search")) (await import("./search.js")).start(root);
if (document.querySelector("[data-live], [data-still]")) (await import("./live/mount.js")).start();

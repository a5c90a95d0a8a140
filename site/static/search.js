// The search page: Pagefind's index, asked while the reader types.

const split = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Whether a page has each word, with another ending too; to Pagefind one first letter is enough. */
function holds(page, words) {
  const content = new Set(split(`${page.meta.title} ${page.content}`));
  return words.every((word) => {
    const start = word.slice(0, Math.max(3, Math.ceil(0.7 * word.length)));
    return [...content].some((other) => other.startsWith(start));
  });
}

export async function start(root) {
  const field = document.getElementById("query");
  const count = document.getElementById("search-count");
  const list = document.getElementById("search-results");
  let engine = null;
  try {
    engine = await import(new URL(`${root}/pagefind/pagefind.js`, location.href));
    await engine.init();
  } catch {
    count.textContent = field.dataset.broken;
    return;
  }
  let asked = 0;
  async function search() {
    const turn = ++asked;
    const words = field.value.trim();
    if (!words) {
      list.replaceChildren();
      count.textContent = "";
      return;
    }
    const { results } = await engine.search(words);
    const wanted = split(words);
    const found = (await Promise.all(results.map((result) => result.data()))).filter((page) => holds(page, wanted));
    if (turn !== asked) return; // another word has been typed
    count.textContent = found.length ? `${found.length} ${field.dataset.found}` : field.dataset.none;
    list.replaceChildren(
      ...found.slice(0, 20).flatMap((page) => {
        const places = page.sub_results.slice(0, 3);
        return places.map((place) => {
          const item = document.createElement("li");
          const link = document.createElement("a");
          link.href = place.url;
          link.textContent = place.title === page.meta.title ? page.meta.title : `${page.meta.title}: ${place.title}`;
          const words = document.createElement("p");
          words.innerHTML = place.excerpt; // Pagefind escapes the text and adds <mark>
          item.append(link, words);
          return item;
        });
      }),
    );
  }
  field.addEventListener("input", search);
  field.form.addEventListener("submit", (event) => event.preventDefault());
  const given = new URLSearchParams(location.search).get("q");
  if (given) field.value = given;
  await search();
}

"""Write the website: `make site`, or

    python site/build.py                         # everything, into _site/
    python site/build.py --only 04b_reading      # pages whose name holds this, to look at quickly

It asks no server. What it takes from npm is in site/node_modules: `npm ci --prefix site`.
"""

import argparse
import html
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import contents
import hero
import jinja2
import live
import rendering
from contents import ROOT, Page
from markupsafe import Markup
from rendering import SITE, Article

FIRST = "en"  # the language at the root of the site; others stand in a folder of their name
MODULES = SITE / "node_modules"
WASM = MODULES / "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"
LIVES = re.compile("data-(live|still)")
VENDOR = {
    "katex/dist/katex.min.css": "katex/katex.min.css",
    "onnxruntime-web/dist/ort.wasm.min.mjs": "ort/ort.wasm.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs": "ort/ort-wasm-simd-threaded.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": "ort/ort-wasm-simd-threaded.wasm",
}


def languages(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the frame's texts by language; what a language lacks is in the first one's words."""
    found = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in folder.glob("*.toml")}
    first = found[FIRST]
    for texts in found.values():
        for key, value in first.items():
            if isinstance(value, dict):
                texts[key] = {**value, **texts.get(key, {})}
            else:
                texts.setdefault(key, value)
    return dict(sorted(found.items(), key=lambda pair: pair[0] != FIRST))


def way(page: str, to: str) -> str:
    """Return the relative address of a file of the site, seen from a page."""
    return os.path.relpath(to, PurePosixPath(page).parent or ".").replace(os.sep, "/")


class Site:
    """The pages of the site, and what they share."""

    def __init__(self, out: Path, texts: dict[str, dict[str, Any]], only: str = ""):
        self.out, self.texts, self.only = out, texts, only
        self.formulas = rendering.Formulas()
        self.exporter = rendering.Exporter(self.formulas)
        self.pictures = rendering.Pictures(out / "pictures")
        self.lessons, self.exercises = contents.lessons(), contents.exercises()
        self.pages = [*self.lessons, *self.exercises, *contents.documents()]
        self.by_source = {page.source: page for page in self.pages}
        self.jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(SITE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self.articles: dict[str, Article] = {}
        self.terms: dict[str, str] = {}  # by `normal` words of a term, the id of its row
        self.built: dict[str, list[tuple[str, str]]] = {}  # by lesson, (id, term)
        self.covers: dict[str, str] = {}  # by lesson, a picture of it
        self.mounts: dict[str, dict[int, str]] = {}
        self.written: dict[str, str] = {}

    def wanted(self, page: Page) -> bool:
        return self.only in page.target

    def build(self) -> None:
        """Write everything."""
        self.copy()
        exported = live.Export(self.out / "live", ROOT / "build" / "site")
        for page in filter(self.wanted, self.lessons):
            self.mounts[page.source] = exported.lesson(ROOT / page.source)
        for page in self.pages:
            self.articles[page.source] = self.read(page)
        self.glossary()
        for page in self.pages:
            self.finish(page)
        hero.write(self.out / "live")
        for language in self.texts:
            for page in filter(self.wanted, self.pages):
                self.write(page, language)
            self.landing(language)
            self.search(language)
            self.own(language)
        show = self.formulas.shown()
        for path, text in self.written.items():
            (self.out / path).parent.mkdir(parents=True, exist_ok=True)
            (self.out / path).write_text(show(text), encoding="utf-8")

    def copy(self) -> None:
        """Copy what is served as it is."""
        shutil.copytree(SITE / "static", self.out / "static", dirs_exist_ok=True)
        for source, target in VENDOR.items():
            (self.out / "vendor" / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(MODULES / source, self.out / "vendor" / target)
        for page in [*self.lessons, *self.exercises]:
            (self.out / page.source).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / page.source, self.out / page.source)
        fonts = self.out / "vendor" / "katex" / "fonts"
        fonts.mkdir(exist_ok=True)
        for font in (MODULES / "katex/dist/fonts").glob("*.woff2"):
            shutil.copyfile(font, fonts / font.name)
        # The other forms of the fonts are for browsers that cannot run the explorers either.
        style = self.out / "vendor" / "katex" / "katex.min.css"
        one = re.sub(r',url\([^)]*\.(woff|ttf)\) format\("\w+"\)', "", style.read_text("utf-8"))
        style.write_text(one, encoding="utf-8")

    def read(self, page: Page) -> Article:
        """Return a page's content with the course's own links."""
        source = ROOT / page.source
        if source.suffix == ".md":
            text = rendering.markdown(source.read_text("utf-8"), self.formulas)
        else:
            words = self.texts[FIRST]["frame"]
            mounts = self.mounts.get(page.source, {})
            text = rendering.notebook(source, self.exporter, words, mounts)
        return rendering.article(text, self.formulas)

    def glossary(self) -> None:
        """Give each row of the glossary an id, and note which lesson builds which term."""
        source = "docs/glossary.md"
        for row in self.articles[source].soup.find_all("tr"):
            cells = row.find_all("td")
            if len(cells) < 3:
                continue
            name, _, others = cells[0].get_text().partition("(")
            if table := row.find_parent("table"):
                table["class"] = "glossary"
            row["id"] = place = f"term-{rendering.slug(name)}"
            for words in [name, *others.rstrip(")").split(",")]:
                self.terms.setdefault(rendering.normal(words), place)
            for link in cells[2].find_all("a"):
                path = os.path.normpath(f"docs/{str(link['href']).partition('#')[0]}")
                self.built.setdefault(path, []).append((place, name.strip()))

    def finish(self, page: Page) -> None:
        """Turn a page's links and pictures into the site's."""
        soup = self.articles[page.source].soup
        rendering.levelled(soup)
        rendering.tidy(soup, self.formulas)
        if page.kind == "lesson":
            glossary = way(page.target, self.by_source["docs/glossary.md"].target)
            rendering.strong_terms(soup, self.terms, glossary)
        self.links(soup, page.source, page.target)
        to_pictures = way(page.target, "pictures")
        self.pictures.take(soup, ROOT / page.source, to_pictures)
        images = [str(image["src"]) for image in soup.find_all("img") if image.get("alt")]
        if images:
            self.covers[page.source] = images[0].rpartition("/")[2]

    def links(self, soup, source: str, target: str) -> None:
        """Let links to files of the course lead to their pages; where there is none, to nothing."""
        for link in soup.find_all("a"):
            href = str(link.get("href", ""))
            if re.match(r"[a-z]+:", href) or link.get("class") == ["term"]:
                continue
            path, _, part = href.partition("#")
            if path == target:
                continue
            file = os.path.normpath(str(PurePosixPath(source).parent / path)) if path else source
            file = {"exercises": "exercises/README.md"}.get(file, file)
            if file == "README.md" or file == "CONTRIBUTING.md" or file not in self.by_source:
                link.name = "span"  # a file of the repository, which is no page
                link.attrs = {}
                continue
            to = self.by_source[file]
            address = way(target, to.target) if file != source else ""
            if part and not part.startswith(("fn", "footnote")):
                ids = self.articles[file].ids
                found = ids.get(rendering.normal(part))
                if found is None:
                    raise ValueError(f"{source}: {href} leads to no heading")
                address += f"#{found}"
            elif part:
                address += f"#{part}"
            link["href"] = address or "#content"

    def frame(self, language: str, target: str, title: str, body: str, **more: Any) -> None:
        """Put a page into the frame of a language, and keep it to be written."""
        folder = "" if language == FIRST else f"{language}/"
        path = folder + target
        texts = self.texts[language]
        root = way(path, ".")
        own = way(path, folder or ".")
        others = [
            (
                other,
                self.texts[other]["name"],
                way(path, f"{other}/{target}" if other != FIRST else target),
            )
            for other in self.texts
            if other != language
        ]
        template = self.jinja.get_template("frame.html.j2")
        values = {
            "outline": [],
            "previous": None,
            "next": None,
            "source": "",
            "kind": "",
            "wide": False,
        }
        self.written[path] = template.render(
            language=language,
            texts=texts,
            root=root,
            own=own,
            title=title,
            body=Markup(body),
            others=others,
            wasm=WASM.stat().st_size,
            live_texts=live.texts(texts["live"]) if LIVES.search(body) else "",
            **{**values, **more},
        )

    def write(self, page: Page, language: str) -> None:
        """Write a page in the frame of a language."""
        found = self.articles[page.source]
        body = str(found.soup)
        if language != FIRST:  # one folder deeper
            body = re.sub(
                r'((?:src|href|data-base)=")\.\./(pictures|live|static)', r"\1../../\2", body
            )
        texts = self.texts[language]
        around: dict[str, Any] = {}
        siblings = {"lesson": self.lessons, "exercise": self.exercises}.get(page.kind, [])
        if siblings:
            place = siblings.index(page)
            neighbours = (
                siblings[place - 1] if place else None,
                (siblings[place + 1 :] or [None])[0],
            )
            for name, other in zip(("previous", "next"), neighbours, strict=True):
                if other:
                    around[name] = (way(page.target, other.target), other.title)
        if page.kind == "lesson" and self.built.get(page.source):
            glossary = way(page.target, self.by_source["docs/glossary.md"].target)
            terms = dict(self.built[page.source])
            items = ", ".join(
                f'<a href="{glossary}#{name}">{html.escape(word)}</a>'
                for name, word in terms.items()
            )
            heading = texts["frame"]["terms"]
            body += f'<section class="terms"><h2>{heading}</h2><p>{items}.</p></section>'
        if page.kind == "exercise":
            body = f'<p class="note">{texts["frame"]["solution_hidden"]}</p>{body}'
        if page.kind in ("lesson", "exercise"):
            path = page.target if language == FIRST else f"{language}/{page.target}"
            words = texts["frame"]
            link = f'<a href="{way(path, page.source)}" download>{words["notebook"]}</a>'
            body += f'<p class="note">{link}. {words["notebook_how"]}</p>'
        outline = [entry for entry in found.outline if entry[0] == 2]
        self.frame(
            language,
            page.target,
            found.title,
            body,
            outline=outline,
            kind=page.kind,
            content=texts["content"],
            **around,
        )

    def landing(self, language: str) -> None:
        """Write the first page: what it is, a picture that moves, the map, the routes."""
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        text = re.search(r"^# .+\n\n((?:.+\n)+)", readme, re.MULTILINE)
        assert text is not None
        pages = self.pages
        parts = {
            "promise": text[1],
            "routes": contents.link_lessons(contents.routes(), pages),
        }
        shown: dict[str, Any] = {}
        for name, source in parts.items():
            soup = rendering.article(rendering.markdown(source, self.formulas), self.formulas).soup
            self.links(soup, "README.md", "index.html")
            shown[name] = str(soup)
        alive = [
            page
            for page in self.lessons
            if any('data-live="' in mount for mount in self.mounts.get(page.source, {}).values())
        ]
        body = self.jinja.get_template("landing.html.j2").render(
            texts=self.texts[language],
            units=contents.units([*self.lessons, *self.exercises]),
            covers=self.covers,
            alive=alive,
            root=way(f"{language}/x" if language != FIRST else "x", "."),
            promise_page=self.by_source["docs/promise.md"].target,
            **shown,
        )
        title = contents.title_of(ROOT / "README.md")
        self.frame(
            language,
            "index.html",
            title,
            body,
            kind="landing",
            content=self.texts[language]["content"],
        )

    def search(self, language: str) -> None:
        """Write the page that searches."""
        texts = self.texts[language]
        body = self.jinja.get_template("search.html.j2").render(texts=texts)
        self.frame(
            language, "search.html", texts["search"]["title"], body, kind="search", content=language
        )

    def own(self, language: str) -> None:
        """Write the page that opens a reader's own generator."""
        texts = self.texts[language]
        root = way(f"{language}/x" if language != FIRST else "x", ".")
        body = self.jinja.get_template("own.html.j2").render(texts=texts, root=root)
        self.frame(language, "own.html", texts["own"]["title"], body, kind="own", content=language)

    def index(self) -> None:
        """Let Pagefind read all pages and write what the search needs."""
        subprocess.run(
            ["node", MODULES / "pagefind/lib/runner/bin.cjs", "--site", self.out, "--quiet"],
            check=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=ROOT / "_site")
    parser.add_argument("--texts", type=Path, default=SITE / "texts")
    parser.add_argument("--only", default="", help="part of a page's address")
    options = parser.parse_args()
    if not (MODULES / "katex").is_dir():
        parser.exit(1, "First: npm ci --prefix site\n")
    if options.out.exists() and not options.only:
        shutil.rmtree(options.out)
    site = Site(options.out, languages(options.texts), options.only)
    site.build()
    site.index()
    files = [path for path in options.out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{options.out}: {len(site.written)} pages, {len(files)} files, {size:.1f} MB")


if __name__ == "__main__":
    main()

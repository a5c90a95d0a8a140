"""The website, built anew: read and played with in Chromium, with every other address blocked."""

import functools
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chromium
import numpy as np
import onnx
import pytest
import torch
from bs4 import BeautifulSoup

from course_lib import data, explorers, latent, sampling, zoo
from course_lib.explorers import game
from course_lib.explorers.walks import principal_directions
from course_lib.models import flow
from course_lib.recipes import flow_fashion
from course_lib.studio import export, provenance

sys.path.append(str(Path(__file__).resolve().parents[2] / "site"))
import live

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
MODULES = SITE / "node_modules"
TOY = 'name = "Toy"\ncourse = "Pictures"\n[frame]\nlessons = "Hours"\n'
# Pages that stand for their kind.
SOME = (
    "index.html",
    "search.html",
    "own.html",
    "lessons/00_welcome.html",
    "lessons/04b_reading_a_gan.html",
)
SOME += ("docs/glossary.html", "exercises/04_gan.html")
LIVE = ["00_welcome", "01a_gan_objective", "04b_reading_a_gan", "05_conditional_gan"]
LIVE += ["09a_flow_matching"]
LIVE += [  # with dozens of sliders, and networks for 64×64 pixels
    pytest.param(name, marks=pytest.mark.whole) for name in ("03_vae", "06_stackgan", "07_progan")
]
PICTURES = """el => [...el.querySelectorAll(".live-main, .live-panels canvas")]
    .map(canvas => canvas.toDataURL()).join()"""
PATIENCE = 5  # times as long as on a quiet core: other tests run beside this one

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not MODULES.is_dir(),
    reason="needs Node and `npm ci --prefix site`",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site in two languages, one of them a toy."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(SITE / "texts", folder / "texts")
    (folder / "texts" / "eo.toml").write_text(TOY, encoding="utf-8")
    command = [sys.executable, SITE / "build.py", "--out", folder / "out"]
    command += ["--texts", folder / "texts"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def address(site):
    """The site's address on a server of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with chromium.launched() as browser:
        yield browser


@pytest.fixture
def page(browser, address):
    """A page that reaches the site alone; what it asks for elsewhere, and its errors, fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    complaints: list[str] = []

    def answer(route) -> None:
        if route.request.url.startswith((address, "blob:", "data:")):
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.set_default_timeout(chromium.SECONDS * 1000)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def pages(site: Path) -> dict[str, BeautifulSoup]:
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


def test_every_link_inside_leads_somewhere(site):
    """Files and, after #, places in them: of links, pictures, styles and scripts."""
    found = pages(site)
    ids = {name: {tag["id"] for tag in soup.find_all(id=True)} for name, soup in found.items()}
    lost, links = [], 0
    for name, soup in found.items():
        for tag in soup.find_all(["a", "img", "script", "link"]):
            parts = urlsplit(str(tag.get("href") or tag.get("src") or "#"))
            if parts.scheme:
                continue
            links += 1
            path = (site / name).parent / unquote(parts.path) if parts.path else site / name
            there = os.path.relpath(path, site).replace(os.sep, "/")
            place = unquote(parts.fragment)
            if not path.is_file() or (place and there in ids and place not in ids[there]):
                lost.append(f"{name}: {parts.geturl()}")
    assert lost == [] and links > 1000


def test_no_page_loads_from_elsewhere(site):
    """Links that a reader follows may lead away; what a browser loads by itself may not."""
    foreign = []
    for name, soup in pages(site).items():
        for tag in soup.find_all(["img", "script", "link", "iframe", "source", "video", "audio"]):
            given = str(tag.get("src") or tag.get("href") or "")
            foreign += [f"{name}: {given}"] if re.match(r"(?!data:)\w+:|//", given) else []
    for path in [*site.glob("static/**/*.css"), *site.glob("vendor/**/*.css")]:
        for given in re.findall(r"url\(([^)]+)\)|@import", path.read_text("utf-8")):
            foreign += [f"{path.name}: {given}"] if re.match(r"['\"]?(\w+:|//)", given) else []
    for path in site.glob("static/**/*.js"):
        calls = re.findall(
            r"(?:fetch|import|from)\s*\(?\s*[\"'`](\w+:|//)", path.read_text("utf-8")
        )
        foreign += [f"{path.name}: {given}" for given in calls]
    assert foreign == []


def test_the_site_is_small(site):
    """All that it needs in one language, and how little another one adds."""
    files = [path for path in site.rglob("*") if path.is_file()]
    second = sum(path.stat().st_size for path in files if "eo" in path.relative_to(site).parts)
    assert sum(path.stat().st_size for path in files) - second <= 60e6
    assert second <= 8e6


def test_a_second_language_stands_beside_the_first(site):
    first = BeautifulSoup((site / "lessons/00_welcome.html").read_text("utf-8"), "html.parser")
    toy = BeautifulSoup((site / "eo/lessons/00_welcome.html").read_text("utf-8"), "html.parser")
    assert (first.html["lang"], toy.html["lang"]) == ("en", "eo")
    assert first.find("main").get("lang") is None and toy.find("main")["lang"] == "en"
    assert "Hours" in toy.find("nav").get_text() and "Lessons" in first.find("nav").get_text()
    assert first.find("a", hreflang="eo")["href"] == "../eo/lessons/00_welcome.html"
    assert first.find("h1").get_text() == toy.find("h1").get_text()


def test_every_bold_term_leads_to_the_glossary_and_back(site):
    found = pages(site)
    glossary = found["docs/glossary.html"]
    rows = {row["id"] for row in glossary.find_all("tr", id=True)}
    terms = found["lessons/04b_reading_a_gan.html"].select("section.terms a")
    assert len(rows) > 100 and len(terms) > 3
    assert {link["href"].partition("#")[2] for link in terms} <= rows
    assert len(found["lessons/04a_gan.html"].select("a.term")) > 2


def test_the_pages_are_valid_html(site):
    command = ["node", MODULES / "html-validate/bin/html-validate.mjs", "--config"]
    command += [SITE / "htmlvalidate.json", "--formatter", "text", "**/*.html"]
    run = subprocess.run(command, cwd=site, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-4000:]


def violations(page) -> list[str]:
    """Return what axe-core finds: all rules in light, and in dark the one on contrast."""
    page.add_script_tag(path=MODULES / "axe-core/axe.min.js")
    levels = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = page.evaluate("levels => axe.run(document, {runOnly: levels})", levels)["violations"]
    page.emulate_media(color_scheme="dark")
    contrast = {"type": "rule", "values": ["color-contrast"]}
    found += page.evaluate("rule => axe.run(document, {runOnly: rule})", contrast)["violations"]
    page.emulate_media(color_scheme="light")
    return [f"{v['id']}: {n['html'][:200]}" for v in found for n in v["nodes"][:3]]


def loaded(page) -> float:
    """Return how many bytes the page has loaded, as they come over the wire."""
    return page.evaluate("""() => [...performance.getEntriesByType('resource'),
        ...performance.getEntriesByType('navigation')]
        .reduce((sum, entry) => sum + (entry.encodedBodySize || 0), 0)""")


@pytest.mark.parametrize("name", [*SOME, pytest.param("", marks=pytest.mark.whole)])
def test_no_page_keeps_a_reader_out(page, address, site, name):
    """axe-core finds nothing against WCAG's levels A and AA, in light and in dark; no name: all."""
    rest = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    rest = [path for path in rest if path not in SOME and not path.startswith("eo/")]
    assert len(rest) > 15
    for path in [name] if name else sorted(rest):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{address}/{path}")
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], path
        assert loaded(page) <= 3e6, path
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_search_finds_a_lesson(page, address):
    page.goto(f"{address}/search.html")
    page.get_by_role("searchbox").fill("mode collapse")
    page.locator("#search-results a").first.wait_for()
    assert "/lessons/" in page.locator("#search-results a").first.get_attribute("href")


def test_the_search_finds_no_word_that_stands_nowhere(page, address):
    """Pagefind shortens a word until some page has its beginning; the page asks for more."""
    page.goto(f"{address}/search.html")
    for invented in ("zqxvbl", "mode flumbertrex"):
        page.get_by_role("searchbox").fill(invented)
        page.get_by_text("Nothing found.").wait_for()
        page.get_by_role("searchbox").fill("discriminators")
        page.locator("#search-count", has_text="results").wait_for()


def test_the_search_reads_prose_and_each_formula_once(page, address):
    page.goto(f"{address}/search.html")
    page.get_by_role("searchbox").fill("truncation multiplies")
    first = page.locator("#search-results > li").first
    first.get_by_text("multiplies").wait_for()
    assert "04b_reading_a_gan" in first.locator("a").first.get_attribute("href")
    assert "truncation multiplies z." in first.inner_text()


def test_a_fold_opens_by_keyboard_and_the_theme_stays(page, address):
    page.goto(f"{address}/lessons/00_welcome.html")
    fold = page.locator("main details").last
    fold.locator("summary").press("Enter")
    assert fold.evaluate("fold => fold.open")
    page.get_by_role("button", name="Light or dark").press("Enter")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def touch(explorer, key: str, value: float | str) -> None:
    """Set a control as a reader would, and wait for its picture."""
    explorer.evaluate(
        """(el, [key, value]) => {
            const found = el.live.controls.get(key);
            found.set(value);
            return el.live.change(key);
        }""",
        [key, value],
    )


def shown(explorer) -> np.ndarray:
    """Return the large picture's pixels, uint8 (H, W, 3)."""
    explorer.evaluate("""async el => {
        while (el.live.busy || Number(el.dataset.turn ?? 0) !== el.live.asked)
            await new Promise(done => setTimeout(done, 20));
    }""")
    width, height, pixels = explorer.evaluate("""el => {
        const {width, height} = el.live.canvas;
        const picture = el.live.canvas.getContext("2d").getImageData(0, 0, width, height);
        return [width, height, [...picture.data]];
    }""")
    return np.array(pixels, np.uint8).reshape(height, width, 4)[:, :, :3]


def assert_same(picture: np.ndarray, image: torch.Tensor) -> None:
    """Assert that a picture of the page is the kernel's (C, H, W), but for 1 grey level."""
    expected = data.to_uint8(image[None].clamp(-1, 1))[0].permute(1, 2, 0).int().numpy()
    assert picture.shape[:2] == expected.shape[:2]
    assert np.abs(picture.astype(int) - expected).max() <= 1


def opened(page, address: str, lesson: str, name: str, number: int = 0):
    page.goto(f"{address}/lessons/{lesson}.html")
    explorer = page.locator(f"[data-live={name}]").nth(number)
    explorer.scroll_into_view_if_needed()
    explorer.locator("button, input").first.wait_for()
    return explorer


def test_latent_draws_what_the_kernel_draws(page, address):
    explorer = opened(page, address, "04b_reading_a_gan", "latent")
    state = {"seed-a": 5, "seed-b": 60, "from-a-to-b": 0.3, "truncation": 0.8, "direction-2": 2.5}
    for key, value in state.items():
        touch(explorer, key, value)
    generator = zoo.load("dcgan-fashion")
    a, b = (sampling.latents(1, 100, seed) for seed in (5, 60))
    z = latent.slerp(a, b, 0.3) * 0.8 + 2.5 * principal_directions(generator)[1]
    assert_same(shown(explorer), sampling.draw(generator, z)[0])


def test_latent_draws_the_kernels_portraits(page, address):
    explorer = opened(page, address, "00_welcome", "latent")
    for key, value in {"seed-a": 7, "seed-b": 90, "from-a-to-b": 0.4}.items():
        touch(explorer, key, value)
    z = latent.slerp(*(sampling.latents(1, 64, seed) for seed in (7, 90)), 0.4)
    assert_same(shown(explorer), sampling.draw(zoo.load("progan-personas"), z)[0])


def test_classes_are_those_of_the_kernel(page, address):
    explorer = opened(page, address, "05_conditional_gan", "class_menu")
    touch(explorer, "class", 8)
    touch(explorer, "seed", 31)
    image = sampling.draw(zoo.load("cgan-fashion"), sampling.latents(1, 100, 31), 8)
    assert_same(shown(explorer), image[0])
    chances = zoo.load("fashion-cnn").eval()(image).softmax(dim=1)[0].detach()
    said = explorer.locator(".live-bars .asked span").last.inner_text()
    assert said == (f"{float(chances[8]):.0%}" if chances[8] >= 0.005 else "")


def test_the_map_decodes_what_the_kernel_decodes(page, address):
    explorer = opened(page, address, "03_vae", "latent_map")
    touch(explorer, "z-0", 1.5)
    touch(explorer, "z-1", -0.5)
    vae = zoo.load("vae2-fashion")
    assert_same(shown(explorer), sampling.draw(vae, torch.tensor([[1.5, -0.5]]))[0])


def test_a_click_on_the_stored_map_loads_and_goes_there(page, address):
    explorer = opened(page, address, "03_vae", "latent_map")
    picture = explorer.locator(".live-stored img")
    picture.evaluate("image => image.decode()")
    box = picture.bounding_box()
    left, top, width, height = (
        json.loads(explorer.locator("script").first.inner_text())["map"][n] for n in range(4)
    )
    # a quarter of the way from left to right, and as far from the top
    x, y = (left + width / 4) * box["width"], (top + height / 4) * box["height"]
    picture.click(position={"x": x, "y": y})
    explorer.get_by_text("z = (").wait_for()
    state = explorer.evaluate("el => el.live.state()")
    limit = explorer.evaluate("el => el.live.config.limit")
    assert state["z-0"] == pytest.approx(-limit / 2, abs=0.15)
    assert state["z-1"] == pytest.approx(limit / 2, abs=0.15)


def test_ends_that_are_equal_show_no_pictures(page, address):
    """What differs with these sliders is the sheet; the large picture is the same at both ends."""
    explorer = opened(page, address, "05_conditional_gan", "variations")
    touch(explorer, "seed", 3)
    page.wait_for_function("el => el.dataset.ends", arg=explorer.element_handle())
    ended = explorer.evaluate(
        "el => [...el.live.controls].filter(([, c]) => c.ends && !c.ends[0].hidden).map(([k]) => k)"
    )
    assert ended == ["seed"]


def test_sixteen_sliders_start_from_the_images_own_code(page, address):
    explorer = opened(page, address, "03_vae", "autoencoder", 1)
    images = data.to_float(data.fashion("test")[0][:300])
    for beta, name in ((0, "vae16-fashion-beta-0.1"), (1, "vae16-fashion")):
        touch(explorer, "β", beta)
        touch(explorer, "image", 17)
        vae = zoo.load(name).eval()
        mu, logvar = vae.encoder(images)
        order = (mu.square() + logvar.exp() - logvar - 1).mean(0).argsort(descending=True)
        code = mu[17:18].detach().clone()
        assert_same(shown(explorer), sampling.draw(vae, code)[0])
        touch(explorer, "code-1", 2.0)
        code[0, order[0]] = 2.0
        assert_same(shown(explorer), sampling.draw(vae, code)[0])


def test_the_die_may_be_the_first_touch(page, address):
    explorer = opened(page, address, "03_vae", "autoencoder")
    explorer.get_by_role("button", name="At random").press("Enter")
    page.wait_for_function(
        "el => Number(el.dataset.turn) > 0", arg=explorer.element_handle(), timeout=60_000
    )
    assert "own code" in explorer.locator(".live-words").inner_text()


def test_a_sentence_becomes_the_kernels_portrait(page, address):
    explorer = opened(page, address, "06_stackgan", "sentence")
    words = "a smiling person with a pink bob, sunglasses and a zeppelin"
    touch(explorer, "sentence", words)
    touch(explorer, "seed", 3)
    touch(explorer, "noise", 0.5)
    image = zoo.load("stackgan-personas").sample([words], seed=3, noise=0.5)
    assert_same(shown(explorer), image[0])
    assert "“zeppelin”" in explorer.locator(".live-words").inner_text()
    explorer.get_by_text("words that the model knows").click()
    assert "sunglasses" in explorer.locator(".live-controls details p").inner_text()


def test_a_face_grows_as_in_the_kernel(page, address):
    from course_lib.models.progan import with_fitted_colours

    explorer = opened(page, address, "07_progan", "growth")
    for key, value in {"seed": 12, "walk": 30, "resolution": 3, "fade": 0.35}.items():
        touch(explorer, key, value)
    generator = with_fitted_colours(zoo.load("progan-personas")).eval()
    z = latent.great_circle(*sampling.latents(2, 64, 12), 96)[30:31]
    with torch.no_grad():
        image = generator(latent.steered(z, torch.empty(0), torch.empty(0, 64)), 3, 0.35)[0]
    assert_same(shown(explorer), image.repeat_interleave(2, 1).repeat_interleave(2, 2))


@pytest.fixture(scope="module")
def untrained_flow(site) -> flow.Flow:
    """A flow of the shipped one's size; its explorer stands in the page lessons/flow.html.

    What the page computes does not depend on what the network has learnt.
    """
    torch.manual_seed(0)
    model = flow.Flow(**flow_fashion.RECIPE.arguments)
    model.velocity.gaussians.fit(*(part[:2000] for part in data.fashion("train")))
    with torch.no_grad():
        for weight in model.parameters():  # what begins at zero would hear no label
            weight.add_(0.02 * torch.randn_like(weight))
    explorer = explorers.noise_to_image(model, data.FASHION_CLASSES)
    config = live.Export(site / "live", site).of("noise_to_image", explorer)
    lesson = BeautifulSoup((site / "lessons/04b_reading_a_gan.html").read_text(), "html.parser")
    place = live.mount("noise_to_image", config, '<img alt="" src="../static/icon.svg">')
    lesson.find("main").clear()
    lesson.find("main").append(BeautifulSoup(place, "html.parser"))
    (site / "lessons" / "flow.html").write_text(str(lesson), encoding="utf-8")
    return model.eval()


@pytest.mark.parametrize("steps, guidance", [(1, 0.0), (3, 1.0), (12, 3.5)])
def test_noise_becomes_the_kernels_image(page, address, untrained_flow, steps, guidance):
    """At the end and on the way, after as many steps, with as much guidance."""
    explorer = opened(page, address, "flow", "noise_to_image")
    for key, value in {"class": 3, "seed": 8, "steps": steps, "guidance": guidance}.items():
        touch(explorer, key, value)
    z, labels = sampling.latents(1, 784, 8), torch.tensor([3])
    with torch.no_grad():
        way = untrained_flow.way(z, labels, steps=steps, guidance=guidance)
    assert_same(shown(explorer), way[-1][0])
    touch(explorer, "time-t", 0.3)
    before = int(0.3 * steps)
    assert_same(shown(explorer), way[before].lerp(way[before + 1], 0.3 * steps - before)[0])


def test_noise_lives(page, address, untrained_flow, record_property):
    """Every slider, t without the network, and the way between two pins."""
    explorer = opened(page, address, "flow", "noise_to_image")
    assert drive(explorer) == 4
    first = explorer.evaluate("el => el.live.times.length")
    for t in (0.2, 0.4, 0.6, 0.8):
        touch(explorer, "time-t", t)
    quick = explorer.evaluate("(el, first) => el.live.times.slice(first)", first)
    for seed in (5, 6, 7, 8):
        touch(explorer, "seed", seed)
    slow = explorer.evaluate("(el, first) => el.live.times.slice(first + 4)", first)
    record_property("noise_to_image: t, seed (ms)", (quick, slow))
    assert statistics.median(quick) < statistics.median(slow) / 3
    shoe = shown(explorer)
    explorer.get_by_role("button", name="Pin this").press("Enter")
    touch(explorer, "class", 0)
    explorer.get_by_role("button", name="Pin this").press("Enter")
    explorer.locator(".live-pin").nth(1).wait_for()
    way = explorer.get_by_label("From one pin to the next")
    way.press("End")
    shirt = shown(explorer)
    for _ in range(50):
        way.press("ArrowLeft")
    between = shown(explorer)
    assert (between != shirt).any() and (between != shoe).any()
    assert violations(page) == []


def test_the_game_reckons_as_the_kernel_does(page, address):
    explorer = opened(page, address, "01a_gan_objective", "gan_game")
    explorer.locator(".live-game").get_by_text("no move yet").wait_for()  # alive before any touch
    played = game.Game("two modes")
    explorer.get_by_label("densities", exact=True).select_option("two modes")
    for word, players in (("One D step", "D"), ("One G step", "G"), ("Ten of both", "DG" * 10)):
        explorer.get_by_role("button", name=word).press("Enter")
        for player in players:
            played.d_step() if player == "D" else played.g_step()
    numbers = explorer.evaluate("el => el.live.numbers()")
    assert numbers == pytest.approx(played.numbers(), abs=1e-6)
    before = page.url
    page.goto("about:blank")
    page.goto(before)  # the address holds D's weights too
    again = page.locator("[data-live=gan_game]")
    again.get_by_text("q has mean").wait_for()
    assert again.evaluate("el => el.live.numbers()") == pytest.approx(numbers, abs=1e-5)


@pytest.mark.parametrize("name", ["dcgan-fashion", "cgan-fashion", "vae16-fashion"])
def test_a_file_of_ones_own_gets_its_sliders(page, address, tmp_path, name):
    """A plain generator, one that reads labels, and the sixteen numbers of a VAE."""
    path = export.export_onnx(name, tmp_path / "mine.onnx")
    page.goto(f"{address}/own.html")
    page.locator("#own-file").set_input_files(path)
    explorer = page.locator("[data-live=own] .live")
    explorer.get_by_text("the page's own").wait_for()
    model = zoo.load(name)
    label = 8 if name == "cgan-fashion" else None
    if label is not None:
        touch(explorer, "class", label)
    for key, value in {"seed-a": 7, "from-a-to-b": 0.25, "truncation": 0.5, "z-1": 2.0}.items():
        touch(explorer, key, value)
    picture = shown(explorer)
    z = torch.tensor(explorer.evaluate("el => [...el.live.inputs(el.live.state()).z]"))[None]
    assert_same(picture, sampling.draw(model, z, label)[0])
    sliders = explorer.locator(".live-controls input[type=range]").count()
    assert sliders == {"dcgan-fashion": 10, "cgan-fashion": 11, "vae16-fashion": 20}[name]
    assert f"its model is {name}" in page.locator(".live-words").first.inner_text()
    with page.expect_download() as download:
        explorer.get_by_role("button", name="Save as PNG").press("Enter")
    download.value.save_as(tmp_path / "picture.png")
    facts = provenance.read(tmp_path / "picture.png")
    assert facts["model"] == name and facts["state"]["z-1"] == 2
    assert violations(page) == []


def test_a_file_that_is_none_gets_a_sentence(page, address, tmp_path):
    page.goto(f"{address}/own.html")
    words = page.locator(".live-words").first
    (tmp_path / "broken.onnx").write_bytes(b"not a graph")
    page.locator("#own-file").set_input_files(tmp_path / "broken.onnx")
    page.get_by_text("broken.onnx cannot be opened as ONNX").wait_for()
    assert not words.locator("details code").is_visible()  # what the runtime said is folded
    assert words.locator("details code").text_content()
    other = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "other",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 3])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 3])],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(other, ir_version=8, opset_imports=opset)
    onnx.save(model, tmp_path / "other.onnx")
    page.locator("#own-file").set_input_files(tmp_path / "other.onnx")
    page.get_by_text("other.onnx is no generator of this course").wait_for()
    assert page.locator("[data-live=own] .live").count() == 0 and words.is_visible()


def test_guessing_counts_what_is_right(page, address, site):
    explorer = opened(page, address, "00_welcome", "guess")
    page.wait_for_load_state("networkidle")
    config = json.loads(explorer.locator("script").first.inner_text())
    for n, drawn in enumerate(config["drawn"][0]):
        if drawn:
            explorer.get_by_role("checkbox").nth(n).press("Space")
    explorer.get_by_role("button", name="Show the answers").press("Enter")
    explorer.get_by_text("12 of 12 right").wait_for()
    said = (
        explorer.get_by_text("you said drawn").count(),
        explorer.get_by_text("It is drawn").count(),
    )
    assert said == (6, 6)
    explorer.get_by_role("button", name="Next twelve").press("Enter")
    explorer.get_by_role("button", name="Show the answers").press("Enter")
    explorer.get_by_text("In 2 rounds: 18 of 24").wait_for()


def test_an_address_a_pin_and_a_file_hold_the_picture(page, address, tmp_path):
    explorer = opened(page, address, "04b_reading_a_gan", "latent")
    touch(explorer, "seed-a", 42)
    explorer.get_by_role("button", name="Pin this").press("Enter")
    touch(explorer, "seed-a", 43)
    explorer.get_by_role("button", name="Pin this").press("Enter")
    touch(explorer, "direction-1", -3)
    first = shown(explorer)
    explorer.get_by_label("From one pin to the next").press("End")
    at_pin = shown(explorer)
    generator = zoo.load("dcgan-fashion")
    assert_same(at_pin, sampling.draw(generator, sampling.latents(1, 100, 43))[0])
    explorer.get_by_label("From one pin to the next").press("ArrowLeft")
    between = shown(explorer)
    assert not explorer.locator(".live-strip").is_visible()  # it shows what the sliders hold
    page.wait_for_function("() => location.hash.includes('way=0.99')")
    halfway = page.url
    touch(explorer, "direction-1", -3)
    with page.expect_download() as download:
        explorer.get_by_role("button", name="Save as PNG").press("Enter")
    path = tmp_path / "picture.png"
    download.value.save_as(path)
    facts = provenance.read(path)
    assert facts and facts["model"] == "dcgan-fashion" and facts["state"]["direction-1"] == -3
    assert "Zalando" in facts["credit"]
    page.wait_for_function("() => !location.hash.includes('way=')")
    there = page.url
    page.goto("about:blank")
    page.goto(there)
    again = page.locator("[data-live=latent]")
    page.wait_for_function(
        "el => el.querySelectorAll('.live-pin').length === 2", arg=again.element_handle()
    )
    assert (shown(again) == first).all()
    page.goto("about:blank")
    page.goto(halfway)  # the place between two pins is in the address too
    again = page.locator("[data-live=latent]")
    again.get_by_text("99% of the way").wait_for()
    assert (shown(again) == between).all() and (between != at_pin).any()


def drive(explorer) -> int:
    """Move each slider to both ends by keyboard; assert that each end shows another picture."""
    explorer.scroll_into_view_if_needed()
    name, moved = explorer.get_attribute("data-live"), 0
    for slider in explorer.locator(".live-controls input[type=range]").all():
        if not slider.is_visible():
            continue  # what has no effect with this model is hidden
        start, moved = slider.input_value(), moved + 1
        ends = set()
        for end in ("Home", "End"):
            slider.press(end)
            shown(explorer)
            ends.add(explorer.evaluate(PICTURES))
        assert len(ends) == 2, f"{name}: slider {moved} does nothing"
        slider.evaluate(
            "(el, value) => {el.value = value; el.dispatchEvent(new Event('input'))}", start
        )
        shown(explorer)
    assert moved, name
    return moved


@pytest.mark.parametrize("lesson", LIVE)
def test_every_explorer_of_a_page_lives(page, address, lesson, record_property):
    """All sliders go to their ends by keyboard, and what is shown is another at each end."""
    page.goto(f"{address}/lessons/{lesson}.html")
    page.wait_for_load_state("networkidle")
    found = page.locator("[data-live]")
    assert found.count() > 0
    for explorer in found.all():
        if not explorer.evaluate("el => Boolean(el.live.controls)"):
            continue  # the game and the guessing have tests of their own
        drive(explorer)
        name = explorer.get_attribute("data-live")
        times = explorer.evaluate("el => el.live.times")
        size = explorer.evaluate("el => el.live.canvas.width")
        median = statistics.median(times[1:])
        record_property(f"{name}: first, then median (ms)", (round(times[0]), round(median, 1)))
        assert times[0] <= PATIENCE * 2000, name
        assert median <= PATIENCE * (20 if size < 64 else 60), name
    assert violations(page) == []  # with all that has appeared since the first touch

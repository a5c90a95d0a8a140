"""Explorers as a student uses them: JupyterLab in headless Chromium, sliders moved by keyboard."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import chromium
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))

# A lesson's explorer in miniature; {draw}, {press} and {read} are what its controls do.
MINIATURE = """
import io
import ipywidgets as widgets
from PIL import Image

def show(level, tail=b""):
    buffer = io.BytesIO()
    Image.new("L", (64, 64), level + 50).save(buffer, "PNG")
    picture.value = buffer.getvalue() + tail

picture = widgets.Image(format="png")
picture.add_class("explorer-picture")
slider = widgets.IntSlider(value={value}, min=-50, max=200, description="level")
slider.observe(lambda change: {draw}, "value")
button = widgets.Button(description="press")
button.on_click(lambda _: {press})
line = widgets.Text(value="words", continuous_update=False)
line.observe(lambda change: {read}, "value")
show(100)
box = widgets.VBox([slider, button, line, picture])
box.add_class("explorer")
box
"""


def notebook_of(*sources: str) -> nbformat.NotebookNode:
    """Return a notebook with one code cell per source."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def explorers_of(lesson: Path) -> tuple[nbformat.NotebookNode, int]:
    """Return a lesson's quiz, set-up cells and explorers as one notebook, and how many explorers.

    The quiz stands first: its answers are on the screen before anything has run.
    """
    cells = nbformat.read(lesson, as_version=4).cells
    quiz = [cell.source for cell in cells if "<details" in cell.source]
    tags = [set(cell.metadata.get("tags", [])) for cell in cells]
    code = [
        cell.source
        for cell, tagged in zip(cells, tags, strict=True)
        if tagged & {"explorer-setup", "explorer"}
    ]
    notebook = notebook_of(*code)
    notebook.cells[:0] = [nbformat.v4.new_markdown_cell(source) for source in quiz]
    return notebook, sum("explorer" in tagged for tagged in tags)


@pytest.fixture(scope="module")
def browser():
    with chromium.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    with chromium.Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def open_notebook(browser, lab, request):
    """A function that opens a notebook, a file or one made here, on a page of its own."""
    pages = []

    def open_notebook(notebook: Path | nbformat.NotebookNode, lab=lab) -> chromium.Notebook:
        if isinstance(notebook, Path):
            path = Path(shutil.copy(notebook, lab.folder))  # JupyterLab saves by itself
        else:
            path = lab.folder / f"explorer{len(list(lab.folder.glob('*.ipynb')))}.ipynb"
            nbformat.write(notebook, path)
        pages.append(browser.new_page(viewport={"width": 1400, "height": 1400}))
        return chromium.Notebook(pages[-1], lab, path)

    yield open_notebook
    for page in pages:
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        page.close()


def miniature(
    value: int = 100,
    draw: str = "show(change.new)",
    press: str = "show(50)",
    read: str = "show(len(change.new))",
):
    return notebook_of(MINIATURE.format(value=value, draw=draw, press=press, read=read))


@pytest.mark.parametrize("value", [-50, -20, 200])
def test_a_sound_explorer_passes(open_notebook, value):
    notebook = open_notebook(miniature(value))
    notebook.run()
    assert notebook.drive() == 1


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"draw": "1 / 0"}, "ZeroDivisionError"),
        # Bytes after a PNG's end belong to no pixel.
        (
            {"draw": "show(77, b'.' * (change.new + 50))"},
            "looks the same after Home",
        ),
        ({"draw": "None"}, "no new picture after End"),
        ({"press": "1 / 0"}, "ZeroDivisionError"),
        ({"read": "1 / len(change.new)"}, "ZeroDivisionError"),
        ({"read": "1 / ('🦄' not in change.new)"}, "ZeroDivisionError"),
    ],
)
def test_a_broken_explorer_is_noticed(open_notebook, broken, complaint):
    notebook = open_notebook(miniature(**broken))
    notebook.run()
    with pytest.raises(AssertionError, match=complaint):
        notebook.drive()


def test_a_failing_cell_is_noticed(open_notebook):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        open_notebook(notebook_of("1 / 0", "2")).run()


# How many answers are open, and which one has the keyboard's focus.
QUIZ = """all => [all.filter(answer => answer.open).length,
                  all.findIndex(answer => answer.contains(document.activeElement))]"""


def press_through_the_quiz(page) -> None:
    """Assert that Enter opens an answer, Space closes it, Tab goes on to the next."""
    answers = page.locator("details")
    answers.last.wait_for()
    count = answers.count()
    assert count >= 3
    page.locator("summary").first.focus()
    for index in range(count):
        for key, opened in (("Enter", 1), ("Space", 0)):
            page.keyboard.press(key)  # JupyterLab takes none of these keys
            assert answers.evaluate_all(QUIZ) == [opened, index], f"{key} at answer {index + 1}"
        if index + 1 < count:
            page.keyboard.press("Tab")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_quiz_and_explorers_of_a_lesson(open_notebook, lesson):
    """The rule: CONTRIBUTING.md, "Add an explorer"."""
    source, explorers = explorers_of(lesson)  # a part of a unit may have none
    notebook = open_notebook(source)
    press_through_the_quiz(notebook.page)
    if not explorers:
        return
    notebook.run()
    for picture in notebook.page.locator("img.explorer-picture").all():
        picture.wait_for()
        assert picture.get_attribute("title"), "a picture without a name for screen readers"
    assert notebook.drive(explorers) >= explorers, "an explorer without a slider"


def test_a_notebook_that_is_opened_again_shows_the_picture_and_what_to_do(open_notebook):
    """Saved with its sliders, its kernel shut down, opened tomorrow."""
    source, _ = explorers_of(NOTEBOOKS / "04b_reading_a_gan.ipynb")
    source.cells = source.cells[-2:]  # without the text, so that the explorer is on the screen
    notebook = open_notebook(source)
    notebook.run()
    page, words = notebook.page, "Run this cell to bring the sliders to life."
    page.locator("img.explorer-picture").wait_for()
    assert not page.get_by_text(words).is_visible(), "the static picture stands above the sliders"
    page.evaluate(
        """async () => {
            const app = window.jupyterapp;
            await app.commands.execute('docmanager:save');
            await app.serviceManager.sessions.shutdownAll();
        }"""
    )
    page.reload()
    page.get_by_text(words).wait_for()
    image = page.locator("img[alt^='A large generated image']")
    assert image.first.is_visible() and image.first.evaluate("image => image.naturalWidth") > 100
    complaint = page.get_by_text("Error displaying widget: model not found")
    complaint.wait_for(state="attached")  # once the new kernel has answered
    assert not complaint.is_visible()


STYLE = """
from course_lib import data, explorers
from course_lib.models.cnn import AttributeClassifier

network = AttributeClassifier({"a": 2}, width=4, size=32, features=4)
patterns = {name: data.patterns(name, size=32) for name in ("waves", "dots")}
explorers.style(network, patterns, patterns, steps=2, shown=1)
"""


@pytest.fixture
def lab_of_make(tmp_path):
    """A server with the settings of `make lab`."""
    command = ["make", "--dry-run", "--old-file=.venv/lab.stamp", "lab"]
    # `make test` runs this test, and its own options must not reach the inner make.
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.run(
        command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True
    ).stdout
    words = shlex.split(said.splitlines()[-1])
    variables = dict(word.split("=", 1) for word in words[: words.index("-m") - 1])
    options = [word for word in words if word.startswith("--ServerApp.tornado_settings=")]
    with chromium.Lab(tmp_path, options, **variables) as lab:
        yield lab


def test_a_large_picture_is_taken_by_the_server_of_make_lab(lab_of_make, open_notebook, tmp_path):
    """A server takes 10 MB and refuses more in silence, unless it is told otherwise."""
    pixels = np.random.default_rng(0).integers(0, 256, (2600, 2600, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "me.png", compress_level=0)
    assert (tmp_path / "me.png").stat().st_size > 20_000_000
    notebook = open_notebook(notebook_of(STYLE), lab_of_make)
    notebook.run()
    page = notebook.page
    picture = page.locator("img.explorer-picture")
    before = picture.get_attribute("src")
    assert not page.get_by_text("may not arrive").count()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Use my picture").click()
    chooser.value.set_files(tmp_path / "me.png")
    page.get_by_text("me.png is now in both menus.").wait_for()
    assert picture.get_attribute("src") != before
    notebook.assert_quiet()


def test_elsewhere_a_line_says_how_large_a_picture_may_be(open_notebook):
    notebook = open_notebook(notebook_of(STYLE))
    notebook.run()
    notebook.page.get_by_text("A file above 10 MB may not arrive").wait_for()


def test_a_lesson_as_a_page_shows_every_picture_without_a_network(browser, tmp_path):
    """What `nbconvert --to html --embed-images` writes. README.md says what it cannot show."""
    page = browser.new_context(offline=True).new_page()
    lesson, place = NOTEBOOKS / "04b_reading_a_gan.ipynb", {"metadata": {"path": str(NOTEBOOKS)}}
    text, _ = HTMLExporter(embed_images=True).from_filename(str(lesson), resources=place)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    images = page.locator("img").all()
    assert len(images) > 4
    for image in images:
        assert image.is_visible() and image.evaluate("image => image.naturalWidth") > 100
    assert page.locator("img[alt^='A large generated image']").count() == 1, "the explorer's"
    page.context.close()


WIDE = """
from course_lib import explorers
from course_lib.models import dcgan

explorers.latent(dcgan.Generator(z_dim=6, width=4), count=2)
"""


@pytest.mark.parametrize(
    ("width", "left"), [(1024, "filebrowser:activate"), (640, "application:toggle-left-area")]
)
def test_on_a_narrow_page_the_sentence_wraps(open_notebook, width, left):
    """1024 pixels with the file browser open; 1280 pixels at 200 % zoom, without."""
    notebook = open_notebook(notebook_of(WIDE))
    page = notebook.page
    page.set_viewport_size({"width": width, "height": 900})
    open_before = page.locator(".jp-DirListing").is_visible()
    if open_before != (width == 1024):
        page.evaluate("command => window.jupyterapp.commands.execute(command)", left)
    notebook.run()
    sentence = page.locator(".explorer [aria-live]")
    sentence.wait_for()
    edge = page.locator(".jp-Notebook").evaluate("area => area.getBoundingClientRect().right")
    assert edge <= width and page.locator(".jp-DirListing").is_visible() == (width == 1024)
    box, height = sentence.bounding_box(), page.locator(".explorer").bounding_box()
    assert box["x"] + box["width"] <= edge, "the sentence is cut"
    assert box["y"] + box["height"] <= height["y"] + height["height"]
    for part in (".explorer", ".explorer-picture"):
        assert page.locator(part).evaluate("x => x.getBoundingClientRect().right") <= edge
    scrolls = "x => x.scrollWidth > x.clientWidth + 1"
    assert not page.locator(".explorer").evaluate(scrolls), "a scroll bar of its own"

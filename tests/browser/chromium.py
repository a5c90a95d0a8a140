"""JupyterLab in headless Chromium, for the tests that use a lesson as a student does.

Run as a script it says whether there is a Chromium here, and how to install one.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, TimeoutError, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Chromium is missing: the sliders are NOT tested. Install it with\n"
    "    Debian, Ubuntu:  sudo apt-get install chromium\n"
    "    elsewhere:       .venv/bin/python -m playwright install chromium"
)
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
SECONDS = 60  # for anything to appear or change on a page; a busy machine is slow, not broken

ODD_WORDS = "a <b>person</b> & 1/2 unicorn 🦄 {x} %s"  # typed where an explorer takes any text

# Keeps what goes wrong in the kernel while it answers a widget: no cell shows that.
WATCH = """async seconds => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    // Never ready where a dialog asks for the kernel, since the notebook does not name its own.
    await Promise.race([panel.sessionContext.ready, new Promise((_, reject) => setTimeout(
        () => reject(new Error('no kernel: does the notebook name one?')), seconds * 1000))]);
    const kernel = panel.sessionContext.session.kernel;
    await kernel.info;
    window.kernelErrors = [];
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction !== 'recv') return;
        if (msg.header.msg_type === 'error') {
            window.kernelErrors.push(msg.content.traceback.join('\\n'));
        } else if (msg.header.msg_type === 'stream' && msg.content.name === 'stderr' &&
                   msg.content.text.includes('Traceback')) {
            window.kernelErrors.push(msg.content.text);
        }
    });
}"""

RUN = """async seconds => {
    const app = window.jupyterapp;
    const late = new Promise((_, reject) => setTimeout(
        () => reject(new Error(`not done after ${seconds} s`)), seconds * 1000));
    await Promise.race([app.commands.execute('notebook:run-all-cells'), late]);
    const cells = app.shell.currentWidget.content.model.sharedModel.toJSON().cells
        .filter(cell => cell.cell_type === 'code' && cell.source.length);
    const errors = cells.flatMap(cell => cell.outputs)
        .filter(output => output.output_type === 'error')
        .map(output => output.traceback.join('\\n'));
    return {errors, ran: cells.filter(cell => cell.execution_count).length, cells: cells.length};
}"""

# A play button keeps the picture moving: it is not pressed and left like the others.
OTHER_BUTTONS = (
    "xpath=.//button[not(@disabled) and not(ancestor::*[contains(@class, 'widget-play')])]"
)

IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"


def find() -> str | None:
    """Return the path of a Chromium or Chrome: the system's, else the one Playwright installed."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield a headless Chromium. Without one a test is skipped, and in CI it fails."""
    if (path := find()) is None:
        # Where nobody reads the summary, a skip would pass for a test.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Lab:
    """A JupyterLab server on a free port of this machine, serving one folder; a context manager.

    It keeps its settings and logs in that folder, away from those of whoever runs the tests.

    Args:
        folder: what it serves.
        options: further ones of JupyterLab's command.
        variables: of its environment.
    """

    def __init__(self, folder: Path, options: Sequence[str] = (), **variables: str):
        self.folder, self.log = folder, folder / "server.log"
        self.options, self.variables = options, variables

    def __enter__(self) -> "Lab":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        private = self.folder / "private"
        folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        environment = {
            **os.environ,
            **self.variables,
            **{f"JUPYTER_{name}": str(private / name) for name in folders},
            "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
            "IPYTHONDIR": str(private / "ipython"),
        }
        options = {
            "ServerApp.root_dir": self.folder,
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "IdentityProvider.token": "",  # nobody but this machine can connect
            "LabApp.extension_manager": "readonly",
            "LabApp.expose_app_in_browser": True,
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [*(f"--{name}={value}" for name, value in options.items()), *self.options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, cwd=self.folder
            )
        self._wait()
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()  # the server ends its kernels before it goes
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        self.__exit__()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()}")


class Notebook:
    """One notebook, open on a Playwright page; `errors` collects what the page complains of."""

    def __init__(self, page, lab: Lab, path: Path):
        self.page, self.errors = page, []
        page.set_default_timeout(SECONDS * 1000)
        page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))
        page.on("console", self._console)
        place = path.relative_to(lab.folder).as_posix()
        page.goto(f"{lab.url}/lab/workspaces/e2e/tree/{place}?reset")
        page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext")
        page.evaluate(WATCH, SECONDS)

    def run(self, seconds: float = 600) -> None:
        """Run all cells and assert that each one ran without an error."""
        result = self.page.evaluate(RUN, seconds)
        assert not result["errors"], _plain(result["errors"])
        assert result["ran"] == result["cells"] > 0, f"cells left out: {result}"
        self.assert_quiet()

    def drive(self, explorers: int = 1) -> int:
        """Use every control of the explorers on the page; return the number of sliders.

        Each slider goes to both ends by keyboard, and the picture must change each time. Every
        button is pressed, the first and the last entry of every menu chosen (test_contract.py has
        them all), something odd typed into every line of text: nothing may go wrong, but a picture
        need not change for them. Where there is a play button, the picture moves until it is
        pressed again.
        """
        found = self.page.locator(".explorer")
        found.nth(explorers - 1).wait_for()
        assert found.count() == explorers
        sliders = 0
        for explorer in found.all():
            explorer.scroll_into_view_if_needed()
            picture = explorer.locator("img.explorer-picture")
            for slider in explorer.get_by_role("slider").all():
                self._both_ends(slider, picture)
                sliders += 1
            for menu in explorer.locator("select").all():
                if not menu.is_visible():
                    continue  # an explorer hides what has no effect
                for number in (menu.locator("option").count() - 1, 0):
                    menu.select_option(index=number)
                    self._settled(picture)
            for line in explorer.locator("input[type=text]").all():
                for words in ("", ODD_WORDS, line.input_value()):
                    line.fill(words)
                    line.press("Enter")
                    self._settled(picture)
            for player in explorer.locator(".widget-play").all():
                self._plays(player, picture)
            for button in explorer.locator(OTHER_BUTTONS).all():
                button.click()
                self._settled(picture)
        self.assert_quiet()
        return sliders

    def assert_quiet(self) -> None:
        """Assert that neither the page nor the kernel has complained."""
        complaints = self.errors + self.page.evaluate("() => window.kernelErrors")
        assert not complaints, _plain(complaints)

    def _both_ends(self, slider, picture) -> None:
        slider.scroll_into_view_if_needed()  # what is off the screen has no text
        whole = slider.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]")
        name, readout = whole.inner_text().replace("\n", " "), whole.locator(".widget-readout")
        start, value = readout.inner_text(), slider.get_attribute("aria-valuenow")
        at_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
        for key in ("Home", "End") if at_end else ("End", "Home"):
            before, source = self._settled(picture), picture.get_attribute("src")
            slider.press(key)
            changed = self._changed(picture, source)
            after = self._settled(picture)
            self.assert_quiet()
            assert changed, f"{name!r}: no new picture after {key}"
            assert after != before, f"{name!r}: the picture looks the same after {key}"
        # Back to the start: at its end, one slider may leave another without effect.
        if "choice" in whole.get_attribute("class").split():  # a SelectionSlider: no typing there
            back = "ArrowRight" if key == "Home" else "ArrowLeft"
            for _ in range(round(float(slider.get_attribute("aria-valuemax")))):
                if slider.get_attribute("aria-valuenow") == value:
                    break
                slider.press(back)
        else:
            readout.fill(start.replace("\u2212", "-"))  # shown with a minus sign
            readout.press("Enter")
        self._settled(picture)
        assert readout.inner_text() == start, f"{name!r}: the number cannot be typed"

    def _plays(self, player, picture) -> None:
        """Play, pause and stop: the picture changes at least twice, and then it rests."""
        play, stop = player.locator("button").all()[:2]
        play.click()
        for _ in range(2):
            assert self._changed(picture, picture.get_attribute("src")), "nothing plays"
        for button in (play, stop):
            button.click()
            self._settled(picture)
        self.assert_quiet()

    def _changed(self, picture, source: str) -> bool:
        """Wait for another picture; return whether one came."""
        try:
            self.page.wait_for_function(
                "([image, source]) => image.src !== source",
                arg=[picture.element_handle(), source],
                timeout=10_000,
            )
        except TimeoutError:
            return False
        return True

    def _settled(self, picture) -> bytes:
        """Return a screenshot of the picture once the kernel is idle and it no longer changes."""
        last = None
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            self.page.wait_for_function(IDLE)
            # A picture that is replaced while it is decoded fails, and so does a damaged one.
            whole = picture.evaluate("image => image.decode().then(() => true, () => false)")
            shot = picture.screenshot()
            if whole and shot == last:
                return shot
            last = shot
            self.page.wait_for_timeout(100)
        raise AssertionError("the picture is damaged, or never comes to rest")

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text}")


def _plain(texts: list[str]) -> str:
    """Join tracebacks, without the colours that IPython gives them."""
    return re.sub(r"\x1b\[[\d;]*m", "", "\n\n".join(texts))


if __name__ == "__main__":
    path = find()
    print(f"Chromium: {path}" if path else f"{'!' * 78}\n{MISSING}\n{'!' * 78}")

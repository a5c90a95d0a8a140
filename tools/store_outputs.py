"""Run lessons top to bottom in fresh kernels; store their outputs; print seconds and peak memory.

    python tools/store_outputs.py               # all lessons and solutions
    python tools/store_outputs.py 00 04         # only these
    python tools/store_outputs.py --measure 04  # only print, write nothing

Stored outputs keep no widget views, for which a reader without a kernel would see an error
message; the static picture beside them stays.
"""

import argparse
import base64
import io
import os
import re
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from PIL import Image

from course_lib import machine

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "notebooks", ROOT / "exercises" / "solutions")
WIDGET = "application/vnd.jupyter.widget-view+json"


def without_widgets(outputs: list) -> list:
    """Return the outputs that a reader without a kernel can see."""
    kept = []
    for output in outputs:
        if WIDGET in output.get("data", {}):
            del output["data"][WIDGET]
            # What is left of a bare widget is its description in code, of use to nobody.
            if set(output["data"]) <= {"text/plain"}:
                continue
        kept.append(output)
    return kept


def repacked(match: re.Match) -> str:
    """Return a PNG in base64, packed as tightly as PNG allows: the same pixels, fewer bytes."""
    image, buffer = Image.open(io.BytesIO(base64.b64decode(match[0]))), io.BytesIO()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")  # nothing shines through: alpha says nothing
    image.save(buffer, "PNG", optimize=True)
    packed = base64.b64encode(buffer.getvalue()).decode()
    return min(match[0], packed, key=len)


def pack(outputs: list) -> None:
    """Pack the pictures in stored outputs; lessons stay under 1 MB, and a clone is smaller."""
    for output in outputs:
        if text := output.get("data", {}).get("text/html"):
            pictures = r"(?<=data:image/png;base64,)[A-Za-z0-9+/=]+"
            output["data"]["text/html"] = re.sub(pictures, repacked, text)


class PeakMemory(threading.Thread):
    """Watches the kernel's resident memory, in bytes, 20 times a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.done, self.known = 0, threading.Event(), {p.pid for p in _kernels()}

    def run(self):
        while not self.done.wait(0.05):
            for process in _kernels():
                if process.pid not in self.known:
                    try:
                        self.peak = max(self.peak, process.memory_info().rss)
                    except psutil.Error:
                        continue


def _kernels():
    for process in psutil.Process().children(recursive=True):
        try:
            if "ipykernel" in " ".join(process.cmdline()):
                yield process
        except psutil.Error:
            continue


def run(path: Path, store: bool) -> tuple[float, float]:
    """Execute one notebook; return seconds and peak resident memory in MB."""
    # Stored outputs come from a fixed number of threads: the last digits depend on it.
    os.environ.setdefault("OMP_NUM_THREADS", str(machine.cores()))
    notebook = nbformat.read(path, as_version=4)
    memory = PeakMemory()
    memory.start()
    began = time.perf_counter()
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": path.parent}}).execute()
    seconds = time.perf_counter() - began
    memory.done.set()
    if store:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = without_widgets(cell.outputs)
                pack(cell.outputs)
                cell.metadata.pop("execution", None)  # times of this machine
        notebook.metadata.pop("widgets", None)
        notebook.metadata.language_info = {"name": "python"}
        nbformat.write(notebook, path)
    return seconds, memory.peak / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lessons", nargs="*", help="numbers, such as 04, or A; all by default")
    parser.add_argument("--measure", action="store_true", help="write no outputs")
    options = parser.parse_args()
    paths = [path for folder in FOLDERS for path in sorted(folder.glob("*.ipynb"))]
    chosen = [
        path
        for path in paths
        if not options.lessons or path.stem.partition("_")[0] in options.lessons
    ]
    if not chosen:
        print("no such lesson", file=sys.stderr)
        return 2
    total = 0.0
    print(f"{'lesson':40} {'seconds':>8} {'peak MB':>8}")
    for path in chosen:
        seconds, megabytes = run(path, store=not options.measure)
        total += seconds
        print(f"{path.relative_to(ROOT)!s:40} {seconds:8.0f} {megabytes:8.0f}", flush=True)
    print(f"{'together':40} {total:8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

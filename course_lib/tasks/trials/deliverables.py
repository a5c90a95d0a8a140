"""What lesson 08's tasks look at: layers with and without seams, studies of memory, and files."""

import itertools
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch.nn import functional as F

from course_lib import data, figures, metrics, output
from course_lib.studio import provenance
from course_lib.studio.sources import Work
from course_lib.tasks.inputs import normal

ICONS, PORTRAITS, FRAMES = 48, 12, 8  # what the brief asks for, at least
# Over the seam a film may move so many times as far as in its largest step elsewhere.
JUMP = 1.5


def _padded(rows: str, columns: str, scale: float = 1.0) -> Callable:
    """Return a 3×3 convolution of (N, 3, H, W), with a padding mode for either axis."""
    weight = scale * normal(3, 4, 3, 3, 3)

    def layer(x):
        framed = F.pad(F.pad(x, (0, 0, 1, 1), rows), (1, 1, 0, 0), columns)
        return F.conv2d(framed, weight.to(x.dtype))

    return layer


def _by_fourier(x: torch.Tensor) -> torch.Tensor:
    """Return a circular convolution of another kind, whose rounding depends on the place."""
    kernel = torch.zeros_like(x[:1])
    kernel[..., :3, :3] = normal(4, 1, x.shape[1], 3, 3).to(x.dtype)
    return torch.fft.irfft2(torch.fft.rfft2(x) * torch.fft.rfft2(kernel), s=x.shape[2:])


# Layers that tile, with what is wrong with a test that refuses them.
_TILING = (
    (
        _padded("circular", "circular"),
        "It refuses a convolution that is padded around the edges. Roll the image before the "
        "layer, and what the layer makes of the unrolled one after it, by the same pixels along "
        "axes 2 and 3.",
    ),
    (
        torch.tanh,
        "It refuses tanh, which looks at one pixel at a time: no seam can come from that.",
    ),
    (
        _by_fourier,
        "It refuses a circular convolution that was computed in another order: sums of floats "
        "differ in their last digit. Allow for that, with torch.allclose.",
    ),
)
# Layers with seams, with what is wrong with a test that lets them pass.
_SEAMED = (
    (_padded("constant", "constant"), "It lets a zero-padded convolution pass, which has seams."),
    (
        _padded("constant", "circular"),
        "It lets a convolution pass whose top and bottom do not meet: roll along the rows' axis, "
        "2, as well.",
    ),
    (
        _padded("circular", "constant"),
        "It lets a convolution pass whose left and right do not meet: roll along the columns' "
        "axis, 3, as well.",
    ),
    (
        _padded("reflect", "reflect"),
        "It lets a convolution pass that is padded by reflection, which has seams.",
    ),
    (
        _padded("constant", "constant", 0.01),
        "It lets seams pass that are as faint as the layer's output, of about 0.05: the tolerance "
        "is too large.",
    ),
)


def tells_seams(test: Callable) -> str:
    """Return what is wrong with a test of layers, called with a layer and an image, or ""."""
    image = normal(0, 2, 3, 12, 10)
    verdicts = []
    for layer, sentence in (*_TILING, *_SEAMED):
        said = test(layer, image.clone())
        if said is None or said is ...:
            raise NotImplementedError
        if isinstance(said, torch.Tensor) and said.numel() == 1 and said.dtype == torch.bool:
            said = said.item()
        if not isinstance(said, bool | np.bool_):
            return (
                "Return True where the layer tiles and False where it does not; what came is of "
                f"type {type(said).__name__}."
            )
        verdicts.append((bool(said), sentence))
    tiling, seamed = verdicts[: len(_TILING)], verdicts[len(_TILING) :]
    if all(said for said, _ in verdicts):
        return (
            "It lets every layer pass, those with seams too. Is the image rolled at all, and what "
            "is compared with what?"
        )
    wrong = [sentence for said, sentence in tiling if not said]
    wrong += [sentence for said, sentence in seamed if said]
    return wrong[0] if wrong else ""


class Study(NamedTuple):
    """How near a generator's samples are to real images, as a report would give it.

    Attributes:
        training, held_out: how many images there are of either kind.
        near, far: distances of each sample, float32 (n,), to the nearest training image and to
            the nearest held-out image.
        usual: mean distance of held-out images to their nearest training image.
    """

    training: int
    held_out: int
    near: torch.Tensor
    far: torch.Tensor
    usual: float


def studies() -> dict[str, Study]:
    """Return six studies of Fashion-MNIST at 14×14 pixels, named "study A" to "study F".

    The samples are real images in place of generated ones, so that it is known what each
    generator has done. What that is, is what the task asks.
    """
    images, labels = (part[:16_000] for part in data.fashion("train"))
    images = F.avg_pool2d(data.to_float(images), 2)  # (16000, 1, 14, 14)
    training, held_out, fresh = images[:1500], images[1500:3000], images[3000:]
    noise = torch.randn(400, 1, 14, 14, generator=torch.Generator().manual_seed(0))
    samples = {
        "study A": fresh[:400],
        "study B": training[:400] + 0.45 * noise,
        "study C": fresh[labels[3000:] == 1][:400],
        "study D": fresh[620:640],
        "study F": torch.cat([fresh[:320], training[:80]]),
    }
    found = {name: _study(some, training, held_out) for name, some in samples.items()}
    found["study E"] = _study(fresh[:400], fresh[1000:4000], fresh[4000:5000])
    return dict(sorted(found.items()))


def _study(samples, training, held_out) -> Study:
    near, far, usual = (
        metrics.nearest(some, among)[0]
        for some, among in (
            (samples, training),
            (samples, held_out),
            (held_out[:400], training),
        )
    )
    return Study(len(training), len(held_out), near, far, usual.mean().item())


def handled(picture: Path | str, film: Path | str, folder: Path | str) -> dict[str, bool]:
    """Do with files what people do with files; return what was done -> whether facts are left.

    Args:
        picture: a PNG with its facts.
        film: a GIF with its facts.
        folder: where the copies go; made where it is missing.

    Raises:
        NotWritten: the copies cannot be written.
    """
    picture, film, folder = Path(picture), Path(film), Path(folder)
    again, cropped, seen = (folder / f"{name}.png" for name in ("again", "cropped", "screenshot"))
    as_jpeg, moving = folder / "as.jpg", folder / "again.gif"
    with Image.open(picture) as image, Image.open(film) as frames, output.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        copied = Path(shutil.copy(picture, folder / "another-name.png"))
        image.save(again)
        image.crop((0, 0, image.width // 2, image.height // 2)).save(cropped)
        image.convert("RGB").save(as_jpeg)
        # What a screen shows are colours alone.
        Image.fromarray(np.asarray(image)).save(seen)
        frames.save(moving, save_all=True)
    with Image.open(as_jpeg) as image:
        in_jpeg = provenance.KEY in image.info or "comment" in image.info
    return {
        "copied and renamed": provenance.read(copied) is not None,
        "PNG opened and saved as PNG": provenance.read(again) is not None,
        "PNG cropped and saved as PNG": provenance.read(cropped) is not None,
        "PNG saved as JPEG": in_jpeg,
        "a screenshot of it": provenance.read(seen) is not None,
        "GIF opened and saved as GIF": provenance.read(moving) is not None,
    }


def answers_the_brief(folder: object) -> str:
    """Return what is wrong with a folder of files made for the brief, or "".

    It holds `contact.png`, 48 icons in `icons/` (a `sheet.png` beside them does not count), and
    `loop.gif` or `loop.mp4`.
    """
    if not isinstance(folder, str | os.PathLike):
        return (
            "Pass the path of the folder that holds the files; this is of type "
            f"{type(folder).__name__}."
        )
    folder = Path(folder)
    if not folder.is_dir():
        return f"{folder} is no folder. Return the path of the folder that you have filled."
    contact, drawer = folder / "contact.png", folder / "icons"
    film = next((p for p in (folder / "loop.gif", folder / "loop.mp4") if p.is_file()), None)
    missing = [] if contact.is_file() else ["contact.png"]
    missing += [] if drawer.is_dir() else ["the folder icons"]
    missing += ["loop.gif or loop.mp4"] if film is None else []
    if missing or film is None:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:6]) or "nothing"
        return f"Missing: {'; '.join(missing)}. The folder holds {there}."
    icons = sorted(path for path in drawer.glob("*.png") if path.name != "sheet.png")
    if len(icons) != ICONS:
        return f"The folder icons holds {len(icons)} icons; the brief asks for {ICONS}."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a damaged file, which is told below
        return (
            _silent([contact, film, *icons])
            or _odd_icons(icons)
            or _odd_sheet(provenance.read(contact) or {})
            or _odd_film(film)
        )


def _silent(paths: list[Path]) -> str:
    """Return which files say nothing of their origin, or cannot be read; "" where all do."""
    silent, nameless = [], []
    for path in paths:
        try:
            found = provenance.read(path)
        except Exception:  # Pillow's and FFmpeg's own errors for damaged files are many
            return f"{path.name} cannot be read: is it what its name says, and whole?"
        if found is None:
            silent.append(path.name)
        elif not found.get("model"):
            nameless.append(path.name)
    if silent:
        return (
            f"{_some(silent)} without a word of where it comes from. Save with the studio's own "
            "save, or with provenance.save_png and provenance.facts; what is opened and saved "
            "anew has lost it."
        )
    return f"{_some(nameless)} without the name of a model in the facts." if nameless else ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}:"


def _odd_icons(paths: list[Path]) -> str:
    """Return what is wrong with the icons: opaque, empty, twice the same, or no set; or ""."""
    known: dict[bytes, str] = {}
    sizes, palettes = set(), set()
    for path in paths:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA"))
        alpha = pixels[..., 3]
        if alpha.min() > 0:
            return f"{path.name} is opaque: on coloured paper it would stand in a box."
        if alpha.max() < 128:
            return f"{path.name} is empty, or nearly so: nothing of it covers the paper."
        # Colours where nothing shows do not tell icons apart.
        seen = np.where(alpha[..., None] > 0, pixels, 0).tobytes()
        if seen in known:
            return f"{known[seen]} and {path.name} are the same picture; 48 different ones are due."
        known[seen] = path.name
        sizes.add(pixels.shape[:2])
        palettes.add(str((provenance.read(path) or {}).get("palette")))
    if len(sizes) > 1:
        return "The icons have different sizes: a set has one."
    if len(palettes) > 1:
        return f"The icons' facts name {len(palettes)} palettes: a set has one."
    return ""


def _odd_sheet(facts: Mapping) -> str:
    """Return what is wrong with the contact sheet by its facts, or ""."""
    seeds = facts.get("seeds")
    if seeds is None:  # a sheet of latents of the student's own
        return ""
    if len(set(seeds)) < len(seeds):
        return "contact.png shows a seed more than once."
    if len(seeds) < PORTRAITS:
        return f"contact.png shows {len(seeds)} portraits; the brief asks for {PORTRAITS} or more."
    return ""


def _frames(path: Path) -> np.ndarray:
    """Return a film's frames, uint8 (N, H, W, 3)."""
    if path.suffix == ".gif":
        with Image.open(path) as image:
            frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    else:
        import av  # only here: it loads FFmpeg's libraries

        with av.open(path) as film:
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return np.stack(frames)


def _odd_film(path: Path) -> str:
    """Return what is wrong with a looping film, or ""."""
    frames = _frames(path)
    still = f"{path.name} has {len(frames)} frames: nothing moves in it, or hardly."
    if len(frames) < FRAMES:
        return still
    ahead = itertools.chain(frames[1:], frames[:1])
    # One pair at a time: a long film as floats would not fit into a small memory.
    *inside, seam = (
        float(np.abs(after.astype(np.int16) - before).mean())
        for before, after in zip(frames, ahead, strict=True)
    )
    if max(inside) < 0.02:  # of 255
        return still
    if seam > JUMP * max(inside):
        return (
            f"{path.name} jumps from its last frame to its first, {seam / max(inside):.1f} times "
            "as far as anywhere else: the walk does not close."
        )
    if seam < 0.2 * min(inside[0], inside[-1]):
        return f"{path.name} shows its first frame twice, at the end and at the beginning."
    return ""


def show_set(folder: Path | str) -> None:
    """Show a folder made for the brief: page, icons, eight frames of the film, and its facts."""
    folder = Path(folder)
    icons = sorted(path for path in (folder / "icons").glob("*.png") if path.name != "sheet.png")
    film = next(folder / name for name in ("loop.gif", "loop.mp4") if (folder / name).is_file())
    paths = (folder / "contact.png", icons[0], film)
    told = {path.name: provenance.read(path) or {} for path in paths}
    with Image.open(folder / "contact.png") as page:
        alt = "A page of portraits, each over its seed."
        Work(page.convert("RGB"), told["contact.png"]).show(alt, "contact.png", width=320)
    sheet = Image.new("RGB", (8 * 64, 6 * 64), "white")
    for index, path in enumerate(icons[:ICONS]):
        with Image.open(path) as image:
            icon = image.convert("RGBA").resize((56, 56))
        sheet.paste(icon, (64 * (index % 8) + 4, 64 * (index // 8) + 4), icon)
    alt = "Six rows of eight small coloured garments on white."
    Work(sheet, told[icons[0].name]).show(alt, "icons/", width=sheet.width)
    frames = torch.from_numpy(_frames(film)).permute(0, 3, 1, 2)  # (N, 3, H, W)
    spread = frames[torch.linspace(0, len(frames) - 1, 8).long()]
    small = F.interpolate(data.to_float(spread), size=64, mode="area")
    alt = "Eight frames of a film, from its first to its last."
    figures.grid(small, columns=8, scale=1, alt=alt, caption=f"{film.name}, from first to last")
    rows = {}
    for name, said in told.items():
        seeds = said.get("seeds") or [said.get("seed")]
        rows[name] = [said.get("model"), ", ".join(map(str, seeds)), said.get("credit")]
    columns = ["model", "seed", "credit"]
    figures.table(rows, columns, "What three of the files say of themselves")

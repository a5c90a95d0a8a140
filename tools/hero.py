"""Draw README's moving picture: three sliders of the course at work, one after the other.

python tools/hero.py     # writes .github/sliders.gif
"""

import math
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from course_lib import data, latent, sampling, zoo
from course_lib.studio import provenance
from course_lib.studio.sheets import typeface

TARGET = Path(__file__).resolve().parents[1] / ".github" / "sliders.gif"
SIDE, GAP, FOOT, FRAMES, RATE = 192, 24, 52, 22, 10  # pixels; frames for one way of a slider
CAPTIONS = (
    "a person with short red hair and glasses in a red shirt",
    "a person with short red hair and glasses in a green shirt",
)
INK, TRACK, KNOB = (40, 40, 40), (205, 205, 205), (31, 119, 180)


def ways() -> dict[str, torch.Tensor]:
    """Return, under each slider's name, its images (FRAMES, C, H, W) from its left to its right."""
    share = torch.linspace(0, 1, FRAMES)[:, None]
    portraits, garments, told = map(
        zoo.load, ("progan-personas", "cgan-fashion", "stackgan-personas")
    )
    seven, ninety = (sampling.latents(1, sampling.size_of(portraits), seed) for seed in (7, 90))
    one = sampling.latents(9, garments.z_dim, seed=0)[8:].repeat(FRAMES, 1)
    sneaker, boot = (
        torch.eye(10)[data.FASHION_CLASSES.index(name)] for name in ("sneaker", "ankle boot")
    )
    person = sampling.latents(8, sampling.size_of(told), seed=0)[7:].repeat(FRAMES, 1)
    first, second = told.encode(list(CAPTIONS))
    return {
        "one portrait to another": sampling.draw(portraits, latent.slerp(seven, ninety, share)),
        "sneaker to ankle boot": sampling.draw(garments, one, torch.lerp(sneaker, boot, share)),
        "red shirt to green shirt": sampling.draw(told, person, torch.lerp(first, second, share)),
    }


def tile(image: torch.Tensor, name: str, at: float) -> Image.Image:
    """Return an image above its slider, whose knob is at 0 to 1."""
    drawn = Image.new("RGB", (SIDE, SIDE + FOOT), "white")
    shown = provenance.picture(image).convert("RGB")
    drawn.paste(shown.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    pen, y = ImageDraw.Draw(drawn), SIDE + 15
    pen.rounded_rectangle((8, y - 2, SIDE - 8, y + 2), 2, fill=TRACK)
    x = 16 + at * (SIDE - 32)
    pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=KNOB)
    font = typeface("DejaVuSans.ttf", 14)
    pen.text((SIDE / 2, y + 24), name, fill=INK, font=font, anchor="mm")
    return drawn


def main() -> None:
    sliders = ways()
    at = dict.fromkeys(sliders, 0)
    frames = []
    ease = [(1 - math.cos(math.pi * k / FRAMES)) / 2 for k in range(FRAMES + 1)]
    there = [round((FRAMES - 1) * part) for part in ease]
    for name in sliders:
        for k in [*there, *there[-2::-1]]:
            at[name] = k
            frame = Image.new("RGB", (3 * SIDE + 4 * GAP, SIDE + FOOT + GAP), "white")
            for column, (title, images) in enumerate(sliders.items()):
                drawn = tile(images[at[title]], title, at[title] / (FRAMES - 1))
                frame.paste(drawn, (GAP + column * (SIDE + GAP), GAP))
            frames.append(frame)
    sheet = Image.new("RGB", (frames[0].width, frames[0].height * len(frames)))
    for k, frame in enumerate(frames):
        sheet.paste(frame, (0, k * frame.height))
    palette = sheet.quantize(256)
    first, *others = (f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames)
    facts = provenance.facts("progan-personas", 7, others="cgan-fashion and stackgan-personas, 0")
    first.save(
        TARGET,
        save_all=True,
        append_images=others,
        duration=1000 // RATE,
        loop=0,
        comment=provenance.text(facts).encode("ascii"),
    )
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB, {len(frames)} frames")


if __name__ == "__main__":
    main()

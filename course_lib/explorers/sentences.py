"""Lesson 06's explorers: a portrait for a sentence, and the way from one sentence to another."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image

from course_lib.data import ATTRIBUTES, Tokeniser, describe
from course_lib.explorers.base import WIDE, Explorer, menu, slider, whole_slider
from course_lib.explorers.canvas import Canvas
from course_lib.explorers.networks import device_of, expect
from course_lib.figures import BLUE, ORANGE
from course_lib.latent import slerp
from course_lib.metrics.reports import personas as portraits
from course_lib.models.cnn import AttributeClassifier
from course_lib.models.stackgan import StackGAN
from course_lib.sampling import latents
from course_lib.training import evaluating

NOT_MENTIONED = ""  # a menu's value, shown as "–"
FIRST = {
    "hair": "bob",
    "hair colour": "pink",
    "eyes": "sunglasses",
    "mouth": "smile",
    "clothing": "checked shirt",
    "clothing colour": "green",
}
SENTENCE_A = "a smiling person with a pink bob and a green T-shirt"
SENTENCE_B = "a bald person with sunglasses, a full beard and a red jumper"

WHY = (
    "z and the noise are the same all the way. The encoder gives every sentence a vector of one "
    "length, so all of them lie on a sphere. The way follows it: the middle of a straight line "
    "would be shorter than any vector that the stages have met."
)


class Heard(NamedTuple):
    """What the model reads of a text, and what there is to say about the rest."""

    words: str  # those it knows, at most `Tokeniser.LENGTH`, in lower case and without signs
    remark: str  # sentences, or ""

    def quoted(self) -> str:
        """Return what is drawn, in words."""
        return f"“{self.words}”" if self.words else "a person about whom nothing was said"


def hear(tokeniser: Tokeniser, text: str) -> Heard:
    """Return what a model with this tokeniser reads of any text; never raises."""
    words, remarks, length = tokeniser.split(text), [], Tokeniser.LENGTH
    if len(words) > length:
        remarks.append(
            f"These are {len(words):,} words, and no caption that I learnt from has more than "
            f"{length}: I read the first {length}."
        )
        words = words[:length]
    strange = tokeniser.unknown(" ".join(words))
    if strange:
        them = "it is" if len(strange) == 1 else "they are"
        remarks.append(f"I do not know: {_listed(strange)}; {them} ignored.")
    known = [word for word in words if word not in strange]
    if not text.strip():
        remarks.append("You have not said anything yet. Try “a sleepy person with pigtails”.")
    elif not known:
        remarks.append(
            "That leaves nothing that I can draw. I know words for hair, eyes, mouths, clothes, "
            "skin, beards and backgrounds: try “a sleepy person with pigtails”."
        )
    return Heard(" ".join(known), " ".join(remarks))


def _listed(words: Sequence[str], most: int = 8, longest: int = 24) -> str:
    """Return words in quotes; of many words the first ones, of long words the beginnings."""
    short = [word if len(word) <= longest else f"{word[:longest]}…" for word in words[:most]]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(f"'{word}'" for word in short) + more


def seen(image: torch.Tensor, judge: AttributeClassifier | None) -> str:
    """Return a sentence on what a judge sees in an image (3, S, S); "" without a judge."""
    if judge is None:
        return ""
    found = portraits.read(image[None].to(device_of(judge)), judge)[0].tolist()
    pairs = zip(ATTRIBUTES.items(), found, strict=True)
    values = {name.replace(" ", "_"): names[index] for (name, names), index in pairs}
    return f"The judge would call it “{describe(**values)}”."


def text_box(description: str, text: str) -> widgets.Text:
    """Return a line of text that reports when Enter is pressed or the field is left.

    While a word is typed, its beginning would count as an unknown word.
    """
    return widgets.Text(
        value=text,
        description=description,
        placeholder="a smiling person with …",
        continuous_update=False,
        style=WIDE,
        layout=widgets.Layout(width="100%", max_width="950px"),
    )


class Sentences(Explorer):
    """What both have in common: a StackGAN, text boxes on top, and its two stages side by side.

    Sizes are in pixels. A subclass calls `take`, makes its controls and hands them on.
    """

    WIDTH, LARGE, TOP, LEFTS = 606, 256, 28, (4, 346)
    seed: widgets.IntSlider  # a subclass makes it

    def take(self, model: StackGAN, judge: AttributeClassifier | None) -> None:
        """Note a copy of a StackGAN, and a judge.

        Raises:
            ValueError: the model is no StackGAN.
        """
        parts = ("tokeniser", "encode", "stage1", "stage2", "z_dim", "c_dim", "c_dim2")
        expect(model, "a StackGAN", *parts)
        # One core convolves images stored pixel by pixel (channels last) about 1.3 times faster.
        self.model = copy.deepcopy(model).cpu().to(memory_format=torch.channels_last)
        self.judge = judge
        self.stages = 1 if model.stage2 is None else 2

    def latents(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z (n, z_dim) and noise (n, c_dim + c_dim2) as `model.sample` draws them."""
        sizes = (self.model.z_dim, self.model.c_dim + self.model.c_dim2)
        z, noise = latents(n, sum(sizes), self.seed.value).split(sizes, dim=1)
        return z, noise

    def faces(self, z: torch.Tensor, text: torch.Tensor, noise: torch.Tensor) -> list[torch.Tensor]:
        """Return the images of each stage, (n, 3, 16, 16) and (n, 3, 64, 64), in eval mode.

        The same as two calls of the model, which would draw Stage I's images twice.
        """
        model = self.model
        with evaluating(model):
            condition, *_ = model.stage1.augment(text, noise[:, : model.c_dim])
            images = [model.stage1(z, condition)]
            if model.stage2 is not None:
                condition, *_ = model.stage2.augment(text, noise[:, model.c_dim :])
                images.append(model.stage2(images[0], condition))
        return images

    def paste_stages(self, canvas: Canvas, images: Sequence[torch.Tensor]) -> None:
        """Put the first image of each stage on the picture, large and side by side."""
        for stage, (left, (image, *_)) in enumerate(zip(self.LEFTS, images, strict=False), 1):
            size = image.shape[-1]
            canvas.text(left, self.TOP - 10, f"Stage {'I' * stage}: {size}×{size} pixels", 13)
            canvas.show(image, self.LARGE, left, self.TOP)
        if self.stages == 2:
            left, right = self.LEFTS[0] + self.LARGE, self.LEFTS[1]
            middle, y = (left + right) / 2, self.TOP + self.LARGE // 2
            for line, words in enumerate(("reads the", "sentence", "again")):
                canvas.text(middle, y - 44 + 15 * line, words, 12, anchor="ms")
            canvas.arrow(np.array([left + 10, y]), right - left - 20, BLUE, 2)

    def sizes(self) -> str:
        """Return a sentence about the large pictures."""
        if self.stages == 1:
            return "The large picture is Stage I's, 16×16; this model has no Stage II."
        return "Left of the blue arrow: Stage I, 16×16. Right of it: Stage II, 64×64."

    def seen(self, image: torch.Tensor) -> str:
        """Return a sentence on what the judge sees in an image (3, S, S); "" without a judge."""
        return seen(image, self.judge)


class Sentence(Sentences):
    """An explorer of a StackGAN: a sentence becomes a portrait, in two stages.

    The sentence is typed, or nine menus write it. Sliders choose the seed and the scale of the
    conditioning noise ε in c = μ + σε (1 as in training, 0 for c = μ). The large faces are those
    of `model.sample([sentence], seed, noise=noise)`; below are more of the same sentence. Words
    that the model does not know are named and ignored; any text draws a person.

    Args:
        model: a `StackGAN`, of which the explorer keeps a copy; without Stage II the picture shows
            Stage I alone.
        judge: a classifier of the nine attributes, "personas-cnn": says in words what it sees.
        text: the first sentence, beside menus that mention nothing; None: the menus write one.
        seeds: number of seeds to choose from.

    Raises:
        ValueError: the model is no StackGAN.
    """

    HEIGHT, OTHERS, SMALL, STEP, ROW = 446, 4, 128, 156, 316

    def __init__(
        self,
        model: StackGAN,
        judge: AttributeClassifier | None = None,
        text: str | None = None,
        seeds: int = 100,
    ):
        self.take(model, judge)
        self.menus = {
            name: menu(
                name,
                [("–", NOT_MENTIONED), *((value, value) for value in values)],
                value=FIRST.get(name, NOT_MENTIONED) if text is None else NOT_MENTIONED,
            )
            for name, values in ATTRIBUTES.items()
        }
        self.wording, self.written, self.hidden = 0, None, []
        self.sentence = text_box("sentence", "" if text is None else text)
        if text is None:
            self.write()
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.noise = slider("noise", 0.0, 2.0, 1.0)
        other = self.button("Say it in other words", self.reword, "refresh", width="200px")
        controls = [*self.menus.values(), other, self.seed, self.noise]
        alt = (
            "A portrait drawn from a sentence, small and blocky by Stage I, sharper by Stage II; "
            "under it four more faces of the same sentence."
        )
        super().__init__(controls, alt, self.WIDTH, above=[self.sentence])

    def write(self) -> None:
        """Let the menus write the sentence; note what their other choices hide."""
        chosen = {
            name.replace(" ", "_"): menu.value
            for name, menu in self.menus.items()
            if menu.value != NOT_MENTIONED
        }
        self.written = describe(self.wording, **chosen)
        # What is hidden is left out of the sentence, which is then the same without it.
        self.hidden = [
            name.replace("_", " ")
            for name in chosen
            if self.written
            == describe(self.wording, **{k: v for k, v in chosen.items() if k != name})
        ]
        self.sentence.value = self.written

    def reword(self) -> None:
        """Write what the menus say in other words."""
        self.wording += 1
        self.write()

    def changed(self, change) -> None:
        if change.owner in self.menus.values():
            before = self.sentence.value
            self.write()
            if self.sentence.value != before:
                return  # the new sentence has been drawn already
        self.refresh()

    def draw(self) -> tuple[bytes, str]:
        heard = hear(self.model.tokeniser, self.sentence.value)
        text = self.model.encode([heard.words]).expand(1 + self.OTHERS, -1)
        z, noise = self.latents(len(text))
        images = self.faces(z, text, self.noise.value * noise)
        canvas = Canvas(self.WIDTH, self.HEIGHT, scale=1)
        self.paste_stages(canvas, images)
        canvas.text(4, self.ROW - 10, "the same sentence, other z and other noise:", 13)
        for index, image in enumerate(images[-1][1:]):
            place = (4 + self.STEP * index, self.ROW)
            canvas.show(image, self.SMALL, *place)
        return canvas.png(), self.words(heard, images[-1][0])

    def words(self, heard: Heard, image: torch.Tensor) -> str:
        """Return what there is to say about the picture."""
        parts = [heard.remark]
        if self.hidden and self.sentence.value == self.written:
            parts.append(
                f"Not in the sentence, because your other choices hide it: "
                f"{' and '.join(self.hidden)}."
            )
        noise = {0.0: "0: c = μ", 1.0: "1, as in training"}
        scale = self.noise.value
        parts += [
            f"Drawn: {heard.quoted()}, seed {self.seed.value}, conditioning noise times "
            f"{noise.get(scale, f'{scale:.2f}')}.",
            self.seen(image),
            self.sizes(),
            f"Below: {self.OTHERS} more faces of the same sentence.",
        ]
        return " ".join(filter(None, parts))


class TwoSentences(Sentences):
    """An explorer of the way between two sentences, along the sphere of their embeddings.

    z and the conditioning noise stay the same all the way; a slider chooses their seed.

    The encoder gives every embedding the length √dim, so all of them lie on a sphere. The straight
    line between two leaves it: its middle is shorter than anything that the stages have met. So
    the way follows the sphere, `slerp`.

    Args:
        model, judge, seeds: as for `sentence`.
        text_a, text_b: the first two sentences.

    Raises:
        ValueError: the model is no StackGAN.
    """

    STEPS, SMALL, STEP, LEFT, STRIP = 7, 64, 88, 7, 314
    GAP = 4  # between Stage I's strip and Stage II's

    def __init__(
        self,
        model: StackGAN,
        judge: AttributeClassifier | None = None,
        text_a: str = SENTENCE_A,
        text_b: str = SENTENCE_B,
        seeds: int = 100,
    ):
        self.take(model, judge)
        self._drawn = {}
        self.sentence_a = text_box("sentence A", text_a)
        self.sentence_b = text_box("sentence B", text_b)
        self.between = slider("from A to B", 0.0, 1.0, 0.5, 0.02)
        self.seed = whole_slider("seed", 0, seeds - 1, 0)
        self.height = self.STRIP + self.stages * (self.SMALL + self.GAP) + 12
        alt = (
            "A portrait on the way from one sentence to another, by both stages, and under it the "
            "whole way as a strip."
        )
        boxes = [self.sentence_a, self.sentence_b]
        controls = [
            self.between,
            self.seed,
            widgets.HTML(WHY, layout=widgets.Layout(width="320px")),
        ]
        super().__init__(controls, alt, self.WIDTH, above=boxes)

    def walk(self, ends: torch.Tensor, t: torch.Tensor) -> list[torch.Tensor]:
        """Return each stage's images at t (n,) on the way between embeddings (2, text_dim)."""
        text = slerp(*ends, t=t[:, None])
        z, noise = (part.expand(len(t), -1) for part in self.latents(1))
        return self.faces(z, text, noise)

    def _base(self, ends: torch.Tensor, key: tuple) -> Image.Image:
        """Return the strip of the way between embeddings `ends` (2, text_dim), drawn once."""
        if key not in self._drawn:
            canvas = Canvas(self.WIDTH, self.height, scale=1)
            right = self.LEFT + (self.STEPS - 1) * self.STEP + self.SMALL
            canvas.text(self.LEFT, self.STRIP - 9, "A", 13)
            canvas.text(right, self.STRIP - 9, "B", 13, anchor="rs")
            title = ("the whole way", "the whole way: Stage I above, Stage II below")[
                self.stages - 1
            ]
            canvas.text(self.WIDTH / 2, self.STRIP - 9, title, 13, anchor="ms")
            for row, images in enumerate(self.walk(ends, torch.linspace(0, 1, self.STEPS))):
                for index, image in enumerate(images):
                    top = self.STRIP + row * (self.SMALL + self.GAP)
                    canvas.show(image, self.SMALL, *(self.LEFT + index * self.STEP, top))
            self._drawn = {key: canvas.image}
        return self._drawn[key]

    def draw(self) -> tuple[bytes, str]:
        boxes = (self.sentence_a, self.sentence_b)
        a, b = (hear(self.model.tokeniser, box.value) for box in boxes)
        ends, t = self.model.encode([a.words, b.words]), self.between.value
        base = self._base(ends, (a.words, b.words, self.seed.value))
        canvas = Canvas(self.WIDTH, self.height, base, scale=1)
        images = self.walk(ends, torch.tensor([t]))
        self.paste_stages(canvas, images)
        x = self.LEFT + self.SMALL / 2 + t * (self.STEPS - 1) * self.STEP
        canvas.mark(x, self.height - 13, ORANGE)
        remarks = [
            f"Sentence {letter}: {heard.remark}"
            for letter, heard in (("A", a), ("B", b))
            if heard.remark
        ]
        parts = [
            *remarks,
            f"{t:.0%} of the way from A, {a.quoted()}, to B, {b.quoted()}, seed {self.seed.value}.",
            self.seen(images[-1][0]),
            self.sizes(),
            "Below: the whole way, with an orange mark at this place.",
        ]
        return canvas.png(), " ".join(filter(None, parts))

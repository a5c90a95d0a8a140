"""Lesson 01's explorer: the GAN game on a line, played by hand.

`Game` is the mathematics, without a widget: a generator that has two parameters, the mean and the
scale of a Gaussian, against a discriminator that learns the output weights of a small network.
`GanGame` is the explorer around it. It draws with Pillow, because a redrawn matplotlib figure
takes 100 ms, too long for a picture that follows a finger.
"""

import io
import math
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from PIL import Image

from course_lib import theory
from course_lib.explorers.base import Explorer, menu, slider
from course_lib.explorers.canvas import Canvas, Plot
from course_lib.figures import BLUE, GREEN, ORANGE, PURPLE

MEANS, SCALES = (-4.0, 4.0), (0.4, 1.8)
LOSSES = ("non-saturating", "saturating")


@dataclass(frozen=True)
class Preset:
    """The data's density, a mixture of Gaussians, and where the generator's Gaussian starts."""

    means: list[float]
    stds: list[float]
    weights: list[float]
    mean: float
    scale: float


PRESETS = {
    "overlap": Preset([1.0], [0.8], [1.0], mean=-1.0, scale=1.0),
    "disjoint": Preset([3.0], [0.5], [1.0], mean=-3.0, scale=0.5),
    "two modes": Preset([-1.5, 1.5], [0.45, 0.45], [0.5, 0.5], mean=0.5, scale=1.0),
}


class Game:
    """The state of one game: p, the generator's q = N(mean, scale²), the discriminator's weights.

    D is a network with one hidden layer of 23 tanh units in fixed places; only its output weights
    learn. So V is a concave function of them, and a step of D can be made sure to raise it.
    """

    # Wide enough for every position of the sliders: what lies outside is below 1e-7 of the mass.
    x, dx = theory.grid(-14, 14, 1121)
    _steps = torch.tanh((x[:, None] - torch.linspace(-5.5, 5.5, 23, dtype=torch.float64)) / 0.6)
    features = torch.cat([torch.ones_like(x)[:, None], _steps], dim=1)  # (1121, 24)
    slopes = torch.cat([torch.zeros_like(x)[:, None], (1 - _steps**2) / 0.6], dim=1)

    def __init__(self, preset: str = "overlap"):
        self.reset(preset)

    def reset(self, preset: str) -> None:
        """Start anew: the preset's densities, and a discriminator that says ½ everywhere."""
        chosen = PRESETS[preset]
        self.p = theory.mixture(self.x, chosen.means, chosen.stds, chosen.weights)
        self.mean, self.scale = chosen.mean, chosen.scale
        self.weights = torch.zeros(self.features.shape[1], dtype=torch.float64)

    @property
    def q(self) -> torch.Tensor:
        """The generator's density (1121,)."""
        return theory.gaussian(self.x, self.mean, self.scale)

    @property
    def logits(self) -> torch.Tensor:
        """The discriminator's logits (1121,)."""
        return self.features @ self.weights

    def value(self) -> float:
        """Return V(D, G) for the present D and G."""
        return theory.value_of_logits(self.p, self.q, self.logits, self.dx).item()

    def gradients(self, of: str = "mean") -> dict[str, float]:
        """Return both losses' gradients with respect to the generator's "mean" or "scale"."""
        velocity = 1.0 if of == "mean" else (self.x - self.mean) / self.scale
        saturating, non_saturating = theory.generator_gradients(
            self.q, self.logits, self.slopes @ self.weights, self.dx, velocity
        )
        return {"saturating": saturating.item(), "non-saturating": non_saturating.item()}

    def d_step(self, rate: float = 0.5, damping: float = 0.01) -> None:
        """Move the weights uphill on V: half of a damped Newton step, less where V would fall."""
        p, q, features = self.p, self.q, self.features
        d = torch.sigmoid(self.logits)
        gradient = features.T @ (p * (1 - d) - q * d) * self.dx
        curvature = (features.T * ((p + q) * d * (1 - d) * self.dx)) @ features
        curvature += damping * torch.eye(len(gradient), dtype=torch.float64)
        move, before = rate * torch.linalg.solve(curvature, gradient), self.value()
        start = self.weights
        for _ in range(20):
            self.weights = start + move
            if self.value() >= before:
                return
            move = move / 2
        self.weights = start

    def g_step(self, loss: str = "non-saturating", rate: float = 0.6, longest: float = 0.3) -> None:
        """Move mean and scale downhill on the chosen loss, by `longest` at most."""
        moves = [-rate * self.gradients(of)[loss] for of in ("mean", "scale")]
        mean, scale = (max(-longest, min(longest, move)) for move in moves)
        self.mean = max(MEANS[0], min(MEANS[1], self.mean + mean))
        self.scale = max(SCALES[0], min(SCALES[1], self.scale + scale))

    def numbers(self) -> dict[str, float]:
        """Return V, V at D*, JSD, TV, W1 and both gradients for the mean, by name."""
        p, q, dx = self.p, self.q, self.dx
        jsd = theory.js_divergence(p, q, dx).item()
        return {
            "V(D, G)": self.value(),
            "V(D*, G)": 2 * jsd - math.log(4),
            "JSD": jsd,
            "TV": theory.total_variation(p, q, dx).item(),
            "W1": theory.wasserstein1(p, q, dx).item(),
            **self.gradients(),
        }


def brief(number: float) -> str:
    """Return a number with two decimals, or as 1.2e-05 where that would hide it."""
    number += 0.0  # −0 becomes 0
    return f"{number:.1e}" if 0 < abs(number) < 0.005 else f"{number:.2f}"


DASHED, DASH_DOT = (8, 4), (9, 3, 2, 3)


class GanGame(Explorer):
    """An explorer of the GAN game on a line, played by hand: move q, or let D and G take steps.

    Above the two densities, with an arrow for each loss of the generator that says where its
    gradient pushes q; in the middle D and the best D*; below V after each move. Sliders move and
    scale q, and leave D as it is. Buttons take one step of D, one of G, ten of both in turn, or
    start again.
    """

    WIDTH, HEIGHT, MOVES = 600, 470, 40
    DENSITIES = Plot(40, 24, 420, 176, (-6, 6), (0, 1.05))
    ANSWERS = Plot(40, 222, 420, 322, (-6, 6), (0, 1))
    VALUES = Plot(40, 370, 420, 440, (0, MOVES), (-2.5, 0))

    def __init__(self):
        self.game, self.moves = Game(), []
        self.preset = menu("densities", PRESETS)
        self.mean = slider("move q (mean)", *MEANS, self.game.mean)
        self.scale = slider("stretch q (scale)", *SCALES, self.game.scale)
        self.loss = menu("G's loss", LOSSES)
        acts = {
            "one D step": lambda: self.play("D"),
            "one G step": lambda: self.play("G"),
            "ten of both": lambda: self.play("DG" * 10),
            "reset": self.reset,
        }
        rows = [self.button(name, act, width="46%") for name, act in acts.items()]
        buttons = widgets.Box(rows, layout={"flex_flow": "row wrap", "width": "330px"})
        self._base, self._palette = self._draw_base(), None
        controls = [self.preset, self.mean, self.scale, self.loss, buttons]
        alt = (
            "After three steps of D: two densities on a line, p and q, with an arrow for each loss "
            "that pushes q to p; under them D and the best one, D*; at the bottom V, which rises."
        )
        super().__init__(controls, alt, width=self.WIDTH)

    def static_picture(self) -> bytes:
        """Return a picture of a game that has begun, with long arrows."""
        if self.moves:
            return super().static_picture()
        begun = GanGame()
        begun.play("DDD")
        picture = begun.picture.value
        begun.close()
        return picture

    def play(self, players: str) -> None:
        """Take one step for each letter: "D" for the discriminator, "G" for the generator."""
        with self.threads():
            for player in players:
                if player == "D":
                    self.game.d_step()
                else:
                    self.game.g_step(self.loss.value)
                self.moves.append((player, self.game.value()))
        self.moves = self.moves[-self.MOVES :]
        self._show_state()

    def reset(self) -> None:
        """Start the chosen preset again, with a discriminator that knows nothing."""
        self.game.reset(self.preset.value)
        self.moves = []
        self._show_state()

    def _show_state(self) -> None:
        """Set the sliders to the game's q without treating that as a move, and draw once."""
        with self.quietly():
            self.mean.value, self.scale.value = self.game.mean, self.game.scale
        self.refresh()

    def changed(self, change) -> None:
        if change.owner is self.preset:
            self.reset()
            return
        # Only the slider that moved: the other shows a rounded number, the game an exact one.
        if change.owner is self.mean:
            self.game.mean = change.new
        elif change.owner is self.scale:
            self.game.scale = change.new
        self.refresh()

    def sentence(self, numbers: dict[str, float]) -> str:
        """Return in words what the picture shows."""
        return (
            f"q has mean {self.game.mean:.2f} and scale {self.game.scale:.2f}. "
            f"V(D, G) = {brief(numbers['V(D, G)'])}; the best D would reach "
            f"{brief(numbers['V(D*, G)'])}. JSD {brief(numbers['JSD'])}, TV "
            f"{brief(numbers['TV'])}, W1 {brief(numbers['W1'])}. Gradient for the mean: saturating "
            f"{brief(numbers['saturating'])}, non-saturating {brief(numbers['non-saturating'])}."
        )

    def _draw_base(self) -> Image.Image:
        """Draw once what never changes."""
        canvas, ticks = Canvas(self.WIDTH, self.HEIGHT), range(-6, 7, 2)
        canvas.axes(self.DENSITIES, ticks, (0, 0.5, 1), "Densities (per unit of x)")
        canvas.axes(self.ANSWERS, ticks, (0, 0.5, 1), "Discriminators (probability of 'real')")
        canvas.axes(self.VALUES, (), (-2, -1, 0), "V after each move")
        canvas.dot((160, 359), PURPLE, 3)
        canvas.text(168, 363, "of D")
        canvas.dot((208, 359), Canvas.INK, 3, "white")
        canvas.text(216, 363, "of G")
        floor = self.VALUES.at([0, self.MOVES], [-math.log(4)] * 2)
        canvas.line(floor, "#777777", 1, (3, 3))
        canvas.text(424, floor[0, 1] + 4, "−log 4", 10, "#777777")
        canvas.text(420, 192, "x", 10, anchor="la")
        canvas.text(420, 338, "x", 10, anchor="la")
        canvas.text(420, 446, f"the last {self.MOVES} moves", 10, anchor="ra")
        key = [
            (40, "p (data)", BLUE, ()),
            (60, "q (generator)", ORANGE, DASHED),
            (238, "best D*", GREEN, DASH_DOT),
            (258, "D now", PURPLE, ()),
        ]
        for y, name, colour, dash in key:
            canvas.line(self._sample(440, y - 4), colour, 2, dash)
            canvas.text(480, y, name, 12)
        return canvas.image

    @staticmethod
    def _sample(x: float, y: float) -> np.ndarray:
        return np.stack([np.linspace(x, x + 32, 33), np.full(33, y)], axis=-1)

    def draw(self) -> tuple[bytes, str]:
        game, numbers = self.game, self.game.numbers()
        seen = (game.x >= -6) & (game.x <= 6)
        x, p, q = (values[seen].numpy() for values in (game.x, game.p, game.q))
        d = torch.sigmoid(game.logits)[seen].numpy()
        best = theory.optimal_discriminator(game.p, game.q)[seen].numpy()
        canvas = Canvas(self.WIDTH, self.HEIGHT, self._base)
        under = self.DENSITIES.at(x[[-1, 0]], [0, 0])
        canvas.polygon(np.concatenate([self.DENSITIES.at(x, p), under]), "#CFE3F1")
        canvas.line(self.DENSITIES.at(x, p), BLUE)
        canvas.line(self.DENSITIES.at(x, q), ORANGE, 2, DASHED)
        canvas.line(self.ANSWERS.at(x, d), PURPLE)
        canvas.line(self.ANSWERS.at(x, best), GREEN, 2, DASH_DOT)
        self._draw_arrows(canvas, numbers)
        self._draw_moves(canvas)
        self._draw_numbers(canvas, numbers)
        picture, buffer = canvas.finished(), io.BytesIO()
        # The first picture has every colour. With its palette a PNG takes 3 ms, without it 14.
        self._palette = self._palette or self._colours_of(picture)
        picture.quantize(palette=self._palette, dither=Image.Dither.NONE).save(
            buffer, "png", compress_level=1
        )
        return buffer.getvalue(), self.sentence(numbers)

    @staticmethod
    def _colours_of(picture: Image.Image) -> Image.Image:
        """Return the palette of a picture, with a pure white."""
        palette = picture.quantize(128)
        colours = np.array(palette.getpalette()).reshape(-1, 3)
        colours[colours.sum(axis=1).argmax()] = 255
        palette.putpalette(colours.flatten().tolist())
        return palette

    def _draw_arrows(self, canvas: Canvas, numbers: dict[str, float]) -> None:
        """Draw where each loss pushes q: 40 pixels for a gradient of 1, at most 100."""
        for row, loss in enumerate(LOSSES):
            chosen = loss == self.loss.value
            start = self.DENSITIES.at(self.game.mean, 0.92 - 0.11 * row)
            push = max(-100.0, min(100.0, -40 * numbers[loss]))
            colour = Canvas.INK if chosen else "#999999"
            canvas.dot(start, colour)
            if abs(push) >= 1:
                canvas.arrow(start, push, colour, 2.5 if chosen else 1.5)
            else:
                canvas.text(
                    start[0] + 7, start[1], "no push" if push == 0 else "≈ 0", 10, colour, "lm"
                )

    def _draw_moves(self, canvas: Canvas) -> None:
        if not self.moves:
            canvas.text(230, 422, "no move yet", 11, "#777777", anchor="mm")
            return
        points = self.VALUES.at(np.arange(1, len(self.moves) + 1) - 0.5, [v for _, v in self.moves])
        if len(points) > 1:
            canvas.line(points, "#AAAAAA", 1)
        for (player, _), point in zip(self.moves, points, strict=True):
            colour, fill = (PURPLE, "") if player == "D" else (Canvas.INK, "white")
            canvas.dot(point, colour, 3, fill)

    def _draw_numbers(self, canvas: Canvas, numbers: dict[str, float]) -> None:
        canvas.text(440, 84, "arrows: push on q's mean", 11)
        canvas.text(440, 98, "(minus the gradient)", 10, "#777777")
        for y, loss in zip((114, 130), LOSSES, strict=True):
            colour = Canvas.INK if loss == self.loss.value else "#777777"
            canvas.text(440, y, loss, 10, colour)
            canvas.text(592, y, brief(-numbers[loss]), 11, colour, anchor="rs")
        for y, name in zip((376, 394), ("V(D, G)", "V(D*, G)"), strict=True):
            canvas.text(470, y, name, 11)
            canvas.text(592, y, brief(numbers[name]), 11, anchor="rs")
        for y, name in zip((280, 296, 312), ("JSD", "TV", "W1"), strict=True):
            canvas.text(440, y, name, 11)
            canvas.text(592, y, brief(numbers[name]), 11, anchor="rs")

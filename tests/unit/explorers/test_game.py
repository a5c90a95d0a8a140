"""Lesson 01's explorer: the game is played as the text says, and every control draws."""

import base64
import math
import re
from itertools import pairwise

import pytest
import torch
from looking import pixels

from course_lib import explorers, theory
from course_lib.explorers.game import LOSSES, PRESETS, Game, brief


def rounds(game, n, loss="non-saturating"):
    for _ in range(n):
        game.d_step()
        game.g_step(loss)
    return game


@pytest.fixture
def explorer():
    return explorers.gan_game()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_d_step_raises_v_up_to_the_best(preset):
    game = Game(preset)
    assert game.value() == pytest.approx(-math.log(4), abs=1e-6)
    values = [game.value()]
    for _ in range(40):
        game.d_step()
        values.append(game.value())
    assert all(after >= before for before, after in pairwise(values))
    best = game.numbers()["V(D*, G)"]
    assert values[1] > values[0] + 0.1
    assert best - 0.03 < values[-1] <= best + 1e-6


@pytest.mark.parametrize("preset", PRESETS)
def test_a_g_step_lowers_v(preset):
    game = Game(preset)
    game.d_step()
    for loss in LOSSES:
        before = game.value()
        game.g_step(loss)
        assert game.value() < before


def test_alternating_brings_the_generator_to_the_data():
    for loss in LOSSES:
        game = rounds(Game("overlap"), 40, loss)
        assert game.mean == pytest.approx(1.0, abs=0.02)
        assert game.scale == pytest.approx(0.8, abs=0.02)
        assert game.numbers()["JSD"] < 1e-3
        assert game.value() == pytest.approx(-math.log(4), abs=0.01)


def test_disjoint_stalls_with_the_saturating_loss_only():
    stalled = rounds(Game("disjoint"), 80, "saturating")
    assert abs(stalled.mean - PRESETS["disjoint"].mean) < 0.3
    assert stalled.numbers()["JSD"] == pytest.approx(math.log(2), abs=1e-3)
    assert abs(stalled.gradients()["saturating"]) < 1e-3
    assert abs(stalled.gradients()["non-saturating"]) > 0.1
    arrived = rounds(Game("disjoint"), 80, "non-saturating")
    assert arrived.mean == pytest.approx(3.0, abs=0.05)
    assert arrived.numbers()["JSD"] < 1e-2


def test_two_modes_are_covered_but_not_reached():
    game = rounds(Game("two modes"), 80)
    assert abs(game.mean) < 0.3 and game.scale > 1.2
    assert 0.05 < game.numbers()["JSD"] < 0.4
    assert game.value() > -math.log(4) + 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_one_of_two_modes_holds_a_generator_that_starts_on_it(loss):
    game = Game("two modes")
    game.mean, game.scale = 1.5, 0.45
    rounds(game, 80, loss)
    assert game.mean == pytest.approx(1.5, abs=0.05) and game.scale < 0.6
    assert game.numbers()["JSD"] > 0.2


@pytest.mark.parametrize("sign", [1, -1])
def test_a_g_step_ends_where_the_sliders_do(monkeypatch, sign):
    game = Game()
    monkeypatch.setattr(game, "gradients", lambda of: {"non-saturating": -9.0 * sign})
    for _ in range(50):
        game.g_step()
    assert game.mean == sign * 4 and game.scale == (1.8 if sign > 0 else 0.4)


def test_gradients_equal_finite_differences():
    game = rounds(Game("overlap"), 3)
    found, h = {of: game.gradients(of) for of in ("mean", "scale")}, 1e-5
    logits = game.logits

    def losses():
        q = game.q
        softplus = torch.nn.functional.softplus
        return {
            "saturating": -theory.integrate(q * softplus(logits), game.dx).item(),
            "non-saturating": theory.integrate(q * softplus(-logits), game.dx).item(),
        }

    for of in ("mean", "scale"):
        start = getattr(game, of)
        setattr(game, of, start + h)
        above = losses()
        setattr(game, of, start - h)
        below = losses()
        setattr(game, of, start)
        for loss in LOSSES:
            assert found[of][loss] == pytest.approx((above[loss] - below[loss]) / (2 * h), abs=1e-6)


def test_the_grid_holds_every_position_of_the_sliders(explorer):
    for mean in (explorer.mean.min, explorer.mean.max):
        for scale in (explorer.scale.min, explorer.scale.max):
            q = theory.gaussian(Game.x, mean, scale)
            assert theory.integrate(q, Game.dx) == pytest.approx(1, abs=1e-6)


def test_the_static_picture_is_of_a_game_that_has_begun(explorer):
    def static():
        return re.search('base64,([^"]+)', explorer.static())[1]

    begun = static()
    assert not explorer.moves and explorer.game.value() == pytest.approx(-math.log(4), abs=1e-6)
    explorer.play("DDD")
    same = base64.b64encode(explorer.picture.value).decode()
    assert static() == same == begun


def test_a_slider_moves_the_generator_and_leaves_the_discriminator(explorer):
    explorer.play("DD")
    weights = explorer.game.weights.clone()
    explorer.mean.value = 2.5
    assert explorer.game.mean == 2.5
    assert torch.equal(explorer.game.weights, weights)


def test_presets_start_anew(explorer):
    for name, preset in PRESETS.items():
        explorer.play("DG")
        before = pixels(explorer)
        explorer.preset.value = name
        explorer.reset()
        assert (explorer.mean.value, explorer.scale.value) == (preset.mean, preset.scale)
        assert explorer.game.value() == pytest.approx(-math.log(4), abs=1e-6)
        assert not explorer.moves
        assert (pixels(explorer) != before).any()


def test_the_menu_of_losses_changes_picture_and_step(explorer):
    explorer.play("DDDD")
    before = pixels(explorer)
    explorer.loss.value = "saturating"
    assert (pixels(explorer) != before).any()
    start = explorer.game.mean
    explorer.play("G")
    timid = explorer.game.mean - start
    explorer.reset()
    explorer.loss.value = "non-saturating"
    explorer.play("DDDDG")
    assert explorer.game.mean - start > timid > 0


def test_buttons_play(explorer):
    buttons = {b.description: b for b in explorer.controls[-1].children}
    assert list(buttons) == ["one D step", "one G step", "ten of both", "reset"]
    start = explorer.game.mean
    buttons["one D step"].click()
    assert explorer.game.mean == start and explorer.game.value() > -math.log(4)
    buttons["one G step"].click()
    assert explorer.mean.value == explorer.game.mean > start
    buttons["ten of both"].click()
    assert [player for player, _ in explorer.moves] == list("DG" * 11)
    for _ in range(3):
        buttons["ten of both"].click()
    assert len(explorer.moves) == explorer.MOVES
    buttons["reset"].click()
    assert explorer.game.mean == start and not explorer.moves


def test_a_step_draws_once(explorer, monkeypatch):
    drawn = []
    monkeypatch.setattr(explorer, "draw", lambda: drawn.append(1) or (b"", ""))
    explorer.play("DGDG")
    explorer.preset.value = "disjoint"
    assert len(drawn) == 2


def test_the_sentence_tells_the_numbers_of_the_picture(explorer):
    explorer.play("DDG")
    explorer.scale.value = 1.5
    p, q, dx = explorer.game.p, explorer.game.q, explorer.game.dx
    text = explorer.text.value
    assert f"scale {1.5:.2f}" in text and f"mean {explorer.game.mean:.2f}" in text
    for name, measure in (
        ("JSD", theory.js_divergence),
        ("TV", theory.total_variation),
        ("W1", theory.wasserstein1),
    ):
        assert float(re.search(rf"{name} ([\d.]+\d)", text)[1]) == pytest.approx(
            measure(p, q, dx).item(), abs=0.006
        )
    value = float(re.search(r"V\(D, G\) = (-?[\d.]+\d)", text)[1])
    assert value == pytest.approx(explorer.game.value(), abs=0.006)
    for loss, gradient in explorer.game.gradients().items():
        assert f"{loss} {brief(gradient)}" in text


def test_brief():
    assert [brief(n) for n in (0.0, -0.0, 1.234, 0.00123)] == ["0.00", "0.00", "1.23", "1.2e-03"]

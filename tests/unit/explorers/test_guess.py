"""The guessing game: six real, six drawn, and a score that counts each round once."""

import pytest
import torch

from course_lib import data, explorers
from course_lib.models import cgan

REAL = data.fashion("test")[0][:40]


@pytest.fixture
def game():
    torch.manual_seed(0)
    return explorers.guess(cgan.Generator(z_dim=6, width=4), REAL, seed=3)


def tick(game, wanted):
    for mark, on in zip(game.marks, wanted, strict=True):
        mark.value = on


def test_six_are_real_and_six_are_drawn(game):
    originals = {image.numpy().tobytes() for image in data.to_float(REAL)}
    found = [image.numpy().tobytes() not in originals for image in game.images]
    assert found == game.drawn and sum(found) == 6


def test_the_score_counts_what_was_ticked(game):
    tick(game, game.drawn)
    game.marks[0].value = not game.marks[0].value
    game.show.click()
    assert "11 of 12 right; by chance about 6." in game.text.value and "rounds" not in (
        game.text.value
    )
    assert all(mark.disabled for mark in game.marks)
    game.next.click()
    assert not any(game.ticks()) and not game.marks[0].disabled
    game.show.click()  # all called real
    assert "6 of 12 right" in game.text.value and "In 2 rounds: 17 of 24." in game.text.value


def test_answers_shown_twice_count_once(game):
    tick(game, [not drawn for drawn in game.drawn])
    game.show.click()
    picture = game.picture.value
    game.show.click()
    assert game.right == [0] and game.picture.value == picture


def test_the_answers_are_hidden_until_they_are_asked_for(game):
    before = game.picture.value
    assert "Drawn are" not in game.text.value
    game.show.click()
    assert game.picture.value != before and "Drawn are" in game.text.value


def test_a_seed_is_a_round(game):
    game.next.click()
    again = explorers.guess(game.generator, REAL, seed=4)
    assert torch.equal(game.images, again.images) and game.drawn == again.drawn


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="6 real images or more, got 5"):
        explorers.guess(cgan.Generator(z_dim=6, width=4), REAL[:5])

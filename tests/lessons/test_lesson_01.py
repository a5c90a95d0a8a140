"""Lessons 01a and 01b define what the library holds: the same inputs give the same outputs."""

from types import SimpleNamespace

import pytest
import torch
from cells import definitions

from course_lib import losses, theory

X, DX = theory.grid(-10, 10, 2001)
P = theory.mixture(X, [-2.0, 2.0], [0.7, 0.7], [0.5, 0.5])
Q = theory.gaussian(X, 0.5, 1.5)


@pytest.fixture(scope="module")
def lesson():
    parts = definitions("01a_gan_objective.ipynb"), definitions("01b_other_distances.ipynb")
    return SimpleNamespace(**{name: value for part in parts for name, value in vars(part).items()})


@pytest.mark.parametrize("name", ["js_divergence", "total_variation", "wasserstein1"])
def test_divergences(lesson, name):
    expected = getattr(theory, name)(P, Q, DX)
    assert torch.isclose(getattr(lesson, name)(P, Q, DX), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["js_divergence", "total_variation", "wasserstein1"])
def test_divergences_where_both_densities_are_zero(lesson, name):
    bumps = theory.raised_cosine(X, -2.0), theory.raised_cosine(X, 2.0)
    assert ((bumps[0] + bumps[1]) == 0).any()
    expected = getattr(theory, name)(*bumps, DX)
    assert torch.isfinite(expected)
    assert torch.isclose(getattr(lesson, name)(*bumps, DX), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["optimal_discriminator", "linear_optimum"])
def test_best_discriminators(lesson, name):
    assert torch.equal(getattr(lesson, name)(P, Q), getattr(theory, name)(P, Q))


@pytest.mark.parametrize("name", ["value", "linear_value"])
def test_values_of_the_games(lesson, name):
    d = torch.sigmoid(torch.sin(3 * X))
    expected = getattr(theory, name)(P, Q, d, DX)
    assert torch.isclose(getattr(lesson, name)(P, Q, d, DX), expected, rtol=0, atol=1e-12)


def test_grid_functions(lesson):
    assert torch.equal(lesson.gaussian(X, 0.3, 1.2), theory.gaussian(X, 0.3, 1.2))
    assert torch.isclose(lesson.integrate(P, DX), theory.integrate(P, DX), rtol=0, atol=1e-12)
    assert torch.equal(lesson.cdf(P, DX), theory.cdf(P, DX))


def test_losses(lesson):
    torch.manual_seed(0)
    real, fake = 20 * torch.randn(2, 64, dtype=torch.float64)
    assert torch.equal(lesson.discriminator_loss(real, fake), losses.discriminator_loss(real, fake))
    assert torch.equal(lesson.generator_loss(fake), losses.generator_loss(fake))
    assert torch.equal(
        lesson.saturating_generator_loss(fake), losses.saturating_generator_loss(fake)
    )


def test_a_notebook_without_definitions_is_named(tmp_path):
    path = tmp_path / "empty.ipynb"
    path.write_text('{"cells": []}')
    with pytest.raises(ValueError, match=r"empty\.ipynb"):
        definitions(path)

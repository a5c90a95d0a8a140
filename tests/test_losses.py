"""The losses on logits: values, gradients, and what happens at the extremes."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from course_lib import losses

ZERO = torch.zeros(8)


def test_values_at_logits_zero():
    assert losses.discriminator_loss(ZERO, ZERO).item() == pytest.approx(2 * math.log(2))
    assert losses.generator_loss(ZERO).item() == pytest.approx(math.log(2))
    assert losses.saturating_generator_loss(ZERO).item() == pytest.approx(-math.log(2))
    assert losses.hinge_discriminator_loss(ZERO, ZERO).item() == 2
    assert losses.hinge_generator_loss(ZERO).item() == 0


def test_equal_to_cross_entropy_with_logits():
    real, fake = torch.randn(2, 64, generator=torch.Generator().manual_seed(0)) * 5
    ones, zeros = torch.ones(64), torch.zeros(64)
    torch.testing.assert_close(
        losses.discriminator_loss(real, fake), bce(real, ones) + bce(fake, zeros)
    )
    torch.testing.assert_close(losses.generator_loss(fake), bce(fake, ones))
    torch.testing.assert_close(losses.saturating_generator_loss(fake), -bce(fake, zeros))


def test_finite_at_extreme_logits():
    far = torch.tensor([-100.0, 100.0])
    for loss in (
        losses.discriminator_loss(far, far),
        losses.generator_loss(far),
        losses.saturating_generator_loss(far),
    ):
        assert torch.isfinite(loss)
    assert losses.generator_loss(torch.tensor([-100.0])).item() == pytest.approx(100)


def gradient(loss, logit):
    a = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    loss(a).backward()
    return a.grad.item()


def test_the_saturating_loss_saturates_and_the_other_does_not():
    assert gradient(losses.saturating_generator_loss, -50.0) == pytest.approx(-1.93e-22, rel=0.01)
    assert gradient(losses.generator_loss, -50.0) == pytest.approx(-1)


def test_both_generator_losses_push_the_logit_up():
    for logit in (-3.0, 0.0, 3.0):
        assert gradient(losses.generator_loss, logit) < 0
        assert gradient(losses.saturating_generator_loss, logit) < 0
        assert gradient(losses.hinge_generator_loss, logit) < 0


def test_hinge_stops_at_the_margin():
    far = torch.tensor([2.0])
    assert losses.hinge_discriminator_loss(far, -far).item() == 0
    assert losses.hinge_discriminator_loss(-far, far).item() == 6

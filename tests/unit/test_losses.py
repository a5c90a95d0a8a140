"""The losses: values, gradients, what happens at the extremes, and the oracles of the VAE's."""

import math

import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as kl_between
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import mse_loss, relu

from course_lib import losses

ZERO = torch.zeros(8)


def test_values_at_logits_zero():
    assert losses.discriminator_loss(ZERO, ZERO).item() == pytest.approx(2 * math.log(2))
    assert losses.generator_loss(ZERO).item() == pytest.approx(math.log(2))
    assert losses.saturating_generator_loss(ZERO).item() == pytest.approx(-math.log(2))


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


# What must hold of a KL: values per image at (mu, logvar), for one latent and for two.
KL_VALUES = [
    ([0.0], [0.0], 0.0),
    ([1.0], [0.0], 0.5),
    ([0.0], [math.log(4)], (3 - math.log(4)) / 2),  # 0.8069
    ([0.0], [-math.log(4)], (math.log(4) - 0.75) / 2),
    ([1.0, -1.0], [0.0, 0.0], 1.0),
]


def has_the_right_values(kl):
    """Whether a function of mu and logvar is the KL, on single images and on a batch of three."""
    return all(
        kl(torch.tensor([mu] * n), torch.tensor([logvar] * n)).item() == pytest.approx(value)
        for mu, logvar, value in KL_VALUES
        for n in (1, 3)
    )


def test_the_kl_has_the_values_of_its_formula():
    assert (3 - math.log(4)) / 2 == pytest.approx(0.8069, abs=5e-5)
    assert has_the_right_values(losses.kl_divergence)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda mu, lv: (0.5 * (mu**2 + (lv / 2).exp() - 1 - lv)).sum(1).mean(),  # σ for σ²
        lambda mu, lv: losses.kl_divergence(relu(mu), relu(lv)),  # a ReLU on the last layer
        lambda mu, lv: (0.5 * (mu**2 + lv.exp() - 1 - lv)).mean(),  # mean over the latents
        lambda mu, lv: (0.5 * (mu**2 + lv.exp() - 1 - lv)).sum(),  # sum over the batch
        lambda mu, lv: 0.5 * (mu**2 + lv.exp() - 1 + lv).sum(1).mean(),  # a sign
    ],
)
def test_the_values_catch_the_common_mistakes(wrong):
    assert not has_the_right_values(wrong)


def codes(n=6, z_dim=5):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, n, z_dim, generator=generator, dtype=torch.float64)


def test_the_kl_equals_torch_distributions():
    mu, logvar = codes()
    posterior = Normal(mu, (logvar / 2).exp())
    expected = kl_between(posterior, Normal(torch.zeros_like(mu), torch.ones_like(mu)))
    torch.testing.assert_close(losses.kl_per_dimension(mu, logvar), expected.mean(0))
    torch.testing.assert_close(losses.kl_divergence(mu, logvar), expected.sum(1).mean())


def test_the_kl_agrees_with_monte_carlo_within_its_error():
    mu, logvar = (part[:1] for part in codes())
    posterior, n = Normal(mu[0], (logvar[0] / 2).exp()), 100_000
    torch.manual_seed(0)
    z = posterior.sample((n,))
    ratios = (posterior.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)
    error = ratios.std() / n**0.5
    assert error < 0.02
    assert abs(ratios.mean() - losses.kl_divergence(mu, logvar)) < 4 * error


def test_the_gaussian_nll_equals_torch_distributions():
    generator = torch.Generator().manual_seed(0)
    images, means = torch.rand(2, 4, 1, 6, 5, generator=generator, dtype=torch.float64)
    for sigma in (0.1, 1.0, 3.0):
        expected = -Normal(means, sigma).log_prob(images).flatten(1).sum(1).mean()
        torch.testing.assert_close(losses.gaussian_nll(means, images, sigma), expected)


def doubles_with_the_pixels(nll):
    images, means = torch.rand(2, 4, 1, 6, 5, generator=torch.Generator().manual_seed(0))
    twice = nll(torch.cat([means, means], 3), torch.cat([images, images], 3))
    return twice.item() == pytest.approx(2 * nll(means, images).item(), rel=1e-5)


def test_the_reconstruction_term_doubles_with_the_pixels_and_not_with_the_batch():
    assert doubles_with_the_pixels(losses.gaussian_nll)
    assert not doubles_with_the_pixels(mse_loss)  # a mean over pixels beside a summed KL
    images, means = torch.rand(2, 4, 1, 6, 5, generator=torch.Generator().manual_seed(0))
    once, twice = (
        losses.gaussian_nll(means.repeat(n, 1, 1, 1), images.repeat(n, 1, 1, 1), 0.3)
        for n in (1, 2)
    )
    assert once.item() == pytest.approx(twice.item())


def test_the_best_sigma_is_the_root_of_the_mean_squared_error():
    images, means = torch.rand(2, 4, 1, 6, 5, generator=torch.Generator().manual_seed(0))
    best = (images - means).square().mean().sqrt().item()
    at_best = losses.gaussian_nll(means, images, best)
    for sigma in (0.9 * best, 1.1 * best):
        assert losses.gaussian_nll(means, images, sigma) > at_best


def test_vae_losses_refuse_what_would_be_broadcast():
    with pytest.raises(ValueError, match=r"shape \(N, z_dim\), got \(2, 3\) and \(2, 1\)"):
        losses.kl_divergence(torch.zeros(2, 3), torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"shape \(N, z_dim\), got \(3,\) and \(3,\)"):
        losses.kl_per_dimension(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match=r"got \(2, 1, 28, 28\) and \(2, 28, 28\)"):
        losses.gaussian_nll(torch.zeros(2, 1, 28, 28), torch.zeros(2, 28, 28))
    for sigma in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match=f"sigma is a positive number, not {sigma}"):
            losses.gaussian_nll(torch.zeros(2, 3), torch.zeros(2, 3), sigma)


def test_r1_of_a_linear_critic():
    """a(x) = ⟨w, x⟩ with ‖w‖ = 3 has the gradient w everywhere: half of 9, for any batch."""
    w = torch.full((3, 2, 2), 3 / math.sqrt(12), dtype=torch.float64)
    for n in (1, 5):
        real = torch.randn(n, 3, 2, 2, dtype=torch.float64, requires_grad=True)
        assert losses.r1_penalty((real * w).sum(dim=(1, 2, 3)), real).item() == pytest.approx(4.5)


def test_r1_reaches_the_weights_of_the_critic():
    w = torch.ones(4, requires_grad=True)
    real = torch.randn(6, 1, 2, 2, requires_grad=True)
    losses.r1_penalty((real.flatten(1) * w).sum(dim=1), real).backward()
    torch.testing.assert_close(w.grad, torch.ones(4))  # the slope of ½‖w‖² is w


def test_r2_is_r1_at_generated_images():
    """The same line with ‖w‖ = 3, at what G drew; no gradient goes on to G."""
    w = torch.full((4,), 1.5, requires_grad=True)
    fake = torch.randn(6, 1, 2, 2, requires_grad=True)
    penalty = losses.r2_penalty(fake.flatten(1) @ w, fake)
    assert penalty.item() == pytest.approx(4.5)
    penalty.backward()
    torch.testing.assert_close(w.grad, torch.full((4,), 1.5))


def test_pairing_compares_each_real_image_with_one_generated():
    assert losses.relativistic_discriminator_loss(ZERO, ZERO).item() == pytest.approx(math.log(2))
    assert losses.relativistic_generator_loss(ZERO, ZERO).item() == pytest.approx(math.log(2))
    real, fake = torch.randn(2, 64, generator=torch.Generator().manual_seed(0)) * 5
    ones, zeros = torch.ones(64), torch.zeros(64)
    for level in (0.0, 7.0):  # only differences count
        loss = losses.relativistic_discriminator_loss(real + level, fake + level)
        torch.testing.assert_close(loss, bce(real - fake, ones))
        loss = losses.relativistic_generator_loss(real + level, fake + level)
        torch.testing.assert_close(loss, bce(real - fake, zeros))


def test_pairing_pulls_the_two_logits_apart_and_together():
    real, fake = (torch.tensor([a], requires_grad=True) for a in (1.0, -2.0))
    for loss, signs in (
        (losses.relativistic_discriminator_loss, (-1, 1)),
        (losses.relativistic_generator_loss, (1, -1)),
    ):
        slopes = torch.autograd.grad(loss(real, fake), (real, fake))
        assert tuple(slope.sign().item() for slope in slopes) == signs
        assert slopes[0].item() == pytest.approx(-slopes[1].item())
    far = torch.tensor([100.0])
    assert losses.relativistic_generator_loss(far, -far).item() == pytest.approx(200)

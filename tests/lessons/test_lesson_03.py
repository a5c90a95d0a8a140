"""Lesson 03 defines what the library holds: same weights, same outputs, same losses."""

import pytest
import torch
from cells import definitions

from course_lib import data, losses
from course_lib.models import vae
from course_lib.training import seed_everything


@pytest.fixture(scope="module")
def lesson():
    return definitions("03_vae.ipynb")


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.rand(8, 1, 28, 28) * 2 - 1


@pytest.mark.parametrize("z_dim", [2, 16])
def test_the_lessons_network_equals_the_librarys(lesson, batch, z_dim):
    theirs, ours = lesson.VAE(z_dim, width=8), vae.VAE(z_dim, width=8)
    ours.load_state_dict(theirs.state_dict())
    assert theirs.sigma == ours.sigma and theirs.z_dim == ours.z_dim == z_dim
    noise = torch.randn(8, z_dim)
    for mode in (True, False):
        theirs.train(mode)
        ours.train(mode)
        for a, b in zip(theirs(batch, noise), ours(batch, noise), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_lessons_noise_is_drawn_like_the_librarys(lesson, batch):
    theirs, ours = lesson.VAE(width=8).eval(), vae.VAE(width=8).eval()
    ours.load_state_dict(theirs.state_dict())
    torch.manual_seed(1)
    a = theirs(batch)[0]
    torch.manual_seed(1)
    assert torch.equal(a, ours(batch)[0])


def test_the_lessons_initial_weights_equal_the_librarys(lesson):
    torch.manual_seed(3)
    a = lesson.VAE().state_dict()
    torch.manual_seed(3)
    b = vae.VAE().state_dict()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_the_lessons_losses_equal_the_librarys(lesson, batch):
    mu, logvar, noise = torch.randn(3, 8, 16)
    torch.testing.assert_close(
        lesson.kl_divergence(mu, logvar), losses.kl_divergence(mu, logvar), rtol=1e-5, atol=0
    )
    other = torch.rand(8, 1, 28, 28)
    for sigma in (0.2, 1.0):
        torch.testing.assert_close(
            lesson.gaussian_nll(other, batch, sigma),
            losses.gaussian_nll(other, batch, sigma),
            rtol=1e-5,
            atol=0,
        )
    ours = vae.reparameterise(mu, logvar, noise)
    torch.testing.assert_close(lesson.reparameterise(mu, logvar, noise), ours, rtol=0, atol=0)


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_the_lessons_step_by_hand(lesson, beta):
    """One step equals Adam's on the reconstruction plus β times the KL."""
    seed_everything(0)
    images = torch.randint(0, 256, (16, 1, 28, 28), dtype=torch.uint8)

    def fresh():
        seed_everything(1)
        return vae.VAE(width=8)

    theirs = fresh()
    step = lesson.make_step(theirs, data.batches(images, size=16), steps=10, rate=1e-3, beta=beta)
    seed_everything(2)
    values = step(0)

    ours = fresh()
    adam = torch.optim.Adam(ours.parameters(), 1e-3, fused=True)
    real = next(data.batches(images, size=16))
    seed_everything(2)
    reconstruction, mu, logvar = ours(real)
    nll = losses.gaussian_nll(reconstruction, real, ours.sigma)
    kl = losses.kl_divergence(mu, logvar)
    (nll + beta * kl).backward()
    adam.step()
    assert values["reconstruction"].item() == pytest.approx(nll.item(), rel=1e-4)
    assert values["KL"].item() == pytest.approx(kl.item(), rel=1e-3)
    # Adam's first step has the size of the rate whatever the gradient's size, so a gradient that
    # is 0 but for rounding may go either way: the step is compared as a whole.
    flat = [torch.nn.utils.parameters_to_vector(v.parameters()).detach() for v in (ours, theirs)]
    began = torch.nn.utils.parameters_to_vector(fresh().parameters()).detach()
    assert (flat[0] - flat[1]).norm() < 0.02 * (flat[0] - began).norm()

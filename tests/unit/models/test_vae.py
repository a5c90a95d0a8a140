"""The VAE: its parts, both bounds against an exact model, sampling, and the models that ship."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from course_lib import losses, recipes, zoo
from course_lib.data import fashion, to_float
from course_lib.models.vae import (
    VAE,
    Decoder,
    Encoder,
    evidence_lower_bound,
    importance_weighted_bound,
    reparameterise,
)
from course_lib.sampling import in_batches, latents


def some_images(n):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return VAE(z_dim=5, width=8)


def test_shapes_and_range(vae):
    images = some_images(3)
    mu, logvar = vae.encode(images)
    assert mu.shape == logvar.shape == (3, 5)
    reconstruction, mu, logvar = vae(images)
    assert reconstruction.shape == images.shape and reconstruction.abs().max() <= 1
    assert mu.shape == logvar.shape == (3, 5)
    assert vae.z_dim == vae.decoder.z_dim == 5 and vae.sigma > 0
    assert Decoder(7, 8)(torch.randn(2, 7)).shape == (2, 1, 28, 28)
    assert [part.shape for part in Encoder(7, 8)(images)] == [(3, 7), (3, 7)]


def test_codes_take_both_signs_and_the_last_layer_is_linear(vae):
    assert isinstance(vae.encoder.layers[-1], nn.Linear)
    for part in vae.encode(some_images(64)):
        assert part.min() < 0 < part.max()


def test_z_is_mu_plus_sigma_times_noise_with_the_gradients_of_the_formula():
    torch.manual_seed(0)
    mu, logvar, noise = torch.randn(3, 4, 6, dtype=torch.float64)
    mu.requires_grad_(), logvar.requires_grad_()
    z = reparameterise(mu, logvar, noise)
    torch.testing.assert_close(z, mu + logvar.exp().sqrt() * noise)
    z.sum().backward()
    torch.testing.assert_close(mu.grad, torch.ones_like(mu))
    torch.testing.assert_close(logvar.grad, (0.5 * logvar.exp().sqrt() * noise).detach())


def test_forward_decodes_the_sample_that_the_noise_gives(vae):
    images, noise = some_images(4), torch.randn(4, 5)
    reconstruction, mu, logvar = vae(images, noise)
    torch.testing.assert_close(reconstruction, vae.decode(reparameterise(mu, logvar, noise)))
    torch.testing.assert_close(vae(images, torch.zeros(4, 5))[0], vae.decode(mu))
    torch.manual_seed(1)
    first = vae(images)[0]
    assert not torch.equal(vae(images)[0], first), "without noise of its own it draws some"
    torch.manual_seed(1)
    assert torch.equal(vae(images)[0], first)


def test_gradients_of_the_objective_reach_every_weight(vae):
    images = some_images(8)
    reconstruction, mu, logvar = vae(images)
    loss = losses.gaussian_nll(reconstruction, images, vae.sigma) + losses.kl_divergence(mu, logvar)
    loss.backward()
    assert all(weight.grad.abs().sum() > 0 for weight in vae.parameters())


@pytest.mark.parametrize("training", [True, False])
def test_a_code_does_not_depend_on_its_neighbours(vae, training):
    vae.train(training)
    images = some_images(6)
    whole, alone = vae.encode(images), vae.encode(images[:1])
    torch.testing.assert_close(alone[0], whole[0][:1])
    torch.testing.assert_close(alone[1], whole[1][:1])


def test_samples_do_not_depend_on_the_batch_and_the_mode_is_restored(vae):
    vae.decoder.layers[2].eval()  # one submodule in another mode than the rest
    modes = [module.training for module in vae.modules()]
    whole = vae.sample(10, seed=3)
    assert whole.shape == (10, 1, 28, 28) and whole.abs().max() <= 1 and not whole.requires_grad
    torch.testing.assert_close(vae.sample(10, seed=3, batch=1), whole)
    for n in range(1, 10):
        torch.testing.assert_close(vae.sample(n, seed=3), whole[:n])
    assert not torch.equal(vae.sample(10, seed=4), whole)
    assert [module.training for module in vae.modules()] == modes


def test_bad_input_is_named(vae):
    with pytest.raises(ValueError, match=r"images has shape \(N, 1, 28, 28\), got \(2, 1, 32, 32"):
        vae(torch.zeros(2, 1, 32, 32))
    with pytest.raises(ValueError, match=r"z has shape \(N, 5\), got \(2, 4\)"):
        vae.decode(torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"noise has shape \(2, 5\), got \(1, 5\)"):
        vae(some_images(2), torch.zeros(1, 5))
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        vae.sample(0)
    with pytest.raises(ValueError, match="sigma is a positive number, not 0"):
        VAE(sigma=0)
    for bound in (evidence_lower_bound, importance_weighted_bound):
        with pytest.raises(ValueError, match="at least 1 sample of z per image is needed, not 0"):
            bound(vae, some_images(2), 0)
        with pytest.raises(ValueError, match="batch is 1 or more, not 0"):
            bound(vae, some_images(2), batch=0)
        with pytest.raises(ValueError, match="n is 1 or more, not 0"):
            bound(vae, some_images(2)[:0])


class LinearGaussian(nn.Module):
    """p(z) = N(0, I), p(x|z) = N(Wz + b, σ²I) on 4×4 images: log p(x) and p(z|x) are known.

    The columns of W are orthogonal, so that the posterior factorises as the encoder's does. `shift`
    and `scale` put the encoder's mean (in posterior deviations) and deviation wrong.
    """

    def __init__(self, shift=0.0, scale=1.0, sigma=0.3):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        columns = torch.linalg.qr(torch.randn(16, 3, generator=generator, dtype=torch.float64))[0]
        self.weight = nn.Parameter(columns * torch.tensor([1.0, 0.6, 0.3], dtype=torch.float64))
        self.bias = nn.Parameter(torch.randn(16, generator=generator, dtype=torch.float64))
        self.z_dim, self.sigma, self.shift, self.scale = 3, sigma, shift, scale

    def decode(self, z):
        return (z.double() @ self.weight.T + self.bias).view(-1, 1, 4, 4)

    def encode(self, images):
        variance = 1 / (1 + self.weight.square().sum(0) / self.sigma**2)
        mean = variance * ((images.flatten(1) - self.bias) @ self.weight) / self.sigma**2
        logvar = (variance * self.scale**2).log().expand_as(mean)
        return mean + self.shift * variance.sqrt(), logvar

    def gap(self):
        """Return KL(q(z|x) ‖ p(z|x)), by which the ELBO lies under log p(x), in nats."""
        per_latent = 0.5 * (self.shift**2 + self.scale**2 - 1) - math.log(self.scale)
        return self.z_dim * per_latent

    @torch.no_grad()
    def log_prob(self, images):
        noise = self.sigma**2 * torch.eye(16, dtype=torch.float64)
        covariance = self.weight @ self.weight.T + noise
        return MultivariateNormal(self.bias, covariance).log_prob(images.flatten(1))

    @torch.no_grad()
    def images(self, n):
        torch.manual_seed(1)
        means = self.decode(torch.randn(n, 3))
        return means + self.sigma * torch.randn_like(means)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_with_the_exact_posterior_the_importance_weighted_bound_is_log_p(k):
    exact = LinearGaussian()
    images = exact.images(50)
    bound = importance_weighted_bound(exact, images, k=k, seed=k)
    torch.testing.assert_close(bound, exact.log_prob(images), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.0, 1.5), (0.5, 0.8)])
def test_the_elbo_lies_under_log_p_by_the_kl_between_the_posteriors(shift, scale):
    model = LinearGaussian(shift, scale)
    images = model.images(200)
    gaps = model.log_prob(images) - evidence_lower_bound(model, images, samples=500)
    error = gaps.std() / len(gaps) ** 0.5
    assert error < 0.05
    assert gaps.mean().item() == pytest.approx(model.gap(), abs=4 * error.item() + 1e-9)


def test_the_importance_weighted_bound_rises_with_k_towards_log_p():
    wrong = LinearGaussian(shift=0.5, scale=1.3)
    images = wrong.images(500)
    truth = wrong.log_prob(images).mean().item()
    bounds = [importance_weighted_bound(wrong, images, k).mean().item() for k in (1, 4, 20, 500)]
    elbo = evidence_lower_bound(wrong, images, samples=100).mean().item()
    assert wrong.gap() > 0.5
    assert truth - elbo == pytest.approx(wrong.gap(), rel=0.1)
    assert bounds[0] == pytest.approx(elbo, abs=0.2)
    assert bounds == sorted(bounds) and bounds[1] > elbo + 0.3
    assert bounds[-1] == pytest.approx(truth, abs=0.01)


def test_the_bounds_are_those_of_the_losses(vae):
    images = some_images(20)
    elbo = evidence_lower_bound(vae, images, samples=100)
    with torch.no_grad():
        torch.manual_seed(0)
        values = torch.stack(
            [
                losses.gaussian_nll(reconstruction, images, vae.sigma)
                + losses.kl_divergence(mu, logvar)
                for reconstruction, mu, logvar in (vae(images) for _ in range(100))
            ]
        )
    error = values.std() / 100**0.5
    assert elbo.shape == (20,)
    assert elbo.mean().item() == pytest.approx(-values.mean().item(), abs=6 * error.item())
    assert (importance_weighted_bound(vae, images, k=100) > elbo).all()


def test_bounds_do_not_depend_on_the_batch_and_leave_the_model_as_it_was(vae):
    modes, random = [module.training for module in vae.modules()], torch.get_rng_state()
    bytes_ = (some_images(9) * 127.5 + 127.5).round().to(torch.uint8)
    for bound, count in ((evidence_lower_bound, 1), (importance_weighted_bound, 6)):
        whole = bound(vae, to_float(bytes_), count, seed=2)
        assert whole.shape == (9,) and not whole.requires_grad
        torch.testing.assert_close(bound(vae, bytes_, count, seed=2, batch=8), whole)
        torch.testing.assert_close(bound(vae, bytes_[:4], count, seed=2), whole[:4])
        assert not torch.equal(bound(vae, bytes_, count, seed=3), whole)
    assert [module.training for module in vae.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)


# The models that ship: name -> β.
SHIPPED = {name: recipes.recipe(name).beta for name in recipes.names() if name.startswith("vae")}
SERIES = sorted((name for name in SHIPPED if name.startswith("vae16")), key=SHIPPED.get)


@pytest.fixture(scope="module")
def held_out():
    """The first 2,000 test images, uint8, and their labels."""
    images, labels = fashion("test")
    return images[:2000], labels[:2000]


def codes_of(model, images):
    return in_batches(model.encoder.layers, to_float(images), batch=500).chunk(2, dim=1)


def test_there_are_a_map_and_a_series_of_five_with_its_betas_in_the_names():
    assert SHIPPED["vae2-fashion"] > 0 and len(SERIES) == 5
    for name in SERIES:
        assert name == "vae16-fashion" + ("" if SHIPPED[name] == 1 else f"-beta-{SHIPPED[name]:g}")
    assert set(SHIPPED) <= set(zoo.names()), "a name with a dot is a name like any other"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_vae_has_the_figures_of_its_card(name, held_out):
    model, card = zoo.load(name), zoo.card(name)
    images = held_out[0]
    elbo = evidence_lower_bound(model, images).mean().item()
    promised = card["figures"]["ELBO of 2,000 test images (nats per image)"]
    assert elbo == pytest.approx(promised, abs=0.5)
    bound = importance_weighted_bound(model, images[:100], k=50).mean()
    assert bound > evidence_lower_bound(model, images[:100], samples=50).mean() + 1
    mu, logvar = codes_of(model, images)
    kl = losses.kl_divergence(mu, logvar).item()
    assert kl == pytest.approx(card["figures"]["KL (nats per image)"], rel=0.02)
    active = int((mu.var(dim=0) > 0.01).sum())
    assert abs(active - card["figures"]["active dimensions"]) <= 1
    assert (zoo.FOLDER / f"{name}.safetensors").stat().st_size < 2_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_vae_samples_as_all_generative_models_do(name):
    model = zoo.load(name).train()
    images = model.sample(40, seed=5)
    assert images.shape == (40, 1, 28, 28) and images.abs().max() <= 1
    assert not images.requires_grad and all(module.training for module in model.modules())
    torch.testing.assert_close(model.sample(40, seed=5, batch=7), images)
    assert not torch.equal(model.sample(40, seed=6), images)


def test_rate_falls_and_distortion_rises_with_beta_until_dimensions_collapse(held_out):
    rates, errors, active = [], [], []
    images = held_out[0]
    for name in SERIES:
        model = zoo.load(name)
        mu, logvar = codes_of(model, images)
        noise = latents(len(mu), 16, seed=0)
        means = in_batches(model.decoder, reparameterise(mu, logvar, noise), batch=500)
        rates.append(losses.kl_divergence(mu, logvar).item())
        errors.append((means - to_float(images)).square().mean().item())
        active.append(int((mu.var(dim=0) > 0.01).sum()))
    assert rates == sorted(rates, reverse=True) and errors == sorted(errors)
    assert active[SERIES.index("vae16-fashion")] == 16 and active[-1] <= 8


def test_beta_1_has_the_best_elbo_of_the_series_and_a_fitting_sigma(held_out):
    elbos = {name: evidence_lower_bound(zoo.load(name), held_out[0]).mean() for name in SERIES}
    assert max(elbos, key=elbos.get) == "vae16-fashion" and elbos["vae16-fashion"] > 100
    figures = zoo.card("vae16-fashion")["figures"]
    sigma = zoo.load("vae16-fashion").sigma
    assert figures["sigma that would give the best ELBO"] == pytest.approx(sigma, rel=0.1)
    assert figures["PSNR, z = mu (dB)"] > 20


def test_the_map_fills_the_prior_and_keeps_the_classes_apart(held_out):
    mu, _ = codes_of(zoo.load("vae2-fashion"), held_out[0])
    assert mu.std(dim=0).min() > 0.7 and mu.std(dim=0).max() < 1.4
    assert (mu.norm(dim=1) < 3.5).float().mean() > 0.99
    nearest = torch.cdist(mu[1000:], mu[:1000]).topk(10, largest=False).indices
    labels = held_out[1][:1000][nearest].mode(dim=1).values
    assert (labels == held_out[1][1000:]).float().mean() > 0.6

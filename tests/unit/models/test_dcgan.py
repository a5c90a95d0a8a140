"""DCGAN as in the paper: initial statistics, where batch norm stands, and sampling."""

import pytest
import torch
from torch import nn

from course_lib import losses
from course_lib.models.dcgan import Discriminator, Generator


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return Generator(), Discriminator()


def test_shapes_and_range(pair):
    generator, discriminator = pair
    images = generator(torch.randn(3, 100))
    assert images.shape == (3, 1, 28, 28) and images.abs().max() <= 1
    assert discriminator(images).shape == (3,)
    colour = Generator(z_dim=7, width=8, channels=3)
    assert Discriminator(width=8, channels=3)(colour(torch.randn(2, 7))).shape == (2,)


def test_initial_statistics():
    torch.manual_seed(0)
    for network in (Generator(width=32), Discriminator(width=32)):
        for layer in network.layers:
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                tolerance = 4 * 0.02 / layer.weight.numel() ** 0.5
                assert abs(layer.weight.mean().item()) < tolerance
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.15)
                assert layer.bias is None or not layer.bias.any()
            elif isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.4)
                assert not layer.bias.any()
                assert layer.eps == 1e-5, "momentum must not be passed as eps"


def test_no_batch_norm_at_the_two_ends_and_a_linear_last_layer(pair):
    generator, discriminator = pair
    layers = list(generator.layers)
    assert isinstance(layers[-1], nn.Tanh) and isinstance(layers[-2], nn.Conv2d)
    layers = list(discriminator.layers)
    assert isinstance(layers[0], nn.Conv2d) and isinstance(layers[1], nn.LeakyReLU)
    assert isinstance(layers[-1], nn.Linear)
    slopes = {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}
    for network in pair:
        assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.layers) >= 2
        assert not any(isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) for layer in network.layers)


def test_ds_step_leaves_no_gradient_in_g(pair):
    generator, discriminator = pair
    real, fake = torch.rand(4, 1, 28, 28), generator(torch.randn(4, 100))
    losses.discriminator_loss(discriminator(real), discriminator(fake.detach())).backward()
    assert all(weight.grad is None for weight in generator.parameters())
    losses.generator_loss(discriminator(fake)).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in generator.parameters())


def trained_a_little(generator):
    generator.train()
    for _ in range(3):
        generator(torch.randn(32, 100))  # moves the running statistics away from 0 and 1
    return generator


def test_samples_do_not_depend_on_the_batch_and_the_mode_is_restored(pair):
    generator = trained_a_little(pair[0])
    generator.layers[2].eval()  # one submodule in another mode than the rest
    modes = [module.training for module in generator.modules()]
    whole = generator.sample(10, seed=3)
    torch.testing.assert_close(generator.sample(10, seed=3, batch=1), whole)
    for n in range(1, 10):
        torch.testing.assert_close(generator.sample(n, seed=3), whole[:n])
    assert not torch.equal(generator.sample(10, seed=4), whole)
    assert [module.training for module in generator.modules()] == modes
    assert not whole.requires_grad


def test_wrong_shapes_are_named(pair):
    generator, discriminator = pair
    with pytest.raises(ValueError, match=r"z has shape \(N, 100\), got \(2, 99\)"):
        generator(torch.randn(2, 99))
    with pytest.raises(ValueError, match=r"shape \(N, 1, 28, 28\), got \(2, 1, 32, 32\)"):
        discriminator(torch.randn(2, 1, 32, 32))
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        generator.sample(0)
    with pytest.raises(ValueError, match="batch is 1 or more, not 0"):
        generator.sample(1, batch=0)

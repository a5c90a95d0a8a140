"""The conditional GAN: both networks hear the label, in each way; sampling and refusals."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib import losses, zoo
from course_lib.models import dcgan
from course_lib.models.cgan import EMBEDDING, WAYS, Discriminator, Generator


@pytest.fixture(params=WAYS)
def pair(request):
    torch.manual_seed(0)
    return Generator(z_dim=12, width=4, way=request.param), Discriminator(4, way=request.param)


def labels(*values):
    return torch.tensor(values)


def test_shapes_and_range(pair):
    generator, discriminator = pair
    images = generator(torch.randn(3, 12), labels(0, 5, 9))
    assert images.shape == (3, 1, 28, 28) and images.abs().max() <= 1
    assert discriminator(images, labels(0, 5, 9)).shape == (3,)
    way = generator.way
    colour = Generator(7, 8, channels=3, classes=4, way=way)(torch.randn(2, 7), labels(3, 0))
    logits = Discriminator(8, channels=3, classes=4, way=way)(colour, labels(3, 0))
    assert colour.shape == (2, 3, 28, 28) and logits.shape == (2,)


def test_changing_the_label_changes_both_outputs_and_nothing_else_does(pair):
    generator, discriminator = (network.eval() for network in pair)
    z, images = torch.randn(2, 12), torch.rand(2, 1, 28, 28) * 2 - 1
    for network, inputs in ((generator, z), (discriminator, images)):
        before, after = network(inputs, labels(1, 2)), network(inputs, labels(1, 7))
        torch.testing.assert_close(before[0], after[0])  # its label stayed the same
        assert (before[1] - after[1]).abs().max() > 0.01 * before[1].abs().max()


def test_gradients_reach_the_label(pair):
    """Whatever looks the label up learns, and no other class's entry does."""
    generator, discriminator = pair
    y = labels(3, 3, 3, 3)
    losses.generator_loss(discriminator(generator(torch.randn(4, 12), y), y)).backward()
    if generator.way == "embedding":
        table = generator.label.weight.grad
    else:
        table = generator.layers[0].weight.grad[:, 12:].T  # one row per class
    # Batch norm subtracts what all images of a batch have in common, up to rounding.
    assert not table[[0, 1, 2, *range(4, 10)]].any()
    if generator.way == "projection":
        gradient = discriminator.label.weight.grad
        assert gradient[3].abs().sum() > 0 and not gradient[[0, 9]].any()


def test_the_bodies_are_the_dcgans_of_lesson_04():
    """Same layers and shapes; only the first layers have room for the label."""
    beside = {"concatenated": (10, 10), "embedding": (EMBEDDING, 1), "projection": (10, 0)}
    for way, (more_z, planes) in beside.items():
        g, d = Generator(100, 16, way=way), Discriminator(16, way=way)
        expected_g, expected_d = (
            dcgan.Generator(100 + more_z, 16),
            dcgan.Discriminator(16, 1 + planes),
        )
        assert str(g.layers) == str(expected_g.layers)
        assert [*map(str, [*d.features, d.to_logit])] == [*map(str, expected_d.layers)]


def test_concatenated_labels_are_one_hot():
    torch.manual_seed(0)
    g, d = Generator(12, 4, way="concatenated"), Discriminator(4, way="concatenated")
    z, images, y = torch.randn(2, 12), torch.rand(2, 1, 28, 28), labels(4, 0)
    hot = functional.one_hot(y, 10).float()
    torch.testing.assert_close(g(z, y), g.layers(torch.cat([z, hot], dim=1)))
    planes = hot[:, :, None, None] * torch.ones(1, 1, 28, 28)
    expected = d.to_logit(d.features(torch.cat([images, planes], dim=1)))[:, 0]
    torch.testing.assert_close(d(images, y), expected)


def test_projection_is_an_inner_product_and_an_unconditional_term():
    """Miyato and Koyama 2018, equation 3: with class vectors of 0 the label has no effect."""
    d = Discriminator(4, way="projection").eval()
    images, y = torch.rand(3, 1, 28, 28), labels(0, 1, 2)
    phi = d.features(images)  # (3, 256)
    expected = d.to_logit(phi)[:, 0] + torch.einsum("nf,nf->n", phi, d.label.weight[y])
    torch.testing.assert_close(d(images, y), expected)
    nn.init.zeros_(d.label.weight)
    torch.testing.assert_close(d(images, y), d(images, labels(5, 5, 5)))


def test_initial_class_vectors_are_small():
    torch.manual_seed(0)
    weight = Discriminator(32, way="projection").label.weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_ds_step_leaves_no_gradient_in_g(pair):
    generator, discriminator = pair
    real, y = torch.rand(4, 1, 28, 28), labels(0, 1, 2, 3)
    fake = generator(torch.randn(4, 12), y)
    losses.discriminator_loss(discriminator(real, y), discriminator(fake.detach(), y)).backward()
    assert all(weight.grad is None for weight in generator.parameters())


def test_a_mixture_of_labels_lies_between_them(pair):
    generator = pair[0].eval()
    z, eye = torch.randn(2, 12), torch.eye(10)
    torch.testing.assert_close(generator(z, eye[[3, 8]]), generator(z, labels(3, 8)))
    half = generator(z, (eye[[3, 8]] + eye[[8, 3]]) / 2)
    first = generator.layers[0]
    vectors = [
        (eye[[k]] @ generator.label.weight if generator.way == "embedding" else eye[[k]])
        for k in (3, 8)
    ]
    middle = torch.cat([z, (vectors[0] + vectors[1]).repeat(2, 1) / 2], dim=1)
    torch.testing.assert_close(half, generator.layers[1:](first(middle)))


def test_samples_have_the_classes_asked_for_and_do_not_depend_on_the_batch(pair):
    generator = pair[0].train()
    for _ in range(3):
        generator(torch.randn(32, 12), torch.arange(32) % 10)  # moves the running statistics
    modes = [module.training for module in generator.modules()]
    wanted = [3, 0, 3, 9, 1, 2]
    whole = generator.sample(labels=wanted, seed=3)
    assert whole.shape == (6, 1, 28, 28) and not whole.requires_grad
    for batch in (1, 4):
        again = generator.sample(labels=wanted, seed=3, batch=batch)
        torch.testing.assert_close(again, whole)
    torch.testing.assert_close(generator.sample(labels=torch.tensor(wanted[:2]), seed=3), whole[:2])
    assert not torch.equal(generator.sample(labels=wanted, seed=4), whole)
    other = generator.sample(labels=[4, *wanted[1:]], seed=3)  # z does not depend on the labels
    torch.testing.assert_close(other[1:], whole[1:])
    assert not torch.equal(other[0], whole[0])
    assert [module.training for module in generator.modules()] == modes
    in_turn = generator.sample(12, seed=3)
    torch.testing.assert_close(in_turn, generator.sample(labels=[*range(10), 0, 1], seed=3))


def test_bad_labels_are_named(pair):
    generator, discriminator = pair
    z, images = torch.randn(2, 12), torch.randn(2, 1, 28, 28)
    for network, inputs in ((generator, z), (discriminator, images)):
        with pytest.raises(ValueError, match="labels are 0 to 9, got -1 to 10"):
            network(inputs, labels(-1, 10))
        with pytest.raises(ValueError, match=r"one class for each image, got int64 \(3,\) for 2"):
            network(inputs, labels(1, 2, 3))
        with pytest.raises(ValueError, match=r"got int32 \(2,\)"):
            network(inputs, labels(1, 2).int())
        with pytest.raises(ValueError, match=r"got int64 \(2, 1\)"):
            network(inputs, labels(1, 2)[:, None])
    with pytest.raises(ValueError, match=r"a mixture of labels has shape \(2, 10\), got \(2, 9\)"):
        generator(z, torch.ones(2, 9))
    with pytest.raises(ValueError, match=r"z has shape \(N, 12\), got \(2, 11\)"):
        generator(z[:, 1:], labels(1, 2))
    with pytest.raises(ValueError, match=r"images has shape|shape \(N, 1, 28, 28\), got"):
        discriminator(images[:, :, 1:], labels(1, 2))


def test_bad_samples_are_named(pair):
    generator = pair[0]
    for arguments in ({}, {"n": 2, "labels": [1, 2]}):
        with pytest.raises(ValueError, match="needs either n or labels"):
            generator.sample(**arguments)
    with pytest.raises(ValueError, match="labels are 0 to 9, got 3 to 12"):
        generator.sample(labels=[3, 12])
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        generator.sample(labels=[])
    with pytest.raises(ValueError, match="labels are int64"):
        generator.sample(labels=[1.5])
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        generator.sample(0)


def test_an_unknown_way_is_named():
    for network in (Generator, Discriminator):
        with pytest.raises(ValueError, match="one of concatenated, embedding, projection, not 'x'"):
            network(way="x")


def test_it_runs_on_a_device_without_values(pair):
    generator, discriminator = (network.to("meta") for network in pair)
    y = torch.zeros(4, dtype=torch.int64, device="meta")
    images = generator(torch.randn(4, 12, device="meta"), y)
    assert discriminator(images, y).device.type == "meta"


@pytest.mark.parametrize("name", ["cgan-fashion", "cgan-fashion-concatenated"])
def test_a_shipped_model_draws_what_it_is_told(name):
    judge = zoo.load("fashion-cnn")
    wanted = torch.arange(10).repeat(30)
    with torch.no_grad():
        found = judge(zoo.load(name).sample(labels=wanted, seed=0)).argmax(dim=1)
    assert (found == wanted).double().mean() > (0.85 if name == "cgan-fashion" else 0.7)

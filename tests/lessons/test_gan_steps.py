"""One GAN step, written three times: by lesson 04a, by appendix A, and by the recipe that ships.

From the same weights, the same batch and the same z, each gives the same losses and new weights.
"""

import dataclasses

import numpy as np
import pytest
import torch
from cells import definitions

from course_lib import data, keras_port, recipes
from course_lib.models import dcgan
from course_lib.training import seed_everything

SIZE, RATE = 64, 1e-3


@pytest.fixture(scope="module")
def images():
    return data.fashion("train")[0][:640]


@pytest.fixture(scope="module")
def start():
    """The weights of generator and discriminator before the step."""
    seed_everything(3)
    return dcgan.Generator().state_dict(), dcgan.Discriminator().state_dict()


def loaded(start):
    pair = dcgan.Generator(), dcgan.Discriminator()
    for network, weights in zip(pair, start, strict=True):
        network.load_state_dict(weights)
    return pair


def stepped(step, pair):
    """Take the step with z of seed 5; return the losses and all weights and statistics."""
    torch.manual_seed(5)
    losses = {name: loss.item() for name, loss in step(0).items()}
    return losses, [network.state_dict() for network in pair]


@pytest.fixture(scope="module")
def lesson(images, start):
    """What the step of lesson 04a does."""
    pair = loaded(start)
    real = next(data.batches(images, size=SIZE))
    adams = [torch.optim.Adam(n.parameters(), RATE, betas=(0.5, 0.999), fused=True) for n in pair]
    step = definitions("04a_gan.ipynb").step
    losses, after = stepped(lambda i: step(*pair, *adams, real), pair)
    return {name: losses[name] for name in ("loss_d", "loss_g")}, after


def test_the_recipes_step_is_lesson_04as(images, start, lesson, monkeypatch):
    monkeypatch.setattr(data, "fashion", lambda split: (images, torch.zeros(len(images))))
    recipe = dataclasses.replace(
        recipes.recipe("dcgan-fashion"),
        arguments={"z_dim": 100, "width": 16},
        batch=SIZE,
        learning_rate=RATE,
    )
    work = recipe.begin()
    pair = work.parts["generator"], work.parts["discriminator"]
    for network, weights in zip(pair, start, strict=True):
        # Stored as the lesson's. Another layout rounds sums differently, and where a gradient is
        # nearly 0, Adam's first step then goes the other way: 0.002 was seen.
        network.to(memory_format=torch.contiguous_format).load_state_dict(weights)
    losses, after = stepped(work.step, pair)
    assert losses == lesson[0]
    for network, expected, before in zip(after, lesson[1], start, strict=True):
        for name, value in expected.items():
            assert torch.equal(network[name], value), name
            if name.endswith("weight"):  # Adam's first step is nearly as long as the rate
                assert (value - before[name]).abs().max() > 0.9 * RATE, name


def test_the_step_in_keras_is_lesson_04as(images, start, lesson):
    backend = keras_port.prepare()
    keras = pytest.importorskip("keras")
    appendix = definitions("A_keras.ipynb")
    ports = appendix.Generator(), appendix.Discriminator()
    for network, port in zip(loaded(start), ports, strict=True):
        keras_port.carry(network, port)
    # Adam corrects the bias of a mean: Keras adds epsilon before that, PyTorch adds 1e-8 after.
    epsilon = 1e-8 / appendix.torch_epsilon(1, epsilon=1.0)
    gan = appendix.KerasGAN(*ports)
    gan.compile(
        *(keras.optimizers.Adam(RATE, beta_1=0.5, beta_2=0.999, epsilon=epsilon) for _ in ports)
    )
    torch.manual_seed(5)
    z, real = torch.randn(SIZE, 100), next(data.batches(images, size=SIZE))
    losses = gan.train_on_batch(keras_port.to_keras(real), z.numpy(), return_dict=True)
    for name, loss in lesson[0].items():
        assert float(losses[name]) == pytest.approx(loss, abs=1e-5), (name, backend)
    for network, weights, port in zip(loaded(start), lesson[1], ports, strict=True):
        network.load_state_dict(weights)
        expected = type(port)()
        keras_port.carry(network, expected)
        for ours, theirs in zip(port.variables, expected.variables, strict=True):
            values = [keras.ops.convert_to_numpy(variable.value) for variable in (ours, theirs)]
            # 2e-5 was seen in weights, and 8e-6 in variances, which Keras divides by n.
            np.testing.assert_allclose(*values, rtol=0, atol=1e-4, err_msg=ours.path)

"""Appendix A defines what lesson 04 does: same weights, same images, same losses, same step.

Runs on the backend that KERAS_BACKEND names: PyTorch in `make test`, both in `make test-keras`.
"""

import os
import re
import signal
import sys

import numpy as np
import pytest
import torch
from cells import definitions

from course_lib import data, figures, keras_port, losses, zoo
from course_lib.models import dcgan
from course_lib.sampling import latents, sample
from course_lib.training import seed_everything

BACKEND = keras_port.prepare()

import keras  # noqa: E402
from keras import ops  # noqa: E402


@pytest.fixture(scope="module")
def lesson():
    return definitions("A_keras.ipynb")


def value(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def weights(model: keras.Model) -> list[np.ndarray]:
    return [value(weight.value) for weight in model.trainable_variables]


def moved(model: keras.Model, before: list[np.ndarray]) -> float:
    """Return the largest change of a weight."""
    pairs = zip(weights(model), before, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


@pytest.fixture
def batch():
    images = torch.randint(
        0, 256, (64, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return data.to_float(images), latents(64, 100, seed=1)


def compiled(lesson, rate_g=1e-3, rate_d=1e-3):
    seed_everything(0)
    g, d = dcgan.Generator(), dcgan.Discriminator()
    gan = lesson.KerasGAN(lesson.Generator(), lesson.Discriminator())
    keras_port.carry(g, gan.generator)
    keras_port.carry(d, gan.discriminator)
    adams = [
        keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.999, epsilon=1e-7)
        for rate in (rate_g, rate_d)
    ]
    gan.compile(*adams)
    return g, d, gan


def test_keras_runs_on_the_backend_that_was_asked_for(lesson):
    assert keras.backend.backend() == BACKEND == lesson.backend
    base = {"torch": lesson.TorchGAN, "tensorflow": lesson.TensorFlowGAN}[BACKEND]
    assert lesson.KerasGAN is base


@pytest.mark.parametrize("training", [True, False])
def test_same_weights_same_outputs(lesson, batch, training):
    real, z = batch
    g, d, gan = compiled(lesson)
    with torch.no_grad():
        d(real), d(g(z))  # moves the running statistics of both away from 0 and 1
    keras_port.carry(g, gan.generator), keras_port.carry(d, gan.discriminator)
    g.train(training), d.train(training)
    images = keras_port.to_torch(gan.generator(z.numpy(), training=training))
    torch.testing.assert_close(images, g(z).detach(), rtol=0, atol=1e-5)
    logits = value(gan.discriminator(keras_port.to_keras(real), training=training))
    assert logits.shape == (64,)
    np.testing.assert_allclose(logits, d(real).detach().numpy(), rtol=0, atol=1e-4)


def test_the_shipped_model_draws_the_same_in_keras(lesson):
    shipped, port = zoo.load("dcgan-fashion"), lesson.Generator(z_dim=100, width=32)
    keras_port.carry(shipped, port)
    module = keras_port.AsModule(port)
    drawn = sample(module, 12, seed=4)
    torch.testing.assert_close(drawn, sample(shipped, 12, seed=4), rtol=0, atol=1e-4)
    torch.testing.assert_close(drawn, sample(module, 12, seed=4, batch=5), rtol=0, atol=1e-5)


def test_statistics_of_batch_norm_come_along(lesson, batch):
    g, _, gan = compiled(lesson)
    g(batch[1])
    keras_port.carry(g, gan.generator)
    norms = [layer for layer in g.layers if isinstance(layer, torch.nn.BatchNorm2d)]
    stack, kind = gan.generator.stack.layers, keras.layers.BatchNormalization
    found = [layer for layer in stack if isinstance(layer, kind)]
    for ours, theirs in zip(norms, found, strict=True):
        assert ours.running_mean.abs().max() > 0
        np.testing.assert_array_equal(value(theirs.moving_mean), ours.running_mean.numpy())
        np.testing.assert_array_equal(value(theirs.moving_variance), ours.running_var.numpy())


def test_initial_weights_are_the_papers(lesson):
    keras.utils.set_random_seed(0)
    for model in (lesson.Generator(width=32), lesson.Discriminator(width=32)):
        for weight in model.trainable_variables:
            array = value(weight.value)
            if weight.name == "kernel" and array.size > 10_000:
                assert array.mean() == pytest.approx(0, abs=1e-3)
                assert array.std() == pytest.approx(0.02, rel=0.05)
            elif weight.name == "gamma":
                assert array.mean() == pytest.approx(1, abs=0.02) and array.std() > 0
            elif weight.name in ("bias", "beta"):
                assert not array.any()


def test_weights_of_another_size_are_refused(lesson):
    with pytest.raises(ValueError, match="shape"):
        keras_port.carry(dcgan.Generator(width=8), lesson.Generator())
    with pytest.raises(ValueError, match="7 layers with weights in PyTorch, 6 in Keras"):
        keras_port.carry(dcgan.Generator(), lesson.Discriminator())


def test_images_go_there_and_back():
    images = torch.rand(2, 3, 4, 5)
    array = keras_port.to_keras(images)
    assert array.shape == (2, 4, 5, 3) and array[1, 3, 2, 0] == images[1, 0, 3, 2]
    assert torch.equal(keras_port.to_torch(ops.convert_to_tensor(array)), images)


def test_losses_equal_the_librarys(lesson):
    real, fake = torch.tensor([0.0, 3.0, -80.0]), torch.tensor([90.0, -2.0, 0.5])
    ours = (
        lesson.discriminator_loss(real.numpy(), fake.numpy()),
        lesson.generator_loss(fake.numpy()),
    )
    assert float(ours[0]) == pytest.approx(losses.discriminator_loss(real, fake).item(), abs=1e-4)
    assert float(ours[1]) == pytest.approx(losses.generator_loss(fake).item(), abs=1e-4)


def test_the_lessons_pytorch_step_is_that_of_lesson_04a(lesson, batch):
    real, z = batch
    g, d, _ = compiled(lesson)
    step = definitions("04a_gan.ipynb").step
    other_g, other_d = dcgan.Generator(), dcgan.Discriminator()
    other_g.load_state_dict(g.state_dict()), other_d.load_state_dict(d.state_dict())
    adams, others = (
        [torch.optim.Adam(n.parameters(), 1e-3, betas=(0.5, 0.999), fused=True) for n in pair]
        for pair in ((g, d), (other_g, other_d))
    )
    torch.manual_seed(5)
    z = torch.randn(64, 100)
    ours = lesson.torch_step(g, d, *adams, real, z)
    torch.manual_seed(5)
    theirs = step(other_g, other_d, *others, real)
    assert all(torch.equal(ours[name], theirs[name]) for name in ("loss_d", "loss_g"))
    for a, b in zip(g.parameters(), other_g.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_step_in_keras_equals_pytorchs(lesson, batch):
    real, z = batch
    g, d, gan = compiled(lesson)
    start = weights(gan.generator), weights(gan.discriminator)
    adam_g, adam_d = lesson.torch_adam(g), lesson.torch_adam(d)
    ours = lesson.torch_step(g, d, adam_g, adam_d, real, z)
    theirs = gan.train_on_batch(keras_port.to_keras(real), z.numpy(), return_dict=True)
    for name in ("loss_d", "loss_g"):
        assert float(theirs[name]) == pytest.approx(ours[name].item(), abs=1e-4)
    for network, model, before in (
        (g, gan.generator, start[0]),
        (d, gan.discriminator, start[1]),
    ):
        assert moved(model, before) > 5e-4  # Adam's first step is nearly the rate, 1e-3
        stepped = type(model)()
        keras_port.carry(network, stepped)
        assert moved(model, weights(stepped)) < 1e-4
        # PyTorch's running variance divides by n − 1: the smallest n here is 64·4·4.
        for a, b in zip(
            model.non_trainable_variables, stepped.non_trainable_variables, strict=True
        ):
            np.testing.assert_allclose(value(a.value), value(b.value), rtol=1e-3, atol=1e-4)


def test_losses_stay_together_for_a_few_steps(lesson, batch):
    real, z = batch
    g, d, gan = compiled(lesson)
    adams = lesson.torch_adam(g), lesson.torch_adam(d)
    for t in (1, 2, 3):
        for adam in adams:
            adam.param_groups[0]["eps"] = lesson.torch_epsilon(t)
        ours = lesson.torch_step(g, d, *adams, real, z)
        theirs = gan.train_on_batch(keras_port.to_keras(real), z.numpy(), return_dict=True)
        for name in ("loss_d", "loss_g"):
            assert float(theirs[name]) == pytest.approx(ours[name].item(), abs=5e-3), t


def test_each_player_moves_by_its_own_loss_alone(lesson, batch):
    arrays = keras_port.to_keras(batch[0]), batch[1].numpy()
    for still, rates in (("generator", (0.0, 1e-3)), ("discriminator", (1e-3, 0.0))):
        _, _, gan = compiled(lesson, *rates)
        players = gan.generator, gan.discriminator
        before = [weights(player) for player in players]
        gan.train_on_batch(*arrays)
        for player, old in zip(players, before, strict=True):
            if player is getattr(gan, still):
                assert moved(player, old) == 0
            else:
                assert moved(player, old) > 5e-4


def test_fit_paints_and_remembers(lesson, batch):
    _, _, gan = compiled(lesson)
    seen = []

    class View:
        def update(self, history):
            seen.append(history.steps)

        def finish(self, history):
            seen.append("end")

    arrays = keras_port.to_keras(batch[0]), batch[1].numpy()
    show = keras_port.callback(View(), every=2, batch=64)
    gan.fit(
        (arrays for _ in range(5)), steps_per_epoch=5, shuffle=False, verbose=0, callbacks=[show]
    )
    assert seen == [2, 4, "end"]
    assert show.history.steps == 5 and set(show.history) == {"loss_d", "loss_g"}
    _, _, twin = compiled(lesson)  # single steps' losses, not means over the epoch
    single = [twin.train_on_batch(*arrays, return_dict=True)["loss_d"] for _ in range(2)]
    assert show.history["loss_d"][:2] == pytest.approx([float(loss) for loss in single], abs=1e-3)
    assert show.history.images_per_second > 0
    assert keras_port.callback(figures.live(lambda: None, alt=""), 1, 1).history.steps == 0


def test_the_stop_button_ends_fit_after_its_step(lesson, batch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    _, _, gan = compiled(lesson)
    arrays, seen = (keras_port.to_keras(batch[0]), batch[1].numpy()), []

    class View:
        def update(self, history):
            os.kill(os.getpid(), signal.SIGINT)

        def finish(self, history):
            seen.append((history.steps, history.interrupted))

    show = keras_port.callback(View(), every=2, batch=64)
    gan.fit(
        (arrays for _ in range(9)), steps_per_epoch=9, shuffle=False, verbose=0, callbacks=[show]
    )
    assert seen == [(2, True)]
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_the_average_of_weights_moves_in(lesson, batch):
    _, _, gan = compiled(lesson)
    adam = lesson.keras_adam(use_ema=True, ema_momentum=0.5)
    gan.compile(adam, lesson.keras_adam())
    arrays, path = (keras_port.to_keras(batch[0]), batch[1].numpy()), []
    for _ in range(3):
        gan.train_on_batch(*arrays)
        path.append(weights(gan.generator)[0])
    adam.finalize_variable_values(gan.generator.trainable_variables)
    average = path[0]  # the first step's weights, then half of each later one's
    for step in path[1:]:
        average = 0.5 * average + 0.5 * step
    np.testing.assert_allclose(weights(gan.generator)[0], average, rtol=0, atol=1e-6)


def test_the_record_holds_what_the_lesson_shows():
    record = zoo.record("keras-step")
    assert record["command"] == "python benchmarks/keras_step.py --write"
    for name in ("cores", "torch", "keras", "tensorflow"):
        assert re.search(rf"\b{name}\b", record["machine"])
    rows = record["frameworks"]
    assert list(rows) == ["PyTorch", "Keras on PyTorch", "Keras on TensorFlow"]
    for row in rows.values():
        assert row["milliseconds a step"] > 0
        assert row["pixel difference"] < 1e-4
        for name in ("loss_d", "loss_g"):
            assert row[name] == pytest.approx(rows["PyTorch"][name], abs=1e-4)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(ValueError, match="torch or tensorflow, not 'jax'"):
        keras_port.prepare()


def test_missing_tensorflow_says_what_to_do(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setitem(sys.modules, "triton", sys.modules.get("triton"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with pytest.raises(ModuleNotFoundError, match="make test-keras"):
        keras_port.prepare()

"""The latent explorer in the kernel: every control changes the picture, nothing breaks."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import explorers, sampling, zoo
from course_lib.explorers import networks
from course_lib.explorers.canvas import Plot, upscaled
from course_lib.explorers.walks import principal_directions
from course_lib.latent import lerp, slerp
from course_lib.studio import provenance


@pytest.fixture(scope="module")
def generator():
    return zoo.load("dcgan-fashion")


@pytest.fixture
def explorer(generator, tmp_path):
    return explorers.latent(generator, count=4, folder=tmp_path)


def test_the_text_says_what_is_shown(explorer):
    explorer.seed_a.value, explorer.between.value = 7, 0.5
    explorer.steps[1].value = -2.0
    assert "Seed 7, 50% of the spherical way to seed 1" in explorer.text.value
    assert "direction 2 by -2.0" in explorer.text.value


def test_the_ends_of_the_walk_are_the_seeds(explorer, generator):
    z = explorer.z()
    expected = sampling.latents(1, 100, 0)[0] * explorer.truncation.value
    torch.testing.assert_close(z[0], expected)
    torch.testing.assert_close(z[-1], expected)


def test_the_button_saves_what_is_shown(explorer, tmp_path):
    first, second = explorer.save(), explorer.save()
    assert first != second and first.parent == tmp_path
    assert Image.open(first).size == (224, 224)
    assert str(second) in explorer.saved.value


def test_what_is_said_is_escaped(explorer, monkeypatch):
    monkeypatch.setattr(explorer, "alt", '"<b>"')
    monkeypatch.setattr(explorer, "draw", lambda: (b"", "<b>"))
    explorer.refresh()
    assert "&lt;b&gt;" in explorer.text.value and "<b>" not in explorer.text.value
    assert 'alt="&quot;&lt;b&gt;&quot;"' in explorer.static()


def test_truncation_leaves_the_steps_alone(explorer):
    """z is pulled to the middle; a step along a direction is as long as the slider says."""
    before = explorer.z()
    explorer.steps[1].value, explorer.truncation.value = 3.0, 0.5
    torch.testing.assert_close(explorer.z(), 0.5 * before + 3 * explorer.directions[1])


def test_a_plot_ends_at_its_limits():
    plot = Plot(10, 20, 110, 70, (0, 1), (-1, 1))
    points = plot.at([0, 0.5, 1, 1, 0], [-1, 0, 1, 99, -99]).tolist()
    assert points == [[10, 70], [60, 45], [110, 20], [110, 20], [10, 70]]


def test_a_shrunken_picture_is_the_mean_of_its_pixels():
    chequered = (np.indices((8, 8)).sum(axis=0) % 2 * 200).astype(np.uint8)
    assert set(upscaled(chequered, 4).flatten().tolist()) == {100}


def test_the_picture_is_the_generators(explorer, generator):
    pixels = np.asarray(Image.open(io.BytesIO(explorer.picture.value)))
    strip = pixels[-28:]
    with torch.no_grad():
        image = generator(explorer.z()[:1])
    expected = image.add(1).mul(127.5).round()[0, 0].numpy()
    assert np.abs(strip[:, :28] - expected).max() <= 1


def test_interpolation_keeps_its_promises():
    z0, z1 = sampling.latents(500, 100, 0), sampling.latents(500, 100, 1)
    for path in (lerp, slerp):
        torch.testing.assert_close(path(z0, z1, 0.0), z0)
        torch.testing.assert_close(path(z0, z1, 1.0), z1, rtol=1e-4, atol=1e-4)
    assert slerp(z0, z1, 0.5).norm(dim=1).mean() == pytest.approx(10, abs=0.1)
    assert lerp(z0, z1, 0.5).norm(dim=1).mean() == pytest.approx(50**0.5, abs=0.1)
    torch.testing.assert_close(slerp(z0, z0, 0.3), z0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_parallel_row_leaves_the_arcs_of_the_others(dtype):
    z0, z1 = (sampling.latents(3, 6, seed).to(dtype) for seed in (0, 1))
    z0[1], z1[1] = torch.eye(6)[0], 2 * torch.eye(6)[0]  # their cosine is 1 to the last digit
    walked = slerp(z0.requires_grad_(), z1.requires_grad_(), 0.3)
    for row in (0, 2):
        torch.testing.assert_close(walked[row], slerp(z0[row], z1[row], 0.3))
        assert (walked[row] - lerp(z0[row], z1[row], 0.3)).norm() > 0.01
    torch.testing.assert_close(walked[1], 1.3 * z0[1])
    walked.sum().backward()
    assert z0.grad.isfinite().all() and z1.grad.isfinite().all()


class Linear(torch.nn.Module):
    """A generator whose principal directions are known: axis 2 matters most, then axis 0."""

    z_dim = 5

    def __init__(self):
        super().__init__()
        self.scales = torch.nn.Parameter(torch.tensor([0.08, 0.004, 0.2, 0.004, 0.004]))

    def forward(self, z):
        return (z * self.scales)[:, None, None, :]


def test_principal_directions_of_a_known_generator():
    directions = principal_directions(Linear(), count=2, n=5000)
    expected = torch.eye(5)[[2, 0]]
    torch.testing.assert_close(directions.abs(), expected, atol=0.1, rtol=0)
    assert directions[0, 2] > 0 and directions[1, 0] > 0  # a positive step brightens


def test_a_model_trained_further_is_not_called_the_zoos(tmp_path):
    model = zoo.load("dcgan-fashion")
    assert zoo.name_of(model) == "dcgan-fashion"
    with torch.no_grad():
        next(model.parameters()).mul_(1.01)
    assert zoo.name_of(model) == "Generator"
    facts = provenance.read(explorers.latent(model, count=2, folder=tmp_path).save())
    assert facts["model"] == "Generator" and "sha256" not in facts


def test_a_model_elsewhere_stays_there_and_its_copy_comes(monkeypatch):
    model = nn.Linear(2, 2)
    assert networks.on_cpu(model) is model
    monkeypatch.setattr(networks, "device_of", lambda model: torch.device("cuda"))
    copied = networks.on_cpu(model)
    assert copied is not model and copied.weight.equal(model.weight)

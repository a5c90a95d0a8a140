"""A generator of one's own goes through the house as it is, whatever it reads beside z."""

import pytest
import torch
from torch import nn

from course_lib import explorers, sampling, zoo
from course_lib.studio import export, films, provenance, responsibility
from course_lib.studio.loops import Loop
from course_lib.studio.sheets import contact_sheet
from course_lib.studio.sources import Source


class Toy(nn.Module):
    """Nothing: z to images (N, 3, 8, 8)."""

    reads, z_dim, beside = "nothing", 6, 0

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(sampling.size_of(self) + self.beside, 3 * 8 * 8)

    def forward(self, z, *codes):
        return torch.tanh(self.layer(torch.cat([z, *codes], dim=1))).view(-1, 3, 8, 8)


class Labelled(Toy):
    reads, classes, beside = "label", 4, 4

    def forward(self, z, labels):
        whole = not labels.is_floating_point()
        return super().forward(z, torch.eye(4)[labels] if whole else labels)


class Described(Toy):
    reads, noise_dim, beside, open_caption = "caption", 2, 3, "anyone"

    def encode(self, captions):
        return torch.tensor([[len(words), words.count("a"), 1.0] for words in captions])


KINDS = {
    "nothing": (Toy, {}, {}),
    "label": (Labelled, {"label": 2}, {"labels": [2, 2, 2]}),
    "caption": (Described, {"caption": "a cap"}, {"captions": 3 * ["a cap"]}),
}


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def toy(request):
    """Return a generator, what a source asks of it, and what three inputs of its file ask."""
    make, asked, three = request.param
    return make().eval(), asked, three


def called(generator, asked, z):
    with torch.no_grad():
        if generator.reads == "nothing":
            return generator(z)
        if generator.reads == "label":
            return generator(z, torch.full((len(z),), asked["label"]))
        return generator(z, generator.encode([asked["caption"]]).expand(len(z), -1))


def test_it_is_sampled(toy):
    generator, asked, _ = toy
    z = sampling.latents(5, sampling.size_of(generator), seed=4)
    expected = called(generator, asked, z)
    for batch in (1, 2, 5):
        request = next(iter(asked.values()), None)
        images = sampling.sample(generator, 5, seed=4, batch=batch, asked=request)
        torch.testing.assert_close(images, expected)
    assert expected.std() > 0.1


def test_a_generator_that_does_not_say_what_it_reads():
    plain, labelled = nn.Identity(), nn.Identity()
    labelled.classes = 4
    assert (sampling.reads(plain), sampling.reads(labelled)) == ("nothing", "label")


def test_what_is_asked_comes_in_turn():
    z = sampling.latents(6, 6, seed=1)
    for asked, labels in ((None, [0, 1, 2, 3, 0, 1]), (3, 6 * [3]), ([2, 0], 3 * [2, 0])):
        images = sampling.draw(Labelled(), z, asked)
        torch.testing.assert_close(images, sampling.draw(Labelled(), z, torch.tensor(labels)))
    weights = torch.tensor(6 * [[0.5, 0.5, 0.0, 0.0]])
    assert not torch.allclose(sampling.draw(Labelled(), z, weights), images)
    z = sampling.latents(3, 8, seed=1)
    images = sampling.draw(Described(), z, ["a", "banana"])
    codes = Described().encode(["a", "banana", "a"])
    torch.testing.assert_close(images, sampling.draw(Described(), z, codes))
    anyone = sampling.draw(Described(), z, "anyone")
    torch.testing.assert_close(sampling.draw(Described(), z), anyone)


@pytest.mark.parametrize(
    ("generator", "asked", "message"),
    [
        (Toy, 3, "Toy reads nothing beside z, got 3"),
        (Labelled, 4, "labels are 0 to 3, got 4 to 4"),
        (Labelled, [], r"labels are int64 \(N,\)"),
        (Labelled, 1.5, "labels are int64"),
    ],
)
def test_what_it_does_not_read_is_refused(generator, asked, message):
    with pytest.raises(ValueError, match=message):
        sampling.draw(generator(), torch.zeros(2, 6), asked)


def test_z_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"z .* \(2, 6\)"):
        sampling.draw(Described(), torch.zeros(2, 6))


def test_it_goes_out_as_onnx(toy, tmp_path):
    generator, asked, three = toy
    path = export.export_onnx(generator.train(), tmp_path / "toy.onnx")
    assert generator.training, "yours stays as it was"
    given = export.inputs(generator, 3, seed=4, **three)
    images = export.run_onnx(path, given)["images"]
    torch.testing.assert_close(images, called(generator, asked, given["z"]), atol=1e-5, rtol=0)
    assert provenance.read(path)["model"] == type(generator).__name__


def test_it_fills_a_sheet(toy):
    generator, asked, _ = toy
    source = Source("toy", generator, **asked)
    torch.testing.assert_close(
        source.images(source.latents([4, 5])),
        called(generator, asked, source.latents([4, 5])),
    )
    assert contact_sheet(source, seeds=range(6)).image.width > 100


def test_it_makes_a_loop(toy, tmp_path):
    generator, asked, _ = toy
    asked = {"captions": ("a cap", "banana")} if "caption" in asked else asked
    loop = Loop("toy", seconds=1.0, rate=10, network=generator, **asked)
    frames = loop.images()
    assert frames.shape == (10, 3, 8, 8) and len(frames.unique(dim=0)) == 10
    facts = provenance.read(loop.save(tmp_path / "toy.gif", side=films.SIDE))
    assert Loop(**facts["loop"], network=generator) == loop


def test_it_is_truncated(toy):
    generator, *_ = toy
    half = responsibility.truncated(generator, 0.5, 3, seed=4)
    z = 0.5 * sampling.latents(3, sampling.size_of(generator), seed=4)
    torch.testing.assert_close(half, sampling.draw(generator, z))


def test_all_generators_of_the_zoo_say_what_they_read():
    kinds = {name: sampling.reads(zoo.load(name)) for name in zoo.generators()}
    assert set(kinds.values()) == {"nothing", "label", "caption"}
    assert kinds["stackgan-personas"] == "caption" and kinds["drums"] == "label"
    for name in kinds:
        assert sampling.sample(zoo.load(name), 2, seed=3).shape[0] == 2


def test_it_stands_under_sliders(toy):
    generator, *_ = toy
    explorer = explorers.latent(generator, count=2)
    before = explorer.picture.value
    explorer.steps[1].value = 3.0
    assert explorer.picture.value != before

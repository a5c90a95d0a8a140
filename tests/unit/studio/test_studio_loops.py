"""Loops close exactly, and the films that are saved show them and say where they are from."""

import math
import shutil

import av
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import latent, zoo
from course_lib.latent import EASINGS, eased
from course_lib.sampling import latents
from course_lib.studio import films, provenance
from course_lib.studio.loops import Loop

CAPTIONS = ("a smiling person with a pink bob", "a bald person with a beard")
LOOPS = {
    "progan": Loop("progan-personas", seed=3, seconds=1),
    "dcgan": Loop("dcgan-fashion", seed=3, seconds=1),
    "cgan": Loop("cgan-fashion", seed=3, seconds=1, label=8),
    "one caption": Loop("stackgan-personas", seed=3, seconds=1, captions=CAPTIONS[:1]),
    "two captions": Loop("stackgan-personas", seed=3, seconds=1, reach=0, captions=CAPTIONS),
}


def steps(points):
    """Return how far each point lies from the one before it, the first from the last."""
    return (points - points.roll(1, 0)).flatten(1).double().norm(dim=1)


@pytest.mark.parametrize("easing", EASINGS)
def test_an_easing_goes_from_rest_to_where_it_began(easing):
    t = torch.linspace(0, 1, 1001, dtype=torch.float64)[:-1]
    p = eased(easing, t)
    assert p[0] == 0 and p.min() >= 0 and p.max() < 1
    assert p.max() > (0.49 if easing == "breathe" else 0.99)  # the whole way
    # Where the two ends meet, it has moved by no more than anywhere else.
    seam = min(abs(p[-1] - end).item() for end in (0, 1))
    assert seam <= p.diff().abs().max() + 1e-12


def test_easings_have_the_speeds_that_their_equations_say():
    t = torch.rand(50, dtype=torch.float64, requires_grad=True)
    expected = {
        "linear": torch.ones_like(t),
        "ease in and out": 6 * t * (1 - t),
        "four rests": 1 - torch.cos(8 * math.pi * t),
        "breathe": math.pi / 2 * torch.sin(2 * math.pi * t),
    }
    assert list(expected) == list(EASINGS)
    for name, speed in expected.items():
        (found,) = torch.autograd.grad(eased(name, t).sum(), t)
        torch.testing.assert_close(found, speed)
    rests = eased("four rests", torch.tensor([0.25, 0.5, 0.75]))
    torch.testing.assert_close(rests, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))


def test_the_great_circle_is_lesson_07s():
    z = latents(3, 64, seed=0)
    points = latent.circle(z, torch.arange(24) / 24)
    torch.testing.assert_close(points, latent.great_circle(z[0], z[1], 24))


@pytest.mark.parametrize("reach", [20, 90, 150, 180])
def test_halfway_the_walk_is_as_far_as_its_reach(reach):
    z = latents(3, 64, seed=1)
    points = latent.circle(z, torch.linspace(0, 1, 41), reach)
    torch.testing.assert_close(points.norm(dim=1), torch.full((41,), 8.0))
    torch.testing.assert_close(points[:1], latent.on_sphere(z[:1]))
    angles = torch.rad2deg(torch.acos((points @ points[0] / 64).clamp(-1, 1)))
    assert angles[20] == pytest.approx(reach, abs=0.1) and angles.argmax() == 20
    assert (latent.circle(z, torch.rand(5), 0) - points[0]).abs().max() < 1e-5


@pytest.mark.parametrize("easing", EASINGS)
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_closes_to_the_last_bit(name, easing):
    loop = Loop(**{**LOOPS[name].facts()["loop"], "easing": easing})
    ends = torch.tensor([0.0, 1.0])
    z = loop.latents(ends)
    assert torch.equal(z[0], z[1])
    if loop.captions:
        text = loop.text(ends)
        assert torch.equal(text[0], text[1])
    found = [] if loop.reach == 0 else [loop.latents(loop.times())]
    found += [loop.text(loop.times())] if len(loop.captions) == 2 else []
    assert found
    for points in found:
        moved = steps(points)
        assert moved.max() > 0.1
        assert moved[0] <= moved[1:].max() * (1 + 1e-5)  # the seam is a step like others


@pytest.mark.parametrize("name", ["progan", "dcgan", "cgan", "two captions"])
def test_the_pictures_have_no_seam(name):
    # z moves evenly, pictures where they like, at the seam too: but less for shorter steps.
    loop = LOOPS[name]
    before = torch.tensor([1 - 1 / 20, 1 - 1 / 320, 1.0])
    long, short = (loop.draw(before[[i, 2]]).float().diff(dim=0).norm() for i in (0, 1))
    assert 0 < short < long / 4
    eased = Loop(**{**loop.facts()["loop"], "easing": "ease in and out"})
    moved = steps(eased.images().float())
    assert moved[0] <= moved[1:].max()


def test_a_loop_begins_with_its_seed():
    def apart(images, other):
        return (images.float() - other.float().add(1).mul(127.5)).abs().max()

    first = torch.zeros(1)
    generator = zoo.load("progan-personas")
    assert apart(Loop(seed=5).draw(first), generator.sample(1, seed=5)) < 1
    z = latent.on_sphere(latents(1, 100, seed=5))
    generator = zoo.load("cgan-fashion")
    with torch.no_grad():
        image = generator(z, torch.tensor([8]))
    assert apart(Loop("cgan-fashion", seed=5, label=8).draw(first), image) < 1


def test_two_captions_are_reached():
    loop = Loop("stackgan-personas", captions=CAPTIONS, reach=0)
    text = loop.text(torch.tensor([0.0, 0.5]))
    torch.testing.assert_close(text, loop.generator.encode(list(CAPTIONS)), atol=1e-4, rtol=0)
    # There and back: the way back shows the same pictures.
    images = loop.draw(torch.tensor([0.2, 0.8]))
    assert (images[0].int() - images[1].int()).abs().max() <= 1
    still = Loop("stackgan-personas", captions=CAPTIONS[:1])
    assert torch.equal(*still.text(torch.tensor([0.0, 0.3])))


def decoded_gif(path, rate):
    """Return all frames (N, H, W, 3), each as many times as it is shown."""
    with Image.open(path) as gif:
        assert gif.format == "GIF" and gif.info["loop"] == 0  # for ever
        frames = []
        for number in range(gif.n_frames):
            gif.seek(number)
            times, rest = divmod(gif.info["duration"] * rate, 1000)
            assert rest == 0
            frames += times * [np.asarray(gif.convert("RGB")).astype(int)]
        return np.stack(frames)


def decoded_mp4(path, rate):
    with av.open(path) as film:
        (stream,) = film.streams
        context = stream.codec_context
        assert context.name == "h264" and context.pix_fmt == "yuv420p"
        assert stream.average_rate == rate
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(stream)]
    return np.stack(frames)


DECODERS = {".gif": decoded_gif, ".mp4": decoded_mp4}


@pytest.mark.parametrize("suffix", DECODERS)
@pytest.mark.parametrize("name", ["progan", "cgan", "two captions"])
def test_the_file_shows_the_loop(name, suffix, tmp_path):
    loop = LOOPS[name]
    path = loop.save(tmp_path / "deep" / f"loop{suffix}")
    images = loop.images()
    times = 256 // images.shape[-1]
    side = times * images.shape[-1]
    found = DECODERS[suffix](path, loop.rate)
    assert found.shape == (20, side, side, 3)
    wanted = images.permute(0, 2, 3, 1).numpy().astype(int)
    wanted = wanted.repeat(times, axis=1).repeat(times, axis=2)
    error = np.abs(found - wanted).mean(axis=(1, 2, 3))
    assert error.max() < 5, error
    if suffix == ".gif" and images.shape[1] == 1:
        assert error.max() == 0  # grey has 256 values, as many as the palette
    # It is closed in the file too: from its last picture to its first as between others.
    moved = np.abs(found - np.roll(found, 1, axis=0)).mean(axis=(1, 2, 3))
    assert 0 < moved[0] <= 1.1 * moved[1:].max()


@pytest.mark.parametrize("suffix", DECODERS)
@pytest.mark.parametrize("name", ["cgan", "two captions"])
def test_what_the_file_says_makes_it_again(name, suffix, tmp_path):
    path = LOOPS[name].save(tmp_path / f"loop{suffix}")
    facts = provenance.read(path)
    assert facts["model"] == LOOPS[name].model and facts["seed"] == 3
    assert facts["sha256"] == zoo.card(facts["model"])["sha256"]
    again = Loop(**facts["loop"])
    assert again == LOOPS[name]
    assert again.save(tmp_path / f"again{suffix}").read_bytes() == path.read_bytes()


def test_the_index_of_an_mp4_stands_before_its_pictures(tmp_path):
    content = LOOPS["cgan"].save(tmp_path / "loop.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_odd_sizes_fit_into_h264(tmp_path):
    images = torch.randint(0, 256, (3, 3, 1, 1), dtype=torch.uint8).expand(-1, -1, 33, 17)
    for suffix, shape in ((".mp4", (34, 18)), (".gif", (33, 17))):
        path = films.WRITERS[suffix](images, tmp_path / f"odd{suffix}", {}, rate=5, side=40)
        found = DECODERS[suffix](path, 5)
        assert found.shape == (3, *shape, 3)
        assert np.abs(found - found[:, :1, :1]).max() <= 3  # one colour, to the edges


def test_colours_stay_what_they_are(tmp_path):
    pure = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]])
    images = pure.to(torch.uint8)[:, :, None, None].expand(-1, -1, 16, 16)
    for suffix, decode in DECODERS.items():
        path = films.WRITERS[suffix](images, tmp_path / f"pure{suffix}", {}, rate=5)
        assert np.abs(decode(path, 5) - pure.numpy()[:, None, None]).max() <= 4
    with av.open(tmp_path / "pure.mp4") as film:
        assert film.streams.video[0].codec_context.colorspace == 1  # BT.709, and the file says so


def test_saving_pixels_anew_strips_the_facts(tmp_path):
    path = LOOPS["cgan"].save(tmp_path / "loop.gif")
    with Image.open(path) as gif:
        gif.info.clear()
        gif.save(tmp_path / "anew.gif")
    assert provenance.read(tmp_path / "anew.gif") is None
    path = LOOPS["cgan"].save(tmp_path / "loop.mp4")
    with av.open(path) as old, av.open(tmp_path / "anew.mp4", "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    assert provenance.read(tmp_path / "anew.mp4") is None
    shutil.copy(path, tmp_path / "copied.mp4")
    assert provenance.read(tmp_path / "copied.mp4")["seed"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "fashion-cnn"}, "'fashion-cnn' is no generator of the zoo that loops"),
        ({"model": "nothing"}, "'nothing' is no generator"),
        ({"rate": 30}, r"one of \(5, 10, 20, 25, 50\), not 30"),
        ({"seconds": 0.1}, "3 frames or more, not 2"),
        ({"easing": "bounce"}, "easings are linear, ease in and out, .* not 'bounce'"),
        ({"reach": 181}, "reach is 0 to 180 degrees, not 181"),
        ({"reach": 0}, "nothing moves"),
        ({"label": 3}, "progan-personas reads nothing; label is 3"),
        ({"model": "cgan-fashion"}, "cgan-fashion reads label; label is None"),
        ({"model": "cgan-fashion", "label": 10}, "labels are 0 to 9, got 10 to 10"),
        ({"captions": ["a cap"]}, "reads nothing; captions are"),
        ({"captions": 3 * ["a cap"]}, "reads nothing; captions are"),
        ({"model": "stackgan-personas"}, "reads caption; captions are"),
        ({"model": "stackgan-personas", "captions": 3 * ["a cap"]}, "reads caption; captions are"),
        (
            {"model": "stackgan-personas", "captions": 2 * ["a cap"], "reach": 0},
            "nothing moves",
        ),
    ],
)
def test_what_makes_no_loop_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Loop(**options)


def test_what_makes_no_film_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"as \.gif or \.mp4, not loop\.avi"):
        LOOPS["cgan"].save(tmp_path / "loop.avi")
    for write in films.WRITERS.values():
        with pytest.raises(ValueError, match=r"not \(1, 3, 8, 8\)"):
            write(torch.zeros(1, 3, 8, 8), tmp_path / "x", {})
        with pytest.raises(ValueError, match=r"one of .* not 24"):
            write(torch.zeros(2, 3, 8, 8), tmp_path / "x", {}, rate=24)
    with pytest.raises(ValueError, match="lie in one plane"):
        latent.circle(torch.ones(3, 5), torch.zeros(1))


def test_turns_are_angles():
    angles = torch.deg2rad(torch.tensor([0.0, 30.0, 30.001, 120.0], dtype=torch.float64))
    points = torch.stack([angles.cos(), angles.sin()], dim=1) * torch.tensor([[1], [2], [3], [4]])
    found = latent.turns(points)
    expected = torch.tensor([30, 0.001, 89.999], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    assert latent.turns(points, closed=True)[-1] == pytest.approx(120)

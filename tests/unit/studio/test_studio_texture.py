"""Lesson 08's textures: they tile, the room closes, the view looks where it says."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from course_lib import data, explorers, features, zoo
from course_lib.models.texture import CircularUpsample, Discriminator, Generator
from course_lib.studio import provenance, textures


@pytest.fixture(scope="module")
def painter():
    return zoo.load("texture-mosaic")


@pytest.fixture(scope="module")
def backdrop(painter):
    return textures.backdrop(painter, seed=1, height=128)


def test_seams_are_measured_on_pictures_whose_seams_are_known():
    ramp = torch.arange(8.0).expand(1, 1, 4, 8)  # steps of 1 inside, of 7 over the seam
    assert textures.seams(ramp + torch.arange(4.0)[:, None])[0] == pytest.approx(7)
    wave = (torch.arange(64) * 2 * math.pi / 16).sin().expand(1, 1, 64, 64)
    right, below = textures.seams(wave + wave.transpose(2, 3))
    assert right == pytest.approx(below, rel=1e-4) and right < 1.7  # sin is steepest at 0


def test_the_seam_is_no_steeper_than_the_inside_and_with_zero_padding_it_is(painter):
    twin = Generator(padding_mode="zeros").eval()
    twin.load_state_dict(painter.state_dict())
    assert max(textures.seams(painter.sample(64, seed=5))) < 1.1
    assert min(textures.seams(twin.sample(64, seed=5))) > 1.5


def test_shifted_noise_gives_the_shifted_texture(painter):
    noise = painter.noise(1, 0, 64, 96)
    with torch.no_grad():
        moved = painter(noise.roll((3, -2), (2, 3)))
        expected = painter(noise).roll((24, -16), (2, 3))
        torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)
        twin = Generator(padding_mode="zeros").eval()
        twin.load_state_dict(painter.state_dict())
        assert (twin(noise.roll(3, 2)) - twin(noise).roll(24, 2)).abs().max() > 0.1


@pytest.mark.parametrize("mode", ["circular", "zeros"])
def test_the_upsampling_equals_the_plain_one(mode):
    fused = CircularUpsample(5, 4, 3, padding=1, padding_mode=mode)
    plain = nn.Conv2d(5, 4, 3, padding=1, padding_mode=mode)
    plain.load_state_dict(fused.state_dict())
    x = torch.randn(2, 5, 4, 6)
    expected = plain(functional.interpolate(x, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(fused(x), expected)


def test_any_size_is_drawn_and_samples_keep_the_contract(painter):
    assert painter.sample(2, height=32, width=80).shape == (2, 3, 32, 80)
    nine = painter.sample(9, seed=3, batch=4, height=32, width=32)
    torch.testing.assert_close(
        nine, painter.sample(9, seed=3, batch=9, height=32, width=32), atol=1e-5, rtol=0
    )
    assert nine.abs().max() <= 1 and not nine[0].equal(nine[1])
    with pytest.raises(ValueError, match="multiples of 8 pixels, not 60×64"):
        painter.sample(1, height=60, width=64)
    with pytest.raises(ValueError, match="z has shape"):
        painter(torch.zeros(1, 3, 8, 8))


def test_each_logit_sees_a_patch_of_38_pixels():
    discriminator = Discriminator().eval()
    images = torch.randn(1, 3, 78, 70, requires_grad=True)
    logits = discriminator(images)
    assert logits.shape == (1, 6, 5)
    seen = torch.autograd.grad(logits[0, 1, 2], images)[0].abs().sum((0, 1)).nonzero()
    assert seen.min(0).values.tolist() == [8, 16] and seen.max(0).values.tolist() == [45, 53]


def test_the_texture_is_nearer_to_a_mosaic_than_any_other_pattern(painter):
    judge = zoo.load("personas-cnn")

    def activations(image):
        with torch.no_grad():
            return features.layer_activations(judge, image, features.STYLE_LAYERS)

    def drawn(name, seed):
        return data.to_float(data.patterns(name, 128, seed))

    wanted = activations(drawn("mosaic", 500))
    loss = features.style_loss(activations(painter.sample(1, seed=8)), wanted).item()
    for name in data.PATTERNS:
        if name != "mosaic":
            assert loss < features.style_loss(activations(drawn(name, 501)), wanted), name


def test_looking_up_at_whole_pixels_gives_the_pixels_and_wraps():
    texture = torch.rand(3, 6, 4)
    rows, columns = torch.meshgrid(torch.arange(6), torch.arange(4), indexing="ij")
    points = torch.stack([(columns + 0.5) / 4, (rows + 0.5) / 6], -1)
    torch.testing.assert_close(textures.look(texture, points), texture)
    torch.testing.assert_close(textures.look(texture, points + 3), texture, atol=1e-5, rtol=0)
    seam = textures.look(texture, torch.tensor([[[1.0, 0.5 / 6]]]))[:, 0, 0]
    torch.testing.assert_close(seam, (texture[:, 0, 0] + texture[:, 0, 3]) / 2)


def test_directions_are_longitudes_and_latitudes():
    way = textures.directions(65)
    torch.testing.assert_close(way.norm(dim=-1), torch.ones(65, 130))
    torch.testing.assert_close(way[0], torch.tensor([0.0, 1.0, 0.0]).expand(130, 3))
    assert way[32, 64:66, 2].min() > 0.99  # the picture's middle is straight ahead
    assert way[32, 97, 0] > 0.99  # three quarters to the right is to the right


def test_the_room_closes_and_its_poles_are_one_colour(painter, backdrop):
    assert backdrop.shape == (3, 128, 256)
    steps = (backdrop - backdrop.roll(1, 2)).abs().mean((0, 1))
    assert steps[0] < steps[1:].mean() + 3 * steps[1:].std()
    flat = painter.sample(1, seed=1, height=128, width=256)[0]
    for row in (0, -1):
        assert backdrop[:, row].std(dim=1).max() < 1e-4 < 0.1 < flat[:, row].std(dim=1).max()
    # Towards the pole, less and less may change along a row.
    variation = (backdrop - backdrop.roll(1, 2)).abs().mean((0, 2))
    assert variation[1] < variation[4] < variation[12] < variation[64]


def test_a_wall_that_does_not_tile_would_be_noticed():
    walls, ground = torch.linspace(-1, 1, 128).expand(3, 32, 128), torch.zeros(3, 32, 64)
    broken = textures.room(walls, ground, height=64)
    ahead = broken.roll(64, 2)[:, 24:40]  # the strip begins and ends in the middle of the front
    assert textures.seams(ahead[None])[0] > 10
    with pytest.raises(ValueError, match=r"expected a texture \(3, h, 4h\)"):
        textures.room(ground, ground)


def test_the_view_looks_where_it_says():
    picture = textures.directions(257).permute(2, 0, 1)  # each pixel shows its direction
    for yaw, pitch, expected in (
        (0, 0, (0, 0, 1)),
        (90, 0, (1, 0, 0)),
        (180, 0, (0, 0, -1)),
        (0, 90, (0, 1, 0)),
        (-90, -45, (-math.sqrt(0.5), -math.sqrt(0.5), 0)),
    ):
        middle = textures.view(picture, yaw, pitch, 90, (41, 61))[:, 20, 30]
        assert middle.tolist() == pytest.approx(expected, abs=5e-3), (yaw, pitch)
    edge = textures.view(picture, 0, 0, 90, (41, 61))[:, 20, -1]  # 45° to the right, half a pixel
    assert math.degrees(math.atan2(edge[0], edge[2])) == pytest.approx(44.5, abs=0.6)
    with pytest.raises(ValueError, match="field of view"):
        textures.view(picture, field=180)
    with pytest.raises(ValueError, match="a backdrop is"):
        textures.view(picture[:, :100])


def test_files_say_where_they_come_from(painter, backdrop, tmp_path):
    path = textures.save_backdrop(backdrop, tmp_path / "made" / "room.png", seed=1, side=192)
    facts = provenance.read(path)
    assert facts["model"] == "texture-mosaic" and facts["seed"] == 1 and facts["side"] == 192
    assert facts["sha256"] == zoo.card("texture-mosaic")["sha256"]
    assert Image.open(path).size == (256, 128)
    assert b"equirectangular" in path.read_bytes()
    tile = painter.sample(1, seed=2)[0]
    path = textures.save_tile(tile, tmp_path / "tile.png", seed=2)
    expected = data.to_uint8(tile[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(path)), expected)
    with pytest.raises(ValueError, match="a backdrop is"):
        textures.save_backdrop(tile, tmp_path / "x.png")


def test_the_tile_explorer_saves_one_tile(painter, tmp_path):
    explorer = explorers.tiles(painter, folder=tmp_path)
    assert Image.open(io.BytesIO(explorer.picture.value)).size == (192, 192)
    assert "3×3 copies of one tile of 64×64 pixels" in explorer.text.value
    first, second = explorer.save(), explorer.save()
    assert first != second and Image.open(second).size == (64, 64)
    assert str(second) in explorer.saved.value
    assert provenance.read(first)["made"] == "seamless tile"
    assert "<img alt=" in explorer.static()


def test_the_room_explorer_turns_and_saves_the_backdrop(painter, tmp_path):
    explorer = explorers.room(painter, folder=tmp_path)
    drawn = explorer.backdrop()
    assert explorer.backdrop() is drawn  # turning draws no new room
    explorer.seed.value, explorer.yaw.value = 7, -40
    assert explorer.backdrop() is not drawn
    assert "Room 7: you look 40° to the left and 20° up" in explorer.text.value
    path = explorer.save()
    assert Image.open(path).size == (1024, 512)
    assert provenance.read(path)["seed"] == 7


def test_walls_and_ground_have_seeds_of_their_own():
    seeds = []

    class Painter:
        def sample(self, n, seed, height, width):
            seeds.append(seed)
            return torch.zeros(n, 3, height, width)

    textures.backdrop(Painter(), seed=4, height=16, side=16)
    assert seeds == [4, 5]

"""The explorer of feature maps: its numbers are the network's, and its frames show what is seen."""

import numpy as np
import pytest
import torch
from looking import pixels
from torch import nn

from course_lib import data, explorers, zoo
from course_lib.explorers.canvas import Canvas, named, upscaled
from course_lib.explorers.receptive import layers
from course_lib.models.cnn import AttributeClassifier, Classifier


@pytest.fixture(scope="module")
def garments():
    images, labels = data.fashion("test")
    return images[:8], [data.FASHION_CLASSES[label] for label in labels[:8]]


@pytest.fixture(scope="module")
def network():
    return zoo.load("fashion-cnn")


@pytest.fixture
def explorer(network, garments):
    return explorers.feature_maps(network, *garments)


def layer(explorer, name):
    return dict(explorer.layer.options)[name]


def test_layers_are_the_networks(explorer, network, garments):
    x = data.to_float(garments[0][2:3])
    explorer.image.value = 2
    with torch.no_grad():
        for number, block in enumerate(network.convolutions, 1):
            after_relu = block[:3](x)
            x = block(x)
            explorer.layer.value = layer(explorer, f"block {number}, after ReLU")
            torch.testing.assert_close(explorer.maps(), after_relu[0])
            explorer.layer.value = layer(explorer, f"block {number}, pooling")
            torch.testing.assert_close(explorer.maps(), x[0])
            assert explorer.channel.max == x.shape[1] - 1


def test_a_layer_with_fewer_channels_takes_the_slider_back_and_draws_once(explorer, monkeypatch):
    explorer.layer.value = layer(explorer, "block 3, pooling")
    explorer.channel.value = explorer.channel.max
    drawn, draw = [], explorer.draw
    monkeypatch.setattr(explorer, "draw", lambda: drawn.append(1) or draw())
    explorer.layer.value = layer(explorer, "block 1, after ReLU")
    assert explorer.channel.value == explorer.channel.max == len(explorer.maps()) - 1
    assert len(drawn) == 1


def test_the_text_says_what_is_there(explorer):
    explorer.image.value, explorer.layer.value = 3, layer(explorer, "block 2, pooling")
    maps = explorer.maps()
    explorer.channel.value = channel = int(maps.amax(dim=(1, 2)).argmax())
    peak = maps[channel].max()
    row, column = (maps[channel] == peak).nonzero()[0].tolist()
    text = explorer.text.value
    count, (height, width) = len(maps), maps.shape[1:]
    assert f"channel {channel} of 0 to {count - 1}: a map of {height}×{width}" in text
    assert "each of its values sees 10×10 pixels" in text
    assert f"{peak:.2f}, is at row {row}, column {column}" in text
    assert "cannot compare maps" in text
    explorer.scale.value = explorer.SCALES[1]
    assert f"White is {peak:.2f} in every map" in explorer.text.value


def test_all_maps_share_one_scale_of_brightness(explorer):
    explorer.layer.value = layer(explorer, "block 2, after ReLU")
    explorer.scale.value = explorer.SCALES[1]
    maps = explorer.maps()
    levels = explorer._levels()
    torch.testing.assert_close(
        torch.from_numpy(levels).float(), 255 * maps / maps.max(), atol=0.51, rtol=0
    )
    explorer.scale.value = explorer.SCALES[0]
    brightest = explorer._levels().max(axis=(1, 2))
    assert set(brightest) <= {0, 255} and 255 in brightest


def test_the_picture_holds_input_and_map(explorer):
    explorer.image.value, explorer.layer.value = 1, layer(explorer, "block 3, pooling")
    explorer.channel.value = 5
    picture, left, top, side = pixels(explorer), explorer.LEFT, explorer.TOP, explorer.SIDE
    shown = picture[top : top + side, left : left + side]
    plain = upscaled(explorer.images[1, 0].add(1).mul(127.5).round().byte().numpy(), side)
    framed = shown[..., 0] != shown[..., 2]  # nothing but a frame has colour
    near = np.zeros_like(framed)
    for down in range(-3, 4):  # the frame's white edge has none
        for across in range(-3, 4):
            near |= np.roll(framed, (down, across), axis=(0, 1))
    assert (shown[..., 0] == plain)[~near].all() and framed.any() and near.mean() < 0.3


def test_a_silent_channel_is_said_to_be_silent(garments):
    network = Classifier(width=2)
    nn.init.zeros_(network.convolutions[0][1].weight)
    explorer = explorers.feature_maps(network, garments[0])
    assert "0 everywhere" in explorer.text.value


@pytest.mark.parametrize(
    ("number", "size", "jump"),
    [(0, 3, 1), (1, 4, 2), (2, 8, 2), (3, 10, 4), (4, 18, 4), (5, 22, 8)],
)
def test_receptive_fields_of_the_classifier(network, number, size, jump):
    field = layers(network.convolutions)[1][number].field
    assert (field.size, field.jump) == (size, jump)


def test_a_receptive_field_is_what_has_a_gradient():
    strides = nn.Sequential(
        nn.Conv2d(1, 1, 5, stride=2, padding=1, dilation=2),
        nn.ReLU(),
        nn.AvgPool2d(3, 2, padding=1),
    )
    for weight in strides.parameters():
        nn.init.ones_(weight)
    for stack in (strides, strides[:2]):
        field = layers(stack)[1][-1].field
        x = torch.ones(1, 1, 40, 40, requires_grad=True)
        y = stack(x)
        for index in range(y.shape[-1]):
            (gradient,) = torch.autograd.grad(y[0, 0, index, index], x, retain_graph=True)
            rows = gradient[0, 0].sum(dim=1).nonzero().flatten()
            assert field.seen(index, 40)[0] <= rows.min() and rows.max() < field.seen(index, 40)[1]
            if 0 <= field.start + index * field.jump <= 40 - field.size:  # no padding in it
                assert field.seen(index, 40) == (rows.min(), rows.max() + 1)


def test_outside_its_receptive_field_a_value_does_not_change(explorer, network):
    explorer.image.value, explorer.layer.value = 4, layer(explorer, "block 2, pooling")
    explorer.channel.value = int(explorer.maps().amax(dim=(1, 2)).argmax())
    value, row, column = explorer.strongest()
    y0, y1, x0, x1 = explorer.field()
    inside = torch.zeros(28, 28, dtype=torch.bool)
    inside[y0:y1, x0:x1] = True
    noise = torch.rand(28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    image = explorer.images[4, 0]
    for changed, same in ((~inside, True), (inside, False)):
        with torch.no_grad():
            maps = network.convolutions[:2](torch.where(changed, noise, image)[None, None])
        found = float(maps[0, explorer.channel.value, row, column])
        assert (found == pytest.approx(value, rel=1e-5)) == same


def test_colour_images_and_named_layers():
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    network = AttributeClassifier({"hair": 3}, width=4)
    explorer = explorers.feature_maps(network, images)
    names = [name for name, _ in explorer.layer.options]
    assert names[:4] == ["relu1_1", "relu1_2", "pool1", "relu2_1"]
    for _, number in explorer.layer.options:
        explorer.layer.value = number
        with torch.no_grad():
            expected = network.eval().convolutions[: layers(network.convolutions)[1][number].depth]
            torch.testing.assert_close(explorer.maps(), expected(images[:1])[0])
        pixels(explorer)


def test_one_image_needs_no_slider(network, garments):
    explorer = explorers.feature_maps(network, garments[0][:1])
    assert explorer.image not in explorer.controls


def test_bad_input_is_refused(network, garments):
    images, names = garments
    for arguments, message in [
        ((network, images[:0]), "one image or more"),
        ((network, images[:, 0]), r"\(N, 1 or 3, H, W\), got \(8, 28, 28\)"),
        ((network, images, names[:3]), "a name for each of 8 images, got 3"),
        ((network, images.expand(-1, 3, -1, -1)), "images have 1 colour channels, got 3"),
        ((nn.Flatten(), images), "with `convolutions`"),
    ]:
        with pytest.raises(ValueError, match=message):
            explorers.feature_maps(*arguments)
    for stack, message in [
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Upsample(scale_factor=2)), "got Upsample at '1'"),
        (nn.Sequential(nn.Conv2d(1, 1, 3)), "got none"),
        (nn.Sequential(nn.Conv2d(1, 1, (3, 5)), nn.ReLU()), r"one number .* got \(3, 5\)"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding="same"), nn.ReLU()), "got same"),
    ]:
        with pytest.raises(ValueError, match=message):
            layers(stack)


def test_images_are_enlarged_a_whole_number_of_times_or_shrunk():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    large = upscaled(image, 11)
    assert large.shape == (6, 8) and (large[::2, ::2] == image).all()
    assert upscaled(np.zeros((100, 50, 3), np.uint8), 40).shape == (40, 20, 3)


def test_canvases_draw_alike_at_both_scales():
    def drawn(scale):
        canvas = Canvas(60, 40, scale=scale)
        canvas.bar(10, 10, 20, 5, "black")
        canvas.frame(40, 10, 8, 8, "#0000FF")
        return np.asarray(canvas.finished(), dtype=int)

    one, two = drawn(1), drawn(2)
    assert one.shape == two.shape == (40, 60, 3)
    assert (one == two).all()
    assert (one[10:15, 10:30] == 0).all() and (one[9, 10:30] == 255).all()
    assert (one[10:18, 40:48] == 255).all() and (one[9, 40:48] == [0, 0, 255]).all()


def test_names_of_images():
    assert named(torch.zeros(2, 1), None) == ["image 0", "image 1"]
    assert named(torch.zeros(1, 1), ["bag"]) == ["image 0 (bag)"]

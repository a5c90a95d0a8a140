"""Images from features: each function by hand, on small networks, and on the shipped ones."""

import math

import pytest
import torch
import torchvision
from torch import nn

from course_lib import data, features, zoo
from course_lib.models.cnn import AttributeClassifier, Classifier

LAYERS = ("relu1_1", "relu2_1")


@pytest.fixture(scope="module")
def network():
    """A network with weights by chance: what holds for it holds for any."""
    torch.manual_seed(0)
    return AttributeClassifier({"a": 2, "b": 3}, width=4, size=32, features=8).eval()


@pytest.fixture(scope="module")
def personas_cnn():
    return zoo.load("personas-cnn")


@pytest.fixture(scope="module")
def portrait():
    return data.to_float(data.personas("test")[0][3:4])


def pattern(name="mosaic", size=32):
    return data.to_float(data.patterns(name, size=size))


def chance(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# Layers


def test_layers_are_found_by_name(network):
    assert list(features.layers_of(network))[:8] == [
        "pixels", "conv1_1", "norm1_1", "relu1_1", "conv1_2", "norm1_2", "relu1_2", "pool1",
    ]  # fmt: skip
    assert list(features.layers_of(Classifier()))[:4] == ["pixels", "0.0", "0.1", "0.2"]


def test_activations_are_those_of_the_network(network):
    images = pattern()
    found = features.layer_activations(network, images, ["pool4", "relu1_1"])
    assert found["relu1_1"].shape == (1, 4, 32, 32) and found["pool4"].shape == (1, 32, 2, 2)
    torch.testing.assert_close(found["pool4"], network.convolutions(images))
    torch.testing.assert_close(found["relu1_1"], network.convolutions[:3](images))
    assert features.layer_activations(network, images, ["pixels"])["pixels"] is images
    judge = Classifier(width=4).eval()
    grey = chance(2, 1, 28, 28)
    found = features.layer_activations(judge, grey, ["0.3", "2.3"])
    torch.testing.assert_close(found["0.3"], judge.convolutions[0](grey))
    torch.testing.assert_close(found["2.3"], judge.convolutions(grey))


def test_nothing_beyond_the_last_layer_is_computed(network):
    called = []
    hook = network.convolutions.pool2.register_forward_hook(lambda *_: called.append(1))
    features.layer_activations(network, pattern(), ["relu2_2", "relu1_1"])
    assert called == []
    features.layer_activations(network, pattern(), ["pool2"])
    hook.remove()
    assert called == [1]


def test_larger_images_are_taken(network):
    found = features.layer_activations(network, chance(1, 3, 48, 80), ["relu3_1"])
    assert found["relu3_1"].shape == (1, 16, 12, 20)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 15, 32)])
def test_images_of_another_shape_are_refused(network, shape):
    complaint = r"shape \(N, 3, H, W\), H and W at least 16, got \(" + str(shape)[1:-1]
    with pytest.raises(ValueError, match=complaint):
        features.layer_activations(network, torch.zeros(shape), ["relu1_1"])


def test_bytes_and_unknown_layers_are_refused(network):
    with pytest.raises(ValueError, match=r"images is float in \[-1, 1\], got torch.uint8"):
        features.layer_activations(network, data.patterns("dots"), ["relu1_1"])
    with pytest.raises(ValueError, match="no layer is called 'relu9_1'; there are pixels, "):
        features.layer_activations(network, pattern(), ["relu9_1"])


# Losses


def test_the_gram_matrix_by_hand():
    maps = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # two channels of two positions
    expected = torch.tensor([[[(1 + 4) / 2, (3 - 2) / 2], [(3 - 2) / 2, (9 + 1) / 2]]])
    torch.testing.assert_close(features.gram_matrix(maps), expected)
    with pytest.raises(ValueError, match=r"shape \(N, C, H, W\), got \(2, 2\)"):
        features.gram_matrix(torch.zeros(2, 2))


def test_the_gram_matrix_forgets_where_things_are():
    maps = chance(2, 5, 6, 7)
    order = torch.randperm(42, generator=torch.Generator().manual_seed(0))
    shuffled = maps.flatten(2)[..., order].view_as(maps)
    gram = features.gram_matrix(maps)
    torch.testing.assert_close(features.gram_matrix(shuffled), gram)
    torch.testing.assert_close(gram, gram.transpose(1, 2))
    assert torch.linalg.eigvalsh(gram).min() > -1e-6
    twice = torch.cat([maps, maps], dim=3)  # a larger image of the same
    torch.testing.assert_close(features.gram_matrix(twice), gram)
    own = maps.flatten(2)[0]
    own[0] = own[0, order]  # one channel alone moved: now it occurs together with others
    assert not torch.allclose(features.gram_matrix(own.view(1, 5, 6, 7)), gram[:1], atol=1e-3)


def test_total_variation_by_hand():
    image = torch.tensor([[[[0.0, 1.0, 1.0], [2.0, 1.0, 0.0], [9.0, 9.0, 9.0]]]])
    squares = [1 + 4, 0 + 0, 1 + 49, 1 + 64]  # (right)² + (below)² where both neighbours exist
    assert features.total_variation(image).item() == pytest.approx(sum(squares) / 4)
    roots = sum(math.sqrt(value) for value in squares) / 4
    assert features.total_variation(image, beta=1).item() == pytest.approx(roots, rel=1e-4)
    flat = torch.zeros(1, 1, 4, 4, requires_grad=True)
    for beta in (1, 2):
        loss = features.total_variation(flat, beta)
        assert loss.item() < 1e-3 and torch.autograd.grad(loss, flat)[0].abs().max() == 0


def test_the_content_loss_is_relative():
    wanted = chance(1, 3, 4, 4)
    assert features.content_loss(wanted, wanted) == 0
    assert features.content_loss(torch.zeros_like(wanted), wanted).item() == pytest.approx(1)
    assert features.content_loss(1.1 * wanted, wanted).item() == pytest.approx(0.01, rel=1e-4)


def test_the_style_loss_sees_style_alone(network):
    style = features.layer_activations(network, pattern(), LAYERS)
    assert features.style_loss(style, style) == 0
    moved = {name: part.roll((3, 5), (2, 3)).flip(3) for name, part in style.items()}
    assert features.style_loss(moved, style).item() == pytest.approx(0, abs=1e-9)
    for other in ("stripes", "brush"):
        found = features.layer_activations(network, pattern(other), LAYERS)
        assert features.style_loss(found, style) > 0.05
    brighter = {name: part + 0.5 for name, part in style.items()}
    assert features.style_loss(brighter, style) > 0.05  # means count, too


def test_the_style_loss_by_hand():
    """Layers a and b with one channel: A = 1 about the mean 1; found has mean 3, G about 1 = 5."""
    style = {name: torch.tensor([[[[0.0, 2.0]]]]) for name in "ab"}
    found = {"a": torch.tensor([[[[2.0, 4.0]]]]), "b": style["b"], "unused": torch.zeros(1)}
    layer_a = (5 - 1) ** 2 / 1**2 + (3 - 1) ** 2 / 1
    assert features.style_loss(found, style).item() == pytest.approx(layer_a / 2)


@pytest.mark.parametrize("kind", ["content", "style", "smoothness"])
def test_gradients_are_right(network, kind):
    """Against finite differences, in double precision."""
    torch.manual_seed(1)
    small = AttributeClassifier({"a": 2}, width=2, size=16, features=4).double().eval()
    wanted = features.layer_activations(small, pattern(size=16).double(), LAYERS)

    def loss(x):
        if kind == "smoothness":
            return features.total_variation(x, beta=1)
        found = features.layer_activations(small, x, LAYERS)
        if kind == "content":
            return features.content_loss(found["relu2_1"], wanted["relu2_1"])
        return features.style_loss(found, wanted)

    x = 0.5 * chance(1, 3, 16, 16).double()
    assert torch.autograd.gradcheck(loss, x.requires_grad_(), fast_mode=True, atol=1e-6)


# Style transfer


@pytest.fixture(scope="module")
def transferred(network):
    content, style = pattern("waves"), pattern("stripes")
    seen = []
    image, history = features.style_transfer(
        content,
        style,
        network,
        content_layer="relu2_1",
        style_layers=LAYERS,
        steps=6,
        progress=False,
        watch=lambda step, image: seen.append((step, image)),
    )
    return content, style, image, history, seen


def test_style_transfer_lowers_what_it_should(network, transferred):
    content, style, image, history, _ = transferred
    assert image.shape == content.shape and image.abs().max() <= 1 and not image.requires_grad
    wanted = features.layer_activations(network, style, LAYERS)

    def style_of(x):
        return features.style_loss(features.layer_activations(network, x, LAYERS), wanted)

    assert style_of(image) < 0.2 * style_of(content)
    total = [sum(values) for values in zip(*history.values(), strict=True)]
    assert total[-1] < total[0] and set(history) == {"content", "style", "smoothness"}

    def content_of(x):
        maps = [
            features.layer_activations(network, part, ["relu2_1"])["relu2_1"]
            for part in (x, content)
        ]
        return features.content_loss(*maps)

    assert content_of(image) < content_of(style)  # nearer to the content than the style is


def test_more_style_weight_is_more_style_and_less_content(network):
    ends = []
    for weight in (0.3, 30.0):
        _, history = features.style_transfer(
            pattern("waves"),
            pattern("stripes"),
            network,
            content_layer="relu2_1",
            style_layers=LAYERS,
            style_weight=weight,
            steps=6,
            progress=False,
        )
        ends.append((history["content"][-1], history["style"][-1] / weight))
    assert ends[0][0] < ends[1][0] and ends[0][1] > ends[1][1]


def test_without_style_the_content_stays(network):
    content = pattern("waves")
    image, _ = features.style_transfer(
        content, pattern(), network, style_weight=0, smoothness=0, steps=2, progress=False
    )
    torch.testing.assert_close(image, content)


def test_every_step_is_shown_and_repeats_to_the_bit(network, transferred):
    content, style, image, history, seen = transferred
    assert [step for step, _ in seen] == [1, 2, 3, 4, 5, 6] and history.steps == 6
    assert torch.equal(seen[-1][1], image) and not torch.equal(seen[0][1], image)
    descent = features.style_descent(
        content, style, network, content_layer="relu2_1", style_layers=LAYERS
    )
    torch.testing.assert_close(descent.image, content)
    for i, (_, expected) in enumerate(seen):
        descent.step(i)
        assert torch.equal(descent.image, expected)


def test_the_network_is_left_as_it_was(network, transferred):
    copy = AttributeClassifier({"a": 2, "b": 3}, width=4, size=32, features=8).train()
    copy.convolutions.norm1_1.eval()
    before = {name: tensor.clone() for name, tensor in copy.state_dict().items()}
    options = {"steps": 1, "progress": False}
    features.style_transfer(pattern(), pattern("dots"), copy, **options)
    features.invert_features(copy, pattern(), "relu1_1", **options)
    features.maximise_activation(copy, lambda x: copy(x)[:, 0], pattern(), **options)
    assert copy.training and copy.convolutions.relu1_1.training
    assert not copy.convolutions.norm1_1.training
    assert all(torch.equal(before[name], tensor) for name, tensor in copy.state_dict().items())
    assert all(weight.grad is None and weight.requires_grad for weight in copy.parameters())


def test_sizes_may_differ(network):
    image, _ = features.style_transfer(
        chance(1, 3, 40, 56).clamp(-1, 1), pattern(size=24), network, steps=1, progress=False
    )
    assert image.shape == (1, 3, 40, 56)


def test_the_descent_weighs_frequencies(network):
    """With decay, the first steps change large shapes more than fine ones."""

    def fine_share(decay):
        start, wanted = torch.zeros(1, 3, 32, 32), chance(1, 3, 32, 32)
        descent = features.Descent(
            network, lambda x: {"pixels": (x - wanted).square().mean()}, start, decay
        )
        before = torch.fft.rfft2(descent.pixels().detach())
        descent.evaluate()
        descent.spectrum.data -= 0.1 * descent.spectrum.grad
        change = (torch.fft.rfft2(descent.pixels().detach()) - before).abs().square()
        fine = features.frequencies(32, 32) > 0.25
        return (change[..., fine].sum() / change.sum()).item()

    assert fine_share(1.0) < 0.2 * fine_share(0.0)
    grey = features.frequencies(4, 6)
    assert grey.shape == (4, 4) and grey[0, 0] == 1 / 6 and grey[2, 0] == 0.5
    torch.testing.assert_close(grey[1, 2].item(), math.hypot(1 / 4, 2 / 6))


def test_pixels_outside_the_range_cost_extra(network):
    """Where a loss pulls brighter by 1 a pixel, 10·(x − 1)² stops it at 1.05."""
    descent = features.Descent(network, lambda x: {"pull": -x.mean()}, torch.zeros(1, 3, 16, 16), 0)
    for i in range(3):
        descent.step(i)
    torch.testing.assert_close(
        descent.pixels(), torch.full((1, 3, 16, 16), 1.05), atol=0.01, rtol=0
    )


def test_bad_transfers_are_refused(network):
    good = pattern()
    with pytest.raises(ValueError, match=r"style has shape \(N, 3, H, W\).* got \(1, 1, 32, 32\)"):
        features.style_transfer(good, good[:, :1], network)
    with pytest.raises(ValueError, match=r"content is one image, \(1, C, H, W\), got 2"):
        features.style_transfer(good.repeat(2, 1, 1, 1), good, network)
    with pytest.raises(ValueError, match="content is float"):
        features.style_transfer(data.patterns("dots"), good, network)
    with pytest.raises(ValueError, match=r"weights are 0 or more, got -1 and 1.0"):
        features.style_transfer(good, good, network, style_weight=-1)


@pytest.mark.slow
def test_the_shipped_network_paints_a_portrait(personas_cnn, portrait):
    """Style falls to a twentieth, and the network still recognises who is painted, in parts."""
    style = pattern("mosaic", size=64)
    image, _ = features.style_transfer(portrait, style, personas_cnn, progress=False)
    wanted = features.layer_activations(personas_cnn, style, features.STYLE_LAYERS)

    def away(x):
        found = features.layer_activations(personas_cnn, x, features.STYLE_LAYERS)
        return features.style_loss(found, wanted).item()

    assert away(image) < 0.05 * away(portrait)
    # Colours come from the style: nearer to its mean colour than to the portrait's.
    colours = [x.mean((0, 2, 3)) for x in (image, style, portrait)]
    assert (colours[0] - colours[1]).norm() < (colours[0] - colours[2]).norm()
    # Lines come from the portrait: its deep features are much nearer than the pattern's.
    layer = features.CONTENT_LAYER
    drawn, wanted, plain = (
        features.layer_activations(personas_cnn, x, [layer])[layer]
        for x in (image, portrait, style)
    )
    distance = features.content_loss(drawn, wanted)
    assert distance < 0.5 * features.content_loss(plain, wanted)


# Inversion


def test_the_first_layer_is_inverted_nearly_exactly(personas_cnn, portrait):
    made, error = features.invert_features(
        personas_cnn, portrait, "relu1_1", smoothness=1e-5, steps=30, progress=False
    )
    assert error < 0.002
    assert (made - portrait).square().mean().sqrt() < 0.1
    assert made.abs().max() <= 1


def test_the_deeper_the_less_exact(personas_cnn, portrait):
    away = []
    for layer in ("relu1_1", "relu2_1", "relu4_2"):
        made, _ = features.invert_features(personas_cnn, portrait, layer, steps=12, progress=False)
        away.append((made - portrait).square().mean().item())
    assert away[0] < away[1] < away[2]


def test_inversion_follows_its_seed(network):
    image = pattern()
    options = {"steps": 2, "progress": False}
    one, error = features.invert_features(network, image, "relu2_1", **options)
    again, same = features.invert_features(network, image, "relu2_1", **options)
    other, _ = features.invert_features(network, image, "relu2_1", seed=1, **options)
    assert torch.equal(one, again) and error == same and not torch.equal(one, other)
    found = [features.layer_activations(network, x, ["relu2_1"])["relu2_1"] for x in (one, image)]
    assert features.content_loss(*found).item() == pytest.approx(error)
    with pytest.raises(ValueError, match="image is one image"):
        features.invert_features(network, image.repeat(2, 1, 1, 1), "relu1_1")


# Activation maximisation


def test_maximisation_raises_the_logit_of_every_class():
    judge = zoo.load("fashion-cnn")
    start = features.noise((10, 1, 28, 28), seed=0) - 0.5
    classes = torch.arange(10)
    made = features.maximise_activation(
        judge, lambda x: judge(x)[classes, classes], start, steps=60, progress=False
    )
    assert made.shape == start.shape and made.abs().max() <= 1 and not made.requires_grad
    with torch.no_grad():
        before, after = judge(start), judge(made)
    assert torch.equal(after.argmax(dim=1), classes)
    assert (after - before)[classes, classes].min() > 5
    assert len(before.argmax(dim=1).unique()) < 5  # the start alone did not do it


def test_smoothness_smooths_and_a_seed_decides(network):
    def made(**options):
        return features.maximise_activation(
            network,
            lambda x: network(x)[:, 1],
            features.noise((2, 3, 32, 32), seed=0),
            steps=15,
            progress=False,
            **options,
        )

    rough, smooth = made(smoothness=0), made(smoothness=20)
    assert features.total_variation(smooth) < 0.5 * features.total_variation(rough)
    assert torch.equal(made(seed=3), made(seed=3)) and not torch.equal(made(seed=3), made(seed=4))
    assert torch.equal(made(jitter=0, seed=3), made(jitter=0, seed=4))


def test_images_are_maximised_each_for_itself(network):
    starts = features.noise((2, 3, 32, 32), seed=0)

    def made(start):
        return features.maximise_activation(
            network, lambda x: network(x)[:, 1], start, steps=5, progress=False
        )

    torch.testing.assert_close(made(starts)[1:], made(starts[1:]), atol=1e-4, rtol=1e-3)


def test_bad_maximisations_are_refused(network):
    start = pattern()
    with pytest.raises(ValueError, match=r"score gives shape \(1,\), got \(1, 5\)"):
        features.maximise_activation(network, network, start, progress=False)
    with pytest.raises(ValueError, match=r"start has shape \(N, 3, H, W\)"):
        features.maximise_activation(network, lambda x: network(x)[:, 0], start[:, :1])
    with pytest.raises(ValueError, match="jitter is 0 or more pixels, not -1"):
        features.maximise_activation(network, lambda x: network(x)[:, 0], start, jitter=-1)


# VGG


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of torch's, and no network."""

    def refuse(*arguments, **options):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    return tmp_path / "checkpoints" / "vgg19-dcbb9e9d.pth"


@pytest.fixture(scope="module")
def vgg_weights():
    """VGG-19's weights by chance, without the head, whose 500 MB nobody reads."""
    torch.manual_seed(0)
    with torch.device("meta"):
        features = torchvision.models.vgg19(weights=None).features
    features.to_empty(device="cpu")
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return {f"features.{name}": tensor for name, tensor in features.state_dict().items()}


def test_vgg_is_never_fetched_unasked(cache):
    with pytest.raises(FileNotFoundError) as caught:
        features.vgg()
    for part in (str(cache), "548 MB", "features.vgg(download=True)", 'zoo.load("personas-cnn")'):
        assert part in str(caught.value)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "as in 2017"])
def test_vgg_is_read_from_the_cache(cache, vgg_weights, zipped):
    cache.parent.mkdir()
    torch.save(
        {**vgg_weights, "classifier.0.bias": torch.zeros(3)},
        cache,
        _use_new_zipfile_serialization=zipped,
    )
    network = features.vgg()
    names = list(features.layers_of(network))
    assert names[:5] == ["pixels", "normalise", "conv1_1", "relu1_1", "conv1_2"]
    assert names[-2:] == ["relu5_4", "pool5"] and len(names) == 39
    assert set(features.STYLE_LAYERS) <= set(names)
    assert not network.training and not any(w.requires_grad for w in network.parameters())
    images = pattern()
    found = features.layer_activations(network, images, ["conv1_1", "relu1_1", "conv1_2"])
    # Torchvision's own order of things: [0, 1], minus the mean, by the standard deviation.
    normalise = torchvision.models.VGG19_Weights.IMAGENET1K_V1.transforms()
    expected = (images + 1) / 2 - torch.tensor(normalise.mean).view(3, 1, 1)
    expected = expected / torch.tensor(normalise.std).view(3, 1, 1)
    for name, index in (("conv1_1", 0), ("conv1_2", 2)):
        weight, bias = (vgg_weights[f"features.{index}.{part}"] for part in ("weight", "bias"))
        expected = nn.functional.conv2d(expected.relu() if index else expected, weight, bias, 1, 1)
        torch.testing.assert_close(found[name], expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found["relu1_1"], found["conv1_1"].relu())
    assert (found["conv1_1"] < 0).any()  # ReLU has not worked in place
    image, _ = features.style_transfer(images, pattern("dots"), network, steps=1, progress=False)
    assert not torch.equal(image, images)


def test_vgg_is_fetched_once_when_asked(cache, vgg_weights, monkeypatch):
    asked = []

    def fetch(url, path, hash_prefix):
        asked.append((url, hash_prefix))
        torch.save(vgg_weights, path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    features.vgg(download=True)
    features.vgg(download=True)
    assert asked == [("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth", "dcbb9e9d")]


def test_damaged_vgg_weights_are_named(cache, vgg_weights):
    cache.parent.mkdir()
    torch.save({"features.0.weight": torch.zeros(1)}, cache)
    whole = cache.read_bytes()
    lacking = vgg_weights.copy()
    del lacking["features.0.bias"]
    torch.save(lacking, cache)
    for content in (b"", b"not weights", whole, whole[:-40], cache.read_bytes()):
        cache.write_bytes(content)
        with pytest.raises(ValueError, match=r"vgg19-dcbb9e9d\.pth is damaged, .* fetch it again"):
            features.vgg()


class Malicious:
    def __reduce__(self):
        return print, ("this must not run",)


def test_vgg_weights_run_no_code(cache, capsys):
    cache.parent.mkdir()
    torch.save({"features.0.weight": Malicious()}, cache)
    with pytest.raises(ValueError, match="is damaged"):
        features.vgg()
    assert "this must not run" not in capsys.readouterr().out

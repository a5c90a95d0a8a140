"""The fused convolutions, against the plain form: outputs, gradients of both orders, operations."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from course_lib import layers, sampling


def up_plain(images, weight, bias):
    return functional.conv2d(
        functional.interpolate(images, scale_factor=2, mode="nearest"), weight, bias, padding=1
    )


def down_plain(images, weight, bias):
    return functional.avg_pool2d(functional.conv2d(images, weight, bias, padding=1), 2)


def up_fused(images, weight, bias):
    kernel = layers.upsample_kernel(weight)
    return functional.conv_transpose2d(images, kernel, bias, stride=2, padding=1)


def down_fused(images, weight, bias):
    return functional.conv2d(images, layers.downsample_kernel(weight), bias, stride=2, padding=1)


PAIRS = {
    "up": (layers.UpsampleConv2d, up_plain, up_fused),
    "down": (layers.DownsampleConv2d, down_plain, down_fused),
}
both = pytest.mark.parametrize("name", PAIRS)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def leaves(height=6, width=10):
    tensors = normal(2, 3, height, width), normal(5, 3, 3, 3, seed=1), normal(5, seed=2)
    return [tensor.requires_grad_() for tensor in tensors]


def assert_equal(a, b):
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "size"),
    [*((name, size) for name in PAIRS for size in ((6, 10), (7, 5), (2, 2))), ("up", (1, 2))],
)
def test_outputs_and_gradients_equal_the_plain_form(name, size):
    _, plain, fused = PAIRS[name]
    ours, theirs = leaves(*size), leaves(*size)
    expected = plain(*theirs)
    found = fused(*ours)
    assert_equal(found, expected)
    towards = normal(*expected.shape, seed=3)
    (expected * towards).sum().backward()
    (found * towards).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        assert_equal(a.grad, b.grad)


@both
def test_the_gradient_of_a_gradient_penalty_equals_the_plain_form(name):
    """As in WGAN-GP: the penalty on the input's gradient is differentiated by the weight."""
    _, plain, fused = PAIRS[name]
    found = []
    for form in (plain, fused):
        images, weight, bias = leaves()
        output = form(images, weight, bias).tanh().sum()
        (slope,) = torch.autograd.grad(output, images, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), (images, weight, bias)))
    for a, b in zip(*found, strict=True):
        assert_equal(a, b)


@both
def test_autograd_against_finite_differences(name):
    _, _, fused = PAIRS[name]
    images, weight = normal(1, 2, 2, 4), normal(1, 2, 3, 3, seed=1)
    inputs = (images.requires_grad_(), weight.requires_grad_(), normal(1).requires_grad_())
    assert torch.autograd.gradcheck(fused, inputs)
    assert torch.autograd.gradgradcheck(fused, inputs)


@both
def test_the_modules_take_the_weights_of_a_plain_convolution(name):
    module_class, plain, _ = PAIRS[name]
    images = normal(2, 4, 8, 6)
    for bias in (True, False):
        convolution = nn.Conv2d(4, 6, 3, padding=1, bias=bias).double()
        module = module_class(4, 6, bias=bias).double()
        shapes = {key: value.shape for key, value in convolution.state_dict().items()}
        assert {key: value.shape for key, value in module.state_dict().items()} == shapes
        module.load_state_dict(convolution.state_dict())
        assert_equal(module(images), plain(images, convolution.weight, convolution.bias))
        convolution.load_state_dict(module.state_dict())
    channels_last = module.to(memory_format=torch.channels_last)
    last = images.contiguous(memory_format=torch.channels_last)
    assert_equal(channels_last(last), plain(images, convolution.weight, None))


@both
def test_a_scale_of_the_weight_at_run_time_passes_through_the_sum(name):
    """Lesson 07 scales weights while it runs (equalised learning rate)."""
    _, plain, fused = PAIRS[name]
    images, weight, bias = leaves()
    assert_equal(fused(images, 0.3 * weight, bias), plain(images, 0.3 * weight, bias))


@both
def test_2_25_times_fewer_operations(name):
    _, plain, fused = PAIRS[name]
    counts = []
    for form in (plain, fused):
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            form(*leaves(8, 8))
        counts.append(counter.get_total_flops())
    assert counts[0] == 2.25 * counts[1] > 0


def test_a_kernel_by_hand():
    """In one dimension, (a, b, c) becomes (c, b + c, a + b, a) for up, (a, a + b, b + c, c) / 2."""
    weight = torch.zeros(1, 1, 3, 3)
    weight[0, 0, 1] = torch.tensor([1.0, 10.0, 100.0])  # the middle row
    up, down = layers.upsample_kernel(weight), layers.downsample_kernel(weight)
    rows = torch.tensor([0.0, 1.0, 1.0, 0.0])
    torch.testing.assert_close(up[0, 0], rows[:, None] * torch.tensor([100.0, 110.0, 11.0, 1.0]))
    torch.testing.assert_close(
        down[0, 0], rows[:, None] * torch.tensor([1.0, 11.0, 110.0, 100.0]) / 4
    )
    assert layers.upsample_kernel(torch.zeros(5, 3, 3, 3)).shape == (3, 5, 4, 4)
    assert layers.downsample_kernel(torch.zeros(5, 3, 3, 3)).shape == (5, 3, 4, 4)


def test_wrong_shapes_are_refused():
    for kernel in (layers.upsample_kernel, layers.downsample_kernel):
        with pytest.raises(ValueError, match=r"the weight has shape \(N, N, 3, 3\), got \(5, 3, 4"):
            kernel(torch.zeros(5, 3, 4, 4))
    for module_class in (layers.UpsampleConv2d, layers.DownsampleConv2d):
        with pytest.raises(ValueError, match=r"the input has shape \(N, 3, N, N\), got \(2, 4, 8"):
            module_class(3, 5)(torch.zeros(2, 4, 8, 8))


def test_the_first_latents_do_not_depend_on_how_many_there_are():
    for n in (1, 4, 7):
        assert torch.equal(sampling.latents(n, 3, seed=0), sampling.latents(40, 3, seed=0)[:n])

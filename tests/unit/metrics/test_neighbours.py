"""The nearest training image: found, measured on one scale, in parts as in one go."""

import pytest
import torch

from course_lib import data, metrics


def test_copies_are_found_and_noise_is_measured():
    among = torch.rand(50, 3, 8, 8) * 2 - 1
    noise = 0.01 * torch.randn(10, 3, 8, 8)
    chosen = torch.randperm(50)[:10]
    distances, where = metrics.nearest(among[chosen] + noise, among)
    assert torch.equal(where, chosen)
    torch.testing.assert_close(distances, noise.flatten(1).norm(dim=1), rtol=0, atol=1e-3)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_parts_change_nothing(chunk):
    images, among = torch.rand(9, 1, 4, 4), torch.rand(31, 1, 4, 4)
    expected = torch.cdist(images.flatten(1), among.flatten(1)).min(dim=1)
    distances, where = metrics.nearest(images, among, chunk)
    assert torch.equal(where, expected.indices)
    torch.testing.assert_close(distances, expected.values, rtol=1e-4, atol=1e-4)


def test_uint8_is_on_the_scale_of_floats():
    images, _ = data.personas("test")
    images = data.shrunk(images[:40], 16)
    distances, where = metrics.nearest(images[:5], images[5:])
    floats = data.to_float(images)
    again, _ = metrics.nearest(floats[:5], floats[5:])
    assert torch.equal(distances, again) and (distances > 1).all()
    itself, where = metrics.nearest(images, images)
    assert torch.equal(where, torch.arange(40)) and itself.max() < 0.05


def test_sets_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        metrics.nearest(torch.rand(2, 3, 8, 8), torch.rand(2, 3, 4, 4))
    with pytest.raises(ValueError, match="not empty"):
        metrics.nearest(torch.rand(2, 3, 8, 8), torch.rand(0, 3, 8, 8))

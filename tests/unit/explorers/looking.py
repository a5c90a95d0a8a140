"""What one sees and hears of an explorer, for its tests."""

import html
import io
import re

import numpy as np
import torch
from PIL import Image

from course_lib.explorers.base import Explorer


def pixels(explorer: Explorer) -> np.ndarray:
    """Return the picture (H, W, 3), of signed numbers."""
    with Image.open(io.BytesIO(explorer.picture.value)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def said(explorer: Explorer) -> str:
    """Return the line of text as a reader sees it."""
    return html.unescape(re.sub("<[^>]*>", "", explorer.text.value))


def shown(seen: Explorer | np.ndarray, left: int, top: int, image: torch.Tensor, side: int) -> None:
    """Assert that an image (C, H, W) stands at its place, clipped and enlarged to `side`."""
    seen = pixels(seen) if isinstance(seen, Explorer) else seen
    times = side // image.shape[-1]
    expected = image.clamp(-1, 1).add(1).mul(127.5).round().permute(1, 2, 0).numpy()
    expected = expected.repeat(times, axis=0).repeat(times, axis=1)
    height, width = expected.shape[:2]
    found = seen[top : top + height, left : left + width]
    # Another order of the sums (batch, layout) may round a pixel the other way.
    assert np.abs(found - expected).max() <= 1

"""CelebA (Liu, Luo, Wang and Tang 2015) through torchvision's class: photographs of faces."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

# The square of an aligned photograph (178×218) that shows the face, as the authors of ProGAN cut
# it for their experiments at 128×128: left, top, right, bottom.
FACE = (25, 57, 153, 185)
SIDE = FACE[2] - FACE[0]


def celeba(
    root: str | Path,
    split: str = "train",
    size: int = 64,
    count: int | None = None,
    download: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return photographs of a split of CelebA and their attributes.

    They are not part of the course; their makers allow research that earns nothing. 10,000 at
    64×64 take 123 MB, at 128×128 four times as much; either takes some 5 s to read.

    Args:
        root: the folder that holds `celeba/`, laid out as `torchvision.datasets.CelebA` has it.
        split: "train" (162,770 photographs), "valid", "test" or "all".
        size: height and width in pixels, a divisor of 128: means of blocks of pixels.
        count: how many, the first ones; all where None.
        download: fetch what is missing by torchvision, some 1.4 GB; needs the package gdown.

    Returns:
        images: uint8, (N, 3, size, size), RGB.
        attributes: int64, (N, 40), 0 or 1, in the order of list_attr_celeba.txt.

    Raises:
        FileNotFoundError: the data are missing or incomplete.
        ValueError: the size does not divide 128, or there is no such split.
    """
    from torchvision.datasets import CelebA

    if size < 1 or SIDE % size:
        raise ValueError(f"size divides {SIDE}, {size} does not")

    def face(photograph: Image.Image) -> torch.Tensor:
        square = photograph.convert("RGB").resize((size, size), Image.Resampling.BOX, box=FACE)
        return torch.from_numpy(np.array(square)).permute(2, 0, 1)  # (3, size, size)

    try:
        photographs = CelebA(root, split=split, transform=face, download=download)
    except RuntimeError as error:
        raise FileNotFoundError(
            f"CelebA is not in {Path(root) / 'celeba'}, or not complete: {error}. With network "
            f"and gdown, data.celeba({str(root)!r}, download=True) fetches it"
        ) from error
    n = len(photographs) if count is None else min(count, len(photographs))
    images = torch.empty(n, 3, size, size, dtype=torch.uint8)
    for i in range(n):
        images[i], _ = photographs[i]
    return images, photographs.attr[:n]

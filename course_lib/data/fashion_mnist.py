"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 grey images of garments, embedded."""

import gzip
import io
from pathlib import Path

import numpy as np
import torch

from course_lib.data.integrity import DamagedFile, verified

FASHION_CLASSES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

FOLDER = Path(__file__).parent / "files"

# The four original files, byte for byte: name -> (SHA-256, bytes). Their MD5 sums are the ones
# that torchvision publishes; a test compares them.
FILES = {
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        26_421_880,
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        29_515,
    ),
    "t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        4_422_102,
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        5_148,
    ),
}


def _idx(name: str, magic: int, header_bytes: int) -> np.ndarray:
    """Return the payload of one IDX file as uint8, after checking its magic number."""
    sha256, size = FILES[name]
    with gzip.open(io.BytesIO(verified(FOLDER / name, sha256, size))) as file:
        header = np.frombuffer(file.read(header_bytes), dtype=">i4")  # magic number, lengths
        if header[0] != magic:
            raise DamagedFile(f"{name} is no IDX file of the expected kind (magic number {magic})")
        # Straight into its place: reading all at once would hold the images twice.
        payload = np.empty(int(np.prod(header[1:])), dtype=np.uint8)
        rest = payload.data
        while rest:
            rest = rest[file.readinto(rest) :]
    return payload


def fashion(split: str = "train") -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images and labels of one split of Fashion-MNIST.

    Args:
        split: "train" (60,000 images) or "test" (10,000 images).

    Returns:
        images: uint8, (N, 1, 28, 28), 0 (background) to 255.
        labels: int64, (N,), 0 to 9; `FASHION_CLASSES` holds their names.

    Raises:
        ValueError: `split` is neither "train" nor "test".
        DamagedFile: an embedded file is missing or changed.
    """
    prefixes = {"train": "train", "test": "t10k"}
    if split not in prefixes:
        raise ValueError(f'split is "train" or "test", not {split!r}')
    pixels = _idx(f"{prefixes[split]}-images-idx3-ubyte.gz", magic=2051, header_bytes=16)
    labels = _idx(f"{prefixes[split]}-labels-idx1-ubyte.gz", magic=2049, header_bytes=8)
    images = torch.from_numpy(pixels).view(-1, 1, 28, 28)
    return images, torch.from_numpy(labels).long()

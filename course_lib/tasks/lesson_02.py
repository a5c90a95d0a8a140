"""Solutions of lesson 02, and inputs that answers are compared on; `pages/02.md` has the rest."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import data
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, covariance, normal, over, told, with_axes
from course_lib.tasks.lesson import Lesson

lesson = Lesson("02")


@lesson.trial("trained.names_garments")
def trained_classifier():
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 10)),  # logits: nothing comes after them
    )
    adam, batches = torch.optim.Adam(network.parameters(), 2e-3), data.batches(*data.fashion())
    for _ in range(500):
        images, labels = next(batches)  # (64, 1, 28, 28), (64,)
        loss = F.cross_entropy(network(images), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


@over((1,), (2,), (5,))
def _kernels(seed, dtype, n):
    return Case((normal(n, n, 3, dtype=dtype),), f"w ({n}, 3), {told(dtype)}", gradients=(0,))


@over(())
def _one_kernel(seed, dtype):
    return Case((normal(9, 3, dtype=dtype),), f"w (3,), {told(dtype)}", gradients=(0,))


@lesson.task(_kernels, other_cases=_one_kernel)
def upsampling_kernel(w):
    w0, w1, w2 = w.unbind(dim=-1)
    return torch.stack([w2, w1 + w2, w0 + w1, w0], dim=-1)


def _convolutions(channels: bool):
    """Return what makes images and kernels: batches with channels, or single planes."""

    def cases() -> list[Case]:
        found = []
        # Kernel size, padding and stride that tell the usual mistakes apart.
        numbers = [(3, 0, 1), (3, 1, 1), (3, 1, 2), (5, 2, 1), (2, 0, 2), (3, 2, 3)]
        for seed, (k, padding, stride) in enumerate(numbers):
            shape, size = ((2, 3, 8, 9), (4, 3, k, k)) if channels else ((8, 9), (k, k))
            image = normal(seed, *shape, dtype=DTYPES[seed % 2])
            kernel = normal(9, *size, dtype=DTYPES[seed % 2])
            where = f"an image {shape} and a kernel {size}, padding {padding}, stride {stride}, "
            found.append(Case((image, kernel, padding, stride), where + told(image.dtype)))
        return found

    return cases


# An answer may be written for one plane of grey: it is then compared on such planes.
@lesson.task(_convolutions(True), other_cases=_convolutions(False), around=with_axes)
def conv2d(image, kernel, padding, stride):
    k = kernel.shape[-1]
    padded = F.pad(image, (padding,) * 4)  # zeros on all four sides
    windows = padded.unfold(2, k, stride).unfold(3, k, stride)  # (N, C, H', W', k, k)
    return torch.einsum("nchwij,ocij->nohw", windows, kernel)


def _layers() -> list[Case]:
    lists = [
        [(3, 1)],
        [(3, 1), (3, 1)],
        [(3, 1), (2, 2)] * 3,
        [(4, 2), (4, 2), (3, 2)],
        [(7, 2), (3, 2), (3, 1), (1, 1), (5, 1)],
        [],
    ]
    return [Case((layers,)) for layers in lists]


@lesson.task(_layers)
def receptive_field(layers):
    field, jump = 1, 1  # in pixels of the image: what a position sees; the step between two
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


@over((2, 3, 4, 5), (1, 4, 6, 6), (3, 5, 2, 7))
def _maps(seed, dtype, *shape):
    features = 0.5 + normal(seed, *shape, dtype=dtype)
    where = f"features {shape}, {told(dtype)}"
    return Case((features,), where, gradients=(0,), in_place=True)


@lesson.task(_maps)
def gram_matrix(features):
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.transpose(1, 2) / (c * h * w)


def _gaussians() -> list[Case]:
    @over((2,), (4,), (6,))
    def apart(seed, dtype, size):
        first = normal(seed, size, dtype=dtype), covariance(seed + 10, size, dtype)
        second = normal(seed + 20, size, dtype=dtype), covariance(seed + 30, size, dtype)
        where = f"two Gaussians of {size} features, {told(dtype)}"
        # Roots of small eigenvalues cost digits: float32 keeps three.
        return Case((*first, *second), where, tolerance=1e-3)

    same = (normal(1, 3), covariance(2, 3, torch.float64))
    return [*apart(), Case((*same, *same), "twice the same Gaussian, float64", tolerance=1e-3)]


@lesson.task(_gaussians)
def frechet_distance(mu1, cov1, mu2, cov2):
    values, vectors = torch.linalg.eigh(cov1)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    # The eigenvalues of cov1·cov2 are those of this symmetric matrix.
    product = torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0)
    trace = cov1.trace() + cov2.trace() - 2 * product.sqrt().sum()
    return (mu1 - mu2).square().sum() + trace


TASKS = lesson.tasks()

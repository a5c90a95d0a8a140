"""Answers to the tasks of lesson 02."""

import numpy as np
import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib import zoo
from course_lib.tasks import every

TASKS = every()


def conv_by_loops(image, kernel, padding, stride):
    n, c, h, w = image.shape
    o, _, k, _ = kernel.shape
    padded = torch.zeros(n, c, h + 2 * padding, w + 2 * padding, dtype=image.dtype)
    padded[:, :, padding : padding + h, padding : padding + w] = image
    rows = (h + 2 * padding - k) // stride + 1
    columns = (w + 2 * padding - k) // stride + 1
    out = torch.zeros(n, o, rows, columns, dtype=image.dtype)
    for i in range(rows):
        for j in range(columns):
            window = padded[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, :, i, j] = torch.einsum("nckl,ockl->no", window, kernel)
    return out


def conv_of_a_plane(image, kernel, padding, stride):
    padded = F.pad(image, (padding, padding, padding, padding))
    h, w = padded.shape
    k = len(kernel)
    return torch.stack(
        [
            torch.stack([(padded[i : i + k, j : j + k] * kernel).sum() for j in columns])
            for i in range(0, h - k + 1, stride)
            for columns in [range(0, w - k + 1, stride)]
        ]
    )


def conv_by_unfold(image, kernel, padding, stride):
    columns = F.unfold(image, kernel.shape[-1], padding=padding, stride=stride)
    out = kernel.flatten(1) @ columns
    rows = (image.shape[2] + 2 * padding - kernel.shape[2]) // stride + 1
    return out.unflatten(2, (rows, -1))


def flipped_plane(image, kernel, padding, stride):
    return conv_of_a_plane(image, kernel.flip(0, 1), padding, stride)


def field_by_recursion(layers):
    if not layers:
        return 1
    *before, (kernel, _) = layers
    jump = 1
    for _, stride in before:
        jump *= stride
    return field_by_recursion(before) + (kernel - 1) * jump


def field_from_the_end(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def field_as_tensor(layers):
    kernels = torch.tensor([kernel for kernel, _ in layers] or [1])
    strides = torch.tensor([1] + [stride for _, stride in layers])[: len(kernels)]
    return 1 + ((kernels - 1) * strides.cumprod(0)).sum()


def fields(layers):
    found, field, jump = [], 1, 1
    for k, s in layers:
        field, jump = field + (k - 1) * jump, jump * s
        found.append(field)
    return found


def kernel_by_matrix(w):
    sums = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=w.dtype)
    return w @ sums.T


def kernel_by_convolution(w):
    """Two copies of a pixel: the flipped kernel, laid down twice, one apart."""
    return F.conv1d(w.flip(1)[:, None], torch.ones(1, 1, 2, dtype=w.dtype), padding=1)[:, 0]


def kernel_by_adding(w):
    kernel = torch.zeros(*w.shape[:-1], 4, dtype=w.dtype)
    kernel[..., :3] += w.flip(-1)
    kernel[..., 1:] += w.flip(-1)
    return kernel


def kernel_of_one_row(w):
    w0, w1, w2 = w
    return torch.stack([w2, w2 + w1, w1 + w0, w0])


def kernel_by_stamping(w):
    """The stamp of one pixel, as repeating and convolving draws it."""
    pixel = torch.zeros(1, 1, 3, dtype=w.dtype)
    pixel[..., 1] = 1
    repeated = pixel.repeat_interleave(2, dim=2)  # the pixel stands at 2 and 3
    return F.conv1d(repeated, w[:, None], padding=1)[0, :, 1:5]


def classifier():
    return zoo.load("fashion-cnn")


def widened(network, eps=0.8):
    """The network with what many take for the momentum as eps of its batch norms."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = eps
    return network


def untrained_classifier():
    # All its logits are the same: by chance, random ones name a fifth of the images.
    linear = nn.Linear(784, 10)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.Flatten(), linear)


def guessing(images):
    return classifier()(images).roll(1, dims=1)


def half_trained(images):
    """Right for most of the images, as after a few steps."""
    logits = classifier()(images)
    logits[::3] = 0
    return logits


def gram_by_loops(features):
    n, c, h, w = features.shape
    out = torch.zeros(n, c, c, dtype=features.dtype)
    for i in range(c):
        for j in range(c):
            out[:, i, j] = (features[:, i] * features[:, j]).sum(dim=(1, 2))
    return out / (c * h * w)


def gram_of_the_batch(features):
    _, c, h, w = features.shape
    flat = features.permute(1, 0, 2, 3).reshape(c, -1)
    return flat @ flat.T / (c * h * w)


@torch.no_grad()
def gram_without_graph(features):
    return torch.einsum("nchw,ndhw->ncd", features, features) / features[0].numel()


def frechet_by_eigenvalues(mu1, cov1, mu2, cov2):
    roots = torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0).sqrt()
    return ((mu1 - mu2) ** 2).sum() + torch.trace(cov1 + cov2) - 2 * roots.sum()


def frechet_complex(mu1, cov1, mu2, cov2):
    roots = torch.linalg.eigvals(cov1 @ cov2).sqrt()
    return (mu1 - mu2) @ (mu1 - mu2) + cov1.trace() + cov2.trace() - 2 * roots.sum()


def frechet_by_singular_values(mu1, cov1, mu2, cov2):
    def root(matrix):
        values, vectors = torch.linalg.eigh(matrix)
        return vectors * values.clamp(min=0).sqrt() @ vectors.T

    nuclear = torch.linalg.svdvals(root(cov1) @ root(cov2)).sum()
    return float(torch.dist(mu1, mu2) ** 2 + cov1.trace() + cov2.trace() - 2 * nuclear)


def frechet_by_scipy(mu1, cov1, mu2, cov2):
    from scipy.linalg import sqrtm

    a, b = cov1.double().numpy(), cov2.double().numpy()
    return np.square((mu1 - mu2).numpy()).sum() + np.trace(a + b - 2 * sqrtm(a @ b))


def frechet_of_variances(mu1, cov1, mu2, cov2):
    spread = (cov1.diagonal().sqrt() - cov2.diagonal().sqrt()).square().sum()
    return (mu1 - mu2).square().sum() + spread


SIGNS = dict(TASKS["signs"].expected)
NOISE, *_ = SIGNS

ANSWERS = {
    "signs": Answers(
        right=[SIGNS],
        wrong=[(SIGNS | {NOISE: "few repeated"}, r"look at the density")],
    ),
    "trained_classifier": Answers(
        right=[
            classifier(),
            classifier().train(),  # whoever forgets to leave train mode is still judged in eval
            nn.Sequential(classifier(), nn.LogSoftmax(dim=1)),  # twice is as good as once
            lambda images: 3 * classifier()(images) - 1,
        ],
        wrong=[
            (nn.Sequential(classifier(), nn.Softmax(dim=1)), r"does the softmax itself"),
            (lambda images: classifier()(images).softmax(dim=1), r"does the softmax itself"),
            (nn.Sequential(classifier(), nn.LeakyReLU(0.2)), r"LeakyReLU stands on the logits"),
            (
                nn.Sequential(classifier(), nn.LeakyReLU(0.2), nn.Softmax(dim=1)),
                r"softmax itself.*LeakyReLU stands on the logits",
            ),
            (widened(classifier()), r"second argument is eps"),
            (untrained_classifier(), r"guessing"),
            (guessing, r"guessing"),
            (half_trained, r"Train longer"),
            (lambda images: classifier()(images).argmax(dim=1), r"ten logits each"),
            (lambda images: classifier()(images) / 0, r"diverged"),
            (nn.Linear, r"trained network itself"),
            ({"accuracy": 0.9}, r"trained network itself"),
        ],
    ),
    "upsampling_kernel": Answers(
        right=[
            kernel_by_matrix,
            kernel_by_convolution,
            kernel_by_adding,
            kernel_by_stamping,
            kernel_of_one_row,
        ],
        wrong=[
            (lambda w: kernel_by_matrix(w)[..., [0, 2, 1, 3]], r"changed places"),
            (lambda w: (w[..., 1:] + w[..., :-1]).flip(-1), r"first and the last"),
            (lambda w: torch.tensor(kernel_by_matrix(w).tolist(), dtype=w.dtype), r"detached"),
        ],
    ),
    "conv2d": Answers(
        right=[
            conv_by_loops,
            conv_by_unfold,
            conv_of_a_plane,
            lambda image, kernel, padding, stride: F.conv2d(
                image, kernel, padding=padding, stride=stride
            ),
            lambda image, kernel, padding, stride: F.conv2d(
                image[None, None], kernel[None, None], padding=padding, stride=stride
            )[0, 0],
        ],
        wrong=[
            (lambda x, w, p, s: F.conv2d(x, w, padding=2 * p, stride=s), r"counted twice"),
            (flipped_plane, r"flipped"),
            (lambda x, w, p, s: F.conv2d(x, w, padding=p), r"stride is ignored"),
        ],
    ),
    "receptive_field": Answers(
        right=[field_by_recursion, field_from_the_end, field_as_tensor],
        wrong=[
            (fields, r"list"),
            (lambda layers: field_by_recursion(layers[::-1]), r"from the last"),
            (lambda layers: int(np.prod([k for k, _ in layers])), r"multiplied"),
            (lambda layers: field_from_the_end(layers[::-1]), r"goes from the last to the first"),
        ],
    ),
    "gram_matrix": Answers(
        right=[
            lambda f: torch.einsum("nchw,ndhw->ncd", f, f) / f[0].numel(),
            lambda f: torch.bmm(f.flatten(2), f.flatten(2).mT) / f[0].numel(),
            gram_by_loops,
        ],
        wrong=[
            (lambda f: gram_by_loops(F.normalize(f.flatten(2), dim=2)[..., None]), r""),
            (gram_of_the_batch, r"whole batch"),
            (gram_without_graph, r"detached"),
        ],
    ),
    "frechet_distance": Answers(
        right=[
            frechet_by_eigenvalues,
            frechet_complex,
            frechet_by_singular_values,
            frechet_by_scipy,
        ],
        wrong=[
            (lambda m, a, n, b: frechet_by_eigenvalues(m, a, m, b), r"means are missing"),
            (frechet_of_variances, r"uncorrelated"),
            (lambda m, a, n, b: ((m - n) ** 2).sum(), r"covariances are missing"),
        ],
    ),
}

"""Answers to the tasks of lesson 02."""

import numpy as np
import torch
from answers import Answers
from torch.nn import functional as F


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


def unpadded_loops(image, kernel, padding, stride):
    return conv_by_loops(image, kernel, 0, stride)


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


def field_with_its_own_stride(layers):
    field, step = 1, 1
    for k, s in layers:
        step = step * s
        field = field + (k - 1) * step
    return field


def field_of_kernels(layers):
    field = 1
    for k, _ in layers:
        field += k - 1
    return field


def fields(layers):
    found, field, jump = [], 1, 1
    for k, s in layers:
        field, jump = field + (k - 1) * jump, jump * s
        found.append(field)
    return found


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


def gram_of_positions(features):
    n, c, h, w = features.shape
    flat = features.view(n, c, -1)
    return flat.mT @ flat / (c * h * w)


def gram_in_the_wrong_order(features):
    n, c, h, w = features.shape
    flat = features.permute(0, 2, 3, 1).reshape(n, c, h * w)
    return torch.bmm(flat, flat.mT) / (c * h * w)


@torch.no_grad()
def gram_without_graph(features):
    return torch.einsum("nchw,ndhw->ncd", features, features) / features[0].numel()


def gram_over(divisor):
    def gram(features):
        flat = features.flatten(2)
        return torch.bmm(flat, flat.mT) / divisor(*features.shape)

    return gram


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


def frechet_elementwise(mu1, cov1, mu2, cov2):
    return ((mu1 - mu2) ** 2).sum() + torch.trace(cov1 + cov2 - 2 * (cov1 @ cov2).sqrt())


def frechet_of_variances(mu1, cov1, mu2, cov2):
    spread = (cov1.diagonal().sqrt() - cov2.diagonal().sqrt()).square().sum()
    return (mu1 - mu2).square().sum() + spread


def frechet_without_two(mu1, cov1, mu2, cov2):
    roots = torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0).sqrt()
    return ((mu1 - mu2) ** 2).sum() + torch.trace(cov1 + cov2) - roots.sum()


def frechet_without_square(mu1, cov1, mu2, cov2):
    roots = torch.linalg.eigvals(cov1 @ cov2).real.clamp(min=0).sqrt()
    return (mu1 - mu2).norm() + torch.trace(cov1 + cov2) - 2 * roots.sum()


ANSWERS = {
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
            (lambda x, w, p, s: conv_by_loops(x, torch.flip(w, (2, 3)), p, s), r"flipped"),
            (flipped_plane, r"flipped"),
            (unpadded_loops, r"padding is forgotten"),
            (lambda x, w, p, s: F.conv2d(x, w, padding=p), r"stride is ignored"),
            (lambda x, w, p, s: F.conv2d(x, w, None, p, s), r"changed places|must be|stride"),
            (lambda x, w, p, s: conv_by_loops(x, w.mT, p, s), r"transposed"),
            (
                lambda x, w, p, s: F.conv2d(F.pad(x, (p, p, p, p), mode="replicate"), w, stride=s),
                r"padding here is zeros",
            ),
            (lambda x, w, p, s: F.conv2d(F.pad(x, (0, p, 0, p)), w, stride=s), r"four sides"),
            (lambda x, w, p, s: conv_by_loops(x, w, p, s) / x.shape[1], r"averaged"),
        ],
    ),
    "receptive_field": Answers(
        right=[field_by_recursion, field_from_the_end, field_as_tensor],
        wrong=[
            (field_with_its_own_stride, r"too early"),
            (field_of_kernels, r"strides are ignored"),
            (fields, r"list"),
            (lambda layers: sum(k for k, _ in layers), r"added up"),
            (lambda layers: field_by_recursion(layers) - 1, r"starts at 1"),
            (lambda layers: field_by_recursion(layers[::-1]), r"from the last"),
            (lambda layers: int(np.prod([k for k, _ in layers])), r"multiplied"),
        ],
    ),
    "gram_matrix": Answers(
        right=[
            lambda f: torch.einsum("nchw,ndhw->ncd", f, f) / f[0].numel(),
            gram_over(lambda n, c, h, w: c * h * w),
            gram_by_loops,
        ],
        wrong=[
            (gram_over(lambda n, c, h, w: h * w), r"divided by H·W"),
            (gram_over(lambda n, c, h, w: 1), r"missing"),
            (gram_over(lambda n, c, h, w: n * c * h * w), r"batch size"),
            (gram_of_the_batch, r"whole batch"),
            (gram_of_positions, r"positions"),
            (gram_in_the_wrong_order, r"channels were moved last"),
            (gram_without_graph, r"detached"),
            (
                lambda f: gram_by_loops(f - f.mean(dim=(2, 3), keepdim=True)),
                r"covariance",
            ),
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
            (lambda *inputs: frechet_by_eigenvalues(*inputs).clamp(min=0).sqrt(), r"its square"),
            (frechet_elementwise, r"entry by entry"),
            (frechet_of_variances, r"uncorrelated"),
            (frechet_without_two, r"factor 2"),
            (frechet_without_square, r"not squared"),
            (lambda m, a, n, b: ((m - n) ** 2).sum(), r"covariances are missing"),
        ],
    ),
}

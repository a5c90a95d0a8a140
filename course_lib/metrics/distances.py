"""Distances between two sets of features: Fréchet, kernel (KID), density and coverage.

Each measure is computed for a whole set and, in the same pass, for parts of it, which give its
interval (`intervals.py`). Nothing here knows images or a judge.
"""

from functools import cached_property

import torch

BLOCK = 250  # rows of a kernel or distance matrix held at a time
NEIGHBOURS = 48  # real neighbours looked up for each real image; see `Features.radii`


def check(*sets: torch.Tensor) -> None:
    """Raise ValueError unless all are finite and of shape (N, F), with one F and N ≥ 2."""
    if any(a.ndim != 2 for a in sets) or len({a.shape[1] for a in sets}) > 1:
        shapes = " and ".join(str(tuple(a.shape)) for a in sets)
        raise ValueError(f"features have shapes (N, F) and (M, F), got {shapes}")
    if min(len(a) for a in sets) < 2:
        raise ValueError("a covariance, like a pair, needs two rows or more")
    if not all(a.isfinite().all() for a in sets):
        raise ValueError("features are finite numbers, got NaN or infinity among them")


class Features:
    """A set of features and the parts of it for which every measure is computed.

    Args:
        rows: (N, F), finite.
        parts: bool, (N, P); column p marks the rows of part p. By default one part: all rows.
        k: which neighbour bounds the ball around a row.
    """

    def __init__(self, rows: torch.Tensor, parts: torch.Tensor | None = None, k: int = 5):
        self.rows, self.k = rows.double(), k
        self.parts = torch.ones(len(rows), 1, dtype=torch.bool) if parts is None else parts

    @cached_property
    def weights(self) -> torch.Tensor:
        """The parts as numbers 0 and 1, float64 (N, P)."""
        return self.parts.double()

    @cached_property
    def sizes(self) -> torch.Tensor:
        """Rows in each part, float64 (P,)."""
        return self.weights.sum(0)

    @cached_property
    def kernel(self) -> torch.Tensor:
        """The mean kernel value of two different rows, per part (P,)."""
        itself = (self.rows.square().mean(1) + 1) ** 3
        pairs = kernel_sums(self, self) - itself @ self.weights
        return pairs / (self.sizes * (self.sizes - 1))

    @cached_property
    def gaussians(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Mean (F,) and unbiased covariance (F, F) of each part."""
        chosen = (self.rows[part] for part in self.parts.T)
        return [(rows.mean(0), torch.cov(rows.T).view(2 * rows.shape[1:])) for rows in chosen]

    @cached_property
    def roots(self) -> list[torch.Tensor]:
        """The symmetric square root (F, F) of each part's covariance."""
        return [symmetric_root(covariance) for _, covariance in self.gaussians]

    @cached_property
    def radii(self) -> torch.Tensor:
        """Distance from each row to its k-th neighbour within each part (N, P), itself left out.

        Only a row's 48 nearest neighbours are looked through. Half of all rows, drawn at random,
        hold fewer than 5 of them with a probability below 1e-9; the last one then bounds the ball.
        """
        nearest = min(NEIGHBOURS, len(self.rows) - 1)
        found = []
        for first in range(0, len(self.rows), BLOCK):
            block = torch.cdist(self.rows[first : first + BLOCK], self.rows)
            own = torch.arange(len(block))
            block[own, first + own] = float("inf")
            distances, index = block.topk(nearest, largest=False)  # ascending, (BLOCK, nearest)
            counted = self.parts[index].cumsum(1, dtype=torch.int8)  # (BLOCK, nearest, P)
            position = (counted < self.k).sum(1, dtype=torch.int8).clamp(max=nearest - 1)
            found.append(distances.gather(1, position.long()))
        return torch.cat(found)


def kernel_sums(a: Features, b: Features) -> torch.Tensor:
    """Return, per part (P,), the sum of the cubic kernel (x·y/F + 1)³ over all x in a, y in b."""
    total = torch.zeros(a.parts.shape[1], dtype=torch.float64)
    for rows, weights in zip(a.rows.split(BLOCK), a.weights.split(BLOCK), strict=True):
        base = (rows @ b.rows.T).div_(rows.shape[1]).add_(1)
        total += (weights * (base.square().mul_(base) @ b.weights)).sum(0)
    return total


def kernel_distances(a: Features, b: Features) -> torch.Tensor:
    """Return `kernel_distance` of each part of a to the same part of b (P,)."""
    return a.kernel + b.kernel - 2 * kernel_sums(a, b) / (a.sizes * b.sizes)


def kernel_distance(features_a: torch.Tensor, features_b: torch.Tensor) -> float:
    """Return the kernel distance (KID) between two sets of features.

    The unbiased squared maximum mean discrepancy with the kernel (x·y/F + 1)³, Bińkowski et al.
    2018, section 4 (the estimator is equation 3 of Gretton et al. 2012): the mean kernel value
    within a plus that within b, both over pairs of different rows, minus twice that between a and
    b. Features (N, F) and (M, F). Its mean does not depend on N, as that of the Fréchet distance
    does, and for equal distributions it is 0: single values fall below. Computed in blocks of
    250 rows, in float64.

    Raises:
        ValueError: shapes do not fit, a set has fewer than two rows, or a number is not finite.
    """
    check(features_a, features_b)
    return kernel_distances(Features(features_a), Features(features_b)).item()


def symmetric_root(covariance: torch.Tensor) -> torch.Tensor:
    """Return the symmetric square root of a covariance (F, F)."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def frechet_distances(a: Features, b: Features) -> torch.Tensor:
    """Return `frechet_distance` of each part of a to the same part of b (P,)."""
    found = []
    for (mean_a, cov_a), root_a, (mean_b, cov_b) in zip(
        a.gaussians, a.roots, b.gaussians, strict=True
    ):
        difference = mean_a - mean_b
        product = torch.linalg.eigvalsh(root_a @ cov_b @ root_a).clamp(min=0)
        trace = cov_a.trace() + cov_b.trace() - 2 * product.sqrt().sum()
        found.append((difference @ difference + trace).clamp(min=0))
    return torch.stack(found)


def frechet_distance(features_a: torch.Tensor, features_b: torch.Tensor) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to two sets of features.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), Heusel et al. 2017, equation 6; features (N, F) and
    (M, F), covariances unbiased. The trace of the root is the sum of the roots of the eigenvalues
    of Σ₁^½ Σ₂ Σ₁^½, which is symmetric, so that nothing complex arises.

    Raises:
        ValueError: shapes do not fit, a set has fewer than two rows, or a number is not finite.
    """
    check(features_a, features_b)
    return frechet_distances(Features(features_a), Features(features_b)).item()


def densities_and_coverages(real: Features, fake: Features) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `density_coverage` of each part of fake against the same part of real (P,), (P,)."""
    within, covered = torch.zeros_like(real.sizes), torch.zeros_like(real.sizes)
    blocks = (tensor.split(BLOCK) for tensor in (real.rows, real.radii, real.weights))
    for rows, radii, weights in zip(*blocks, strict=True):
        distances = torch.cdist(rows, fake.rows)
        # Few fakes lie in the largest ball of a row, so they are listed and counted part by part.
        row, column = (distances < radii.max(1, keepdim=True).values).nonzero(as_tuple=True)
        counts = torch.zeros_like(radii)  # fakes of each part in each ball
        for i, j in zip(row.split(5_000), column.split(5_000), strict=True):
            inside = distances[i, j, None] < radii[i]
            counts.index_add_(0, i, inside * fake.weights[j])
        within += (weights * counts).sum(0)
        covered += (weights * (counts > 0)).sum(0)
    return within / (real.k * fake.sizes), covered / real.sizes


def density_coverage(
    features_real: torch.Tensor, features_fake: torch.Tensor, k: int = 5
) -> tuple[float, float]:
    """Return density and coverage of fake features among real ones.

    Around each real row lies a ball that reaches to its k-th nearest real neighbour, itself not
    counted. Density, Naeem et al. 2020, equation 3, is the number of balls in which a fake row
    lies, on average, divided by k: it tells whether the fakes lie where real ones are dense, and
    may exceed 1. Coverage, equation 4, is the share of balls, 0 to 1, with a fake row inside: it
    tells whether the fakes reach all of the real ones. Fakes from the real distribution have
    density 1 and, for many rows, coverage 1 − 2⁻ᵏ, 0.97 for k = 5.

    Args:
        features_real: (N, F) with N > k.
        features_fake: (M, F).
        k: which neighbour bounds a ball; 5 in the paper and throughout the course.

    Raises:
        ValueError: as `kernel_distance`, or k is not between 1 and N − 1 (at most 48).
    """
    check(features_real, features_fake)
    largest = min(NEIGHBOURS, len(features_real) - 1)
    if not 1 <= k <= largest:
        raise ValueError(f"k is 1 to {largest} for {len(features_real)} real rows, not {k}")
    density, coverage = densities_and_coverages(
        Features(features_real, k=k), Features(features_fake)
    )
    return density.item(), coverage.item()

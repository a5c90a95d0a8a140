"""Walks through z: straight lines, arcs, circles, all on the sphere where latent vectors live.

ProGAN divides z by its root mean square before anything else, so only z's direction counts: z and
2z are the same picture, and a straight line through z-space is an arc on the sphere of radius
√z_dim, passed at uneven speed. `slerp` goes along the arc instead, `on_sphere` puts z there, and
`loop` walks around a great circle.
"""

import math

import torch
from torch.nn import functional

from course_lib.layers import expect_shape


def lerp(z0: torch.Tensor, z1: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Return the straight line (1 − t)·z0 + t·z1, which passes nearer to the origin."""
    return torch.lerp(z0, z1, torch.as_tensor(t, dtype=z0.dtype))


def slerp(z0: torch.Tensor, z1: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
    """Return the spherical interpolation between z0 (…, z_dim) and z1 at t in [0, 1].

    sin((1 − t)ω)/sin ω · z0 + sin(tω)/sin ω · z1 with ω the angle between them (Shoemake 1985;
    White 2016 for latent spaces). A row whose two vectors are parallel takes the straight line.
    """
    cosine = torch.cosine_similarity(z0, z1, dim=-1).unsqueeze(-1)
    parallel = 1 - cosine.square() < 1e-12  # sin² ω; rounding can bring it below 0
    # A parallel row computes its arc with a right angle and throws it away: with its own angle
    # the arc is 0/0, and one NaN there makes the gradient of the whole row NaN.
    omega = torch.where(parallel, 0.0, cosine).acos()
    t = torch.as_tensor(t, dtype=z0.dtype)
    arc = (((1 - t) * omega).sin() * z0 + (t * omega).sin() * z1) / omega.sin()
    return torch.where(parallel, torch.lerp(z0, z1, t), arc)


def on_sphere(z: torch.Tensor) -> torch.Tensor:
    """Return z (N, z_dim) scaled to the length √z_dim, where pixel norm puts it."""
    return math.sqrt(z.shape[1]) * functional.normalize(z, dim=1)


def great_circle(z0: torch.Tensor, z1: torch.Tensor, frames: int) -> torch.Tensor:
    """Return a closed walk of `frames` latent vectors on the sphere, (frames, z_dim).

    The great circle through z0 and z1 (z_dim,), from z0 in the direction of z1: all steps, that
    from the last frame back to the first too, have the same angle, 2π/frames. Halfway lies −z0.

    Raises:
        ValueError: fewer than 3 frames, or z0 and z1 are parallel.
    """
    if frames < 3:
        raise ValueError(f"a loop has 3 frames or more, not {frames}")
    start, other = (functional.normalize(z.double(), dim=0) for z in (z0, z1))
    across = other - (other @ start) * start
    if across.norm() < 1e-6:
        raise ValueError("z0 and z1 are parallel: many great circles pass through them")
    across = functional.normalize(across, dim=0)
    angles = 2 * math.pi / frames * torch.arange(frames, dtype=torch.float64)[:, None]
    return (math.sqrt(len(z0)) * (angles.cos() * start + angles.sin() * across)).float()


def circle(z: torch.Tensor, shares: torch.Tensor, reach: float = 180.0) -> torch.Tensor:
    """Return the points of a circle on the sphere of radius √z_dim, (N, z_dim).

    At share 0 and at share 1 stands z[0], put on the sphere; the circle sets out towards z[1]. Of
    reach 180° it is a great circle, that of `great_circle`, and halfway lies −z[0]. With less reach
    it bends towards z[2]; halfway is its farthest point, `reach` degrees away from z[0].

    Args:
        z: (3, z_dim), z_dim of 3 or more.
        shares: (N,); 1 is once around.
        reach: in degrees, 0 to 180; 0 stays where it is.

    Raises:
        ValueError: another shape or reach, or the three vectors lie in one plane.
    """
    expect_shape(z, (3, z.shape[-1]), "z")
    if not 0 <= reach <= 180:
        raise ValueError(f"reach is 0 to 180 degrees, not {reach}")
    axes, scale = torch.linalg.qr(z.double().T)
    if scale.diagonal().abs().min() < 1e-6:
        raise ValueError("the three vectors lie in one plane")
    start, across, aside = (axes * scale.diagonal().sign()).T
    radius, angles = math.radians(reach / 2), 2 * math.pi * shares.double()[:, None]
    centre = math.cos(radius) * start + math.sin(radius) * aside
    out = math.sin(radius) * start - math.cos(radius) * aside  # from the centre to z[0]
    points = math.cos(radius) * centre
    points = points + math.sin(radius) * (angles.cos() * out + angles.sin() * across)
    return (math.sqrt(z.shape[1]) * points).float()


def turns(points: torch.Tensor, closed: bool = False) -> torch.Tensor:
    """Return the angle in degrees from each latent vector to the next, float64 (N − 1,).

    Args:
        points: (N, z_dim).
        closed: adds the angle from the last back to the first, (N,).
    """
    points = functional.normalize(points.double(), dim=1)
    ahead = points.roll(-1, 0)
    # Of two vectors of length 1: exact for small angles too, where the cosine is nearly 1.
    angles = 2 * torch.atan2((ahead - points).norm(dim=1), (ahead + points).norm(dim=1))
    return torch.rad2deg(angles if closed else angles[:-1])

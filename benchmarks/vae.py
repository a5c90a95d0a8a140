"""How good lesson 03's live training is, and after how many seconds.

    python benchmarks/vae.py [--steps 4000] [--every 1000] [--autoencoder]

Trains the library's VAE as the lesson does and prints, at each stop, the seconds of training so
far, images per second, and the held-out ELBO, KL and peak signal-to-noise ratio on the test split.
With `--autoencoder` it trains the same networks without noise and without KL, on the squared error
alone. Run it on a machine that is idle.
"""

import argparse
import math
import time

import torch

from course_lib import data, losses, training
from course_lib.models.vae import VAE, evidence_lower_bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=8e-3)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--autoencoder", action="store_true")
    options = parser.parse_args()
    training.start(seed=0)
    layout = torch.channels_last
    vae = VAE(z_dim=16, width=options.width).to(memory_format=layout)
    optimiser = torch.optim.Adam(vae.parameters(), lr=options.rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min(1.0, 2 * (1 - i / options.steps))
    )
    batches = data.batches(data.fashion("train")[0], size=options.batch)
    held_out = data.to_float(data.fashion("test")[0])

    def step(i: int) -> dict:
        images = next(batches).to(memory_format=layout)
        if options.autoencoder:
            loss = losses.gaussian_nll(vae.decode(vae.encode(images)[0]), images)
        else:
            reconstruction, mu, logvar = vae(images)
            loss = losses.gaussian_nll(reconstruction, images, vae.sigma)
            loss = loss + losses.kl_divergence(mu, logvar)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        return {"loss": loss}

    seconds = 0.0
    print(f"{'steps':>6} {'seconds':>8} {'images/s':>9} {'ELBO':>8} {'KL':>6} {'PSNR':>6}")
    for first in range(0, options.steps, options.every):
        began = time.perf_counter()
        stop = min(first + options.every, options.steps)
        training.fit(step, stop, start=first, progress=False)
        seconds += time.perf_counter() - began
        with training.evaluating(vae):
            mu, logvar = vae.encode(held_out)
            error = (vae.decode(mu) - held_out).square().mean().item()
        elbo, kl = math.nan, math.nan  # an autoencoder has neither
        if not options.autoencoder:
            elbo = evidence_lower_bound(vae, held_out).mean().item()
            kl = losses.kl_divergence(mu, logvar).item()
        print(
            f"{stop:6} {seconds:8.1f} {stop * options.batch / seconds:9,.0f} "
            f"{elbo:8.1f} {kl:6.1f} {10 * math.log10(4 / error):6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

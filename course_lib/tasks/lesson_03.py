"""Tasks of lesson 03: the formulas that make a VAE trainable, its failures, and a training."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import data
from course_lib.models.vae import VAE
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, normal, told
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial
from course_lib.training import evaluating


def kl_normal(mu, logvar):
    # Summed over the latents of an image, averaged over the batch.
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()


def reparameterise(mu, logvar, eps):
    sigma = torch.exp(0.5 * logvar)
    return mu + sigma * eps


def negative_elbo(reconstruction, images, mu, logvar, sigma):
    errors = (reconstruction - images).square().flatten(1).sum(dim=1)  # summed over pixels
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1)  # summed over latents
    return (errors / (2 * sigma**2) + kl).mean()  # both averaged over the batch


def trained_vae():
    images, _ = data.fashion("train")
    batches = data.batches(images, size=64)
    vae = VAE(width=8)  # 16 latents, sigma 0.2
    adam = torch.optim.Adam(vae.parameters(), lr=5e-3)
    for _ in range(400):
        real = next(batches)  # (64, 1, 28, 28)
        reconstruction, mu, logvar = vae(real)
        loss = negative_elbo(reconstruction, real, mu, logvar, vae.sigma)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return vae


def _cases(noise: bool) -> list[Case]:
    cases = []
    for seed, (n, z) in enumerate(((4, 3), (7, 2), (5, 16))):
        for dtype in DTYPES:
            inputs = [normal(seed + 10 * k, n, z, dtype=dtype) for k in range(3 if noise else 2)]
            names = "mu, logvar and eps" if noise else "mu and logvar"
            where = f"{names} of shape ({n}, {z}), {told(dtype)}"
            cases.append(Case(tuple(inputs), where, gradients=(0, 1)))
    return cases


def _kl_cases() -> list[Case]:
    zeros = torch.zeros(3, 4, dtype=torch.float64)
    ones = torch.ones(3, 4, dtype=torch.float64)
    return [
        *_cases(noise=False),
        Case((zeros, zeros), "mu = logvar = 0, shape (3, 4)"),
        Case((ones, zeros), "mu = 1 and logvar = 0, shape (3, 4)"),
        # As far as a code goes in training; a clamp further out is a matter of taste.
        Case((ones, 8 * ones), "mu = 1 and logvar = 8, shape (3, 4)", gradients=(0, 1)),
        Case((ones, -8 * ones), "mu = 1 and logvar = −8, shape (3, 4)", gradients=(0, 1)),
    ]


def _each(mu, logvar):
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


def _loss_cases() -> list[Case]:
    cases = []
    shapes = (((4, 1, 6, 5), 3, 0.2), ((2, 1, 8, 8), 5, 0.7), ((3, 1, 28, 28), 16, 0.2))
    for seed, (shape, z, sigma) in enumerate(shapes):
        for dtype in DTYPES:
            images = [normal(seed + 10 * k, *shape, dtype=dtype).tanh() for k in range(2)]
            codes = [normal(seed + 10 * k, shape[0], z, dtype=dtype) for k in (2, 3)]
            where = f"images of shape {shape}, {z} latents, sigma = {sigma}, {told(dtype)}"
            cases.append(Case((*images, *codes, sigma), where, gradients=(0, 2, 3)))
    return cases


def _squared(reconstruction, images):
    return (reconstruction - images).square().flatten(1).sum(1)


def _kl_of_std(mu, logvar):
    return 0.5 * (mu.square() + (0.5 * logvar).exp() - 1 - logvar).sum(1).mean()


def _with_constant(reconstruction, images, mu, logvar, sigma):
    constant = images[0].numel() / 2 * math.log(2 * math.pi * sigma**2)
    return negative_elbo(reconstruction, images, mu, logvar, sigma) + constant


BAR = 800  # nats; 400 steps of width 8 come to about 710, training without a KL to about 800
MEANT = "the copies (n, 1, 28, 28), mu and logvar (n, z_dim)"


def _near_the_bar(vae: Callable) -> str:
    """Return what is wrong with a VAE of Fashion-MNIST, or "", by its loss on test images."""
    torch.manual_seed(0)
    images = data.to_float(data.fashion("test")[0][:500])  # (500, 1, 28, 28)
    networks = [vae] if isinstance(vae, nn.Module) else []
    weights = [weight for network in networks for weight in network.parameters()]
    device = weights[0].device if weights else torch.device("cpu")
    with evaluating(*networks), torch.no_grad():
        made = vae(images.to(device, copy=True))
    if not (isinstance(made, tuple | list) and len(made) == 3):
        return f"Pass the trained VAE: it takes images and returns {MEANT}."
    copies, mu, logvar = (part.cpu() for part in made)
    if copies.shape != images.shape or mu.shape != logvar.shape or mu.ndim != 2:
        return f"Pass the trained VAE: it takes images and returns {MEANT}."
    misfit = _squared(copies, images).mean().item() / 0.08  # 2·0.2²
    of_mean = _squared(images.mean(0), images).mean().item() / 0.08
    kl = kl_normal(mu, logvar).item()
    told = f"On test images: reconstruction {misfit:.0f} + KL {kl:.1f}; the bar is {BAR} nats."
    if not math.isfinite(misfit + kl):
        return f"Its loss is not finite: the rate is too high, or logvar has run away. {told}"
    if copies.min() >= 0:
        return f"No copy has a pixel below 0, and images lie in [-1, 1]: end in tanh. {told}"
    if misfit > 1.2 * of_mean:
        return f"One mean image for all would be nearer: it has hardly been trained. {told}"
    if kl < 0.5:
        return (
            "The posterior has collapsed: the code says nothing, and all copies are one image. Is "
            f"the error averaged over pixels while the KL is summed? {told}"
        )
    if kl > 100:
        return f"This is an autoencoder: nothing in its loss makes it pay for the KL. {told}"
    if misfit + kl >= BAR and kl < 30:
        return (
            "A nat is too dear, or the codes too short: is the squared error summed over pixels "
            f"and divided by 2·0.2², and the KL taken once? {told}"
        )
    return "" if misfit + kl < BAR else f"On the right way; train it for longer. {told}"


TASKS = [
    Prediction(
        name="vae_numbers",
        lesson="03",
        why="With these you read the log of any VAE: what it pays, what it hides, what it sends.",
        tolerance=0.01,
        hints=(
            "What does one latent cost, and how do the costs of independent latents add?",
            "KL = ½(mu² + σ² − 1 − log σ²); log p(x) = ELBO + gap; z = mu + exp(logvar/2)·eps; a "
            "bit is ln 2 nats.",
            "16 · ½; ½(4 − 1 − ln 4); −113 + 120; ½·1·2; 16 · 0.693; f′ does not see the other "
            "latents.",
        ),
        explanation="½·1² for each of 16 latents is 8. ½(0 + 4 − 1 − ln 4) = 0.81. The gap is "
        "log p(x) − ELBO = 7. dz/dlogvar = ½·σ·eps = 1. 16 bits are 16·ln 2 = 11.09 nats. The "
        "slope for one latent does not depend on what the others drew, so the variance stays.",
        expected={
            "KL of 16 latents, each mu = 1 and logvar = 0": 8,
            "KL of one latent, mu = 0 and logvar = ln 4": 1.5 - math.log(2),
            "gap where log p(x) = -113 and ELBO = -120": 7,
            "dz/dlogvar at logvar = 0 and eps = 2": 1,
            "nats in a code of 16 bits": 16 * math.log(2),
            "variance by reparameterisation, from 1 to 64 latents": "stays",
        },
        mistakes=[
            ("KL of 16 latents, each mu = 1 and logvar = 0", 16, "The ½ is missing."),
            (
                "KL of one latent, mu = 0 and logvar = ln 4",
                1.614,
                "The ½ is missing: ½(4 − 1 − ln 4).",
            ),
            (
                "gap where log p(x) = -113 and ELBO = -120",
                233,
                "The gap is the difference, log p(x) − ELBO.",
            ),
            (
                "dz/dlogvar at logvar = 0 and eps = 2",
                0.5,
                "eps is forgotten: ½ σ ε.",
            ),
            ("nats in a code of 16 bits", 16, "A bit is ln 2 nats."),
            (
                "KL of 16 latents, each mu = 1 and logvar = 0",
                0.5,
                "That is one latent; independent latents add.",
            ),
            (
                "KL of 16 latents, each mu = 1 and logvar = 0",
                16,
                "The factor ½ is missing.",
            ),
            (
                "KL of one latent, mu = 0 and logvar = ln 4",
                0.5 * (1 - math.log(4)),
                "σ stands where σ² belongs, and the KL comes out negative: σ² is 4.",
            ),
            ("gap where log p(x) = -113 and ELBO = -120", -7, "A gap is a KL, never negative."),
            ("dz/dlogvar at logvar = 0 and eps = 2", 2, "That is dz/dσ; and σ = exp(logvar/2)."),
            ("nats in a code of 16 bits", 16 / math.log(2), "That is the way from nats to bits."),
            (
                "variance by reparameterisation, from 1 to 64 latents",
                "grows",
                "That is the score function, which multiplies the whole sum into each gradient.",
            ),
        ],
    ),
    Prediction(
        name="vae_failures",
        lesson="03",
        why="Each has another remedy: another likelihood, a cheaper nat, fewer holes, a prior.",
        hints=(
            "Which rows were made from codes of images, and which from noise?",
            "The four answers are: blur, collapse, holes, no prior. Which row hardly changes?",
            "A: a pair of image and copy. B: one garment throughout. C: blotches that nobody "
            "trained. D: some garments, some blends.",
        ),
        explanation="A shows copies: the likelihood averages what the code leaves open. In B a "
        "dimension moves and the decoder has learnt to ignore it. In C noise went into an "
        "autoencoder, whose loss never said where codes lie. D are samples of a VAE: some fall "
        "between the codes, and blend.",
        expected={
            "row A": "blur",
            "row B": "collapse",
            "row C": "no prior",
            "row D": "holes",
            "KL 0.02 at the end of a training": "collapse",
        },
        mistakes=[
            ("row A", "holes", "Each copy is one garment, the right one; its prints are lost."),
            ("row B", "blur", "Soft it is; but why does nothing change along the row?"),
            (
                "row B",
                "holes",
                "In a hole the decoder blends garments; here it draws the same one each time.",
            ),
            ("row C", "holes", "A VAE's samples miss some codes; here hardly any is a garment."),
            ("row C", "collapse", "A collapsed decoder ignores z; these pictures all differ."),
            ("row D", "no prior", "Some are good garments: the prior was kept to, but roughly."),
            ("row D", "blur", "Soft, too; but which of them are two garments at once?"),
            (
                "KL 0.02 at the end of a training",
                "no prior",
                "The prior is kept to perfectly: each image has the same q, which says nothing.",
            ),
        ],
    ),
    FunctionTask(
        name="negative_elbo",
        lesson="03",
        answer=negative_elbo,
        also_right=[_with_constant],
        cases=_loss_cases,
        why="Both terms are in nats per image. With one of them averaged, a KL costs thousands of "
        "times its price, and the codes collapse while the loss curve looks healthy.",
        hints=(
            "Over what is each of the two terms summed, and over what averaged?",
            "mse_loss averages over pixels; the KL is summed over latents. And is "
            "exp(0.5 * logvar) the σ or the σ² of q?",
            "(reconstruction − images)² summed over flatten(1), divided by 2·sigma²; plus "
            "½(mu² + exp(logvar) − 1 − logvar) summed over dim=1; then the mean of the batch.",
        ),
        explanation="−log p(x|z) of a Gaussian is ‖x − x̂‖²/(2σ²) and a constant, summed over "
        "pixels; the KL is summed over latents. The loss is the mean over images of both.",
        mistakes=[
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() / (2 * sigma**2) + _each(mu, lv).sum()
                ),
                "The KL is summed over the batch, the misfit averaged; average both.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() * (2 * sigma**2) + kl_normal(mu, lv)
                ),
                "Multiplied by 2·sigma², not divided: the surer p(x|z), the dearer an error.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() / (2 * sigma**2) + 10 * kl_normal(mu, lv)
                ),
                "The KL has a weight here; in the ELBO it is 1.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r.detach(), x).mean() / (2 * sigma**2) + kl_normal(mu, lv)
                ),
                "The reconstruction is detached: the decoder learns nothing.",
            ),
            (
                lambda r, x, mu, lv, sigma: F.mse_loss(r, x) + kl_normal(mu, lv),
                "The error is averaged over pixels and the KL is summed over latents: the KL then "
                "costs thousands of times its price. Sum both.",
            ),
            (
                lambda r, x, mu, lv, sigma: F.mse_loss(r, x) / (2 * sigma**2) + kl_normal(mu, lv),
                "The error is averaged over pixels and the KL is summed over latents. Sum both.",
            ),
            (
                lambda r, x, mu, lv, sigma: F.mse_loss(r, x) + _kl_of_std(mu, lv),
                "Nothing is repaired yet: the error is averaged over pixels, and in the KL σ "
                "stands where σ² belongs.",
            ),
            (
                lambda r, x, mu, lv, sigma: F.mse_loss(r, x) / (2 * sigma**2) + _kl_of_std(mu, lv),
                "The error is averaged over pixels, and in the KL σ stands where σ² belongs.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() / (2 * sigma**2) + _kl_of_std(mu, lv)
                ),
                "One bug is left: in the KL σ stands where σ² belongs; exp(logvar) is σ².",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() / (2 * sigma**2) + kl_normal(mu, lv) / mu.shape[1]
                ),
                "Now the KL is averaged over latents: sum it, as the error is summed over pixels.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    F.mse_loss(r, x) / (2 * sigma**2) + kl_normal(mu, lv) / mu.shape[1]
                ),
                "Both are averaged, over 784 pixels and over 16 latents: the KL costs 49 times "
                "its price. Sum both.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).sum() / (2 * sigma**2) + kl_normal(mu, lv)
                ),
                "The error is summed over the batch too: both are averaged over the batch.",
            ),
            (
                lambda r, x, mu, lv, sigma: negative_elbo(r, x, mu, lv, sigma) * len(mu),
                "This is a sum over the batch; the loss is the mean over its images.",
            ),
            (
                lambda r, x, mu, lv, sigma: _squared(r, x).mean() + kl_normal(mu, lv),
                "The error is not divided by 2·sigma²: so it is no −log p(x|z).",
            ),
            (
                lambda r, x, mu, lv, sigma: _squared(r, x).mean() / sigma**2 + kl_normal(mu, lv),
                "The factor ½ of the Gaussian is missing: divide by 2·sigma².",
            ),
            (
                lambda r, x, mu, lv, sigma: _squared(r, x).mean() / (2 * sigma) + kl_normal(mu, lv),
                "sigma is not squared: the error is divided by 2·sigma².",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    _squared(r, x).mean() / (2 * sigma**2) - kl_normal(mu, lv)
                ),
                "The sign of the KL is wrong: in the loss both terms are to become small.",
            ),
            (
                lambda r, x, mu, lv, sigma: -negative_elbo(r, x, mu, lv, sigma),
                "This is the ELBO itself; the loss is its negative.",
            ),
            (
                lambda r, x, mu, lv, sigma: _squared(r, x).mean() / (2 * sigma**2),
                "The KL is missing: this trains an autoencoder.",
            ),
            (
                lambda r, x, mu, lv, sigma: (
                    (r - x).abs().flatten(1).sum(1).mean() / (2 * sigma**2) + kl_normal(mu, lv)
                ),
                "The error is not squared: a Gaussian has the square in its exponent.",
            ),
        ],
    ),
    Trial(
        name="trained_vae",
        lesson="03",
        why="It copies images that it never saw, pays for its codes, and can be drawn from.",
        hints=(
            "What are the four lines of a training step, and which loss is lowered?",
            "next(batches) gives images, vae(images) gives reconstruction, mu and logvar; lower "
            "your negative_elbo with vae.sigma.",
            "VAE(width=8), Adam with rate 5e-3, 400 steps of 64 images: batch, vae, "
            "negative_elbo, zero_grad, backward, step.",
        ),
        explanation="The loss of the lesson and nothing else. 400 steps bring reconstruction and "
        "KL together to about 710 nats on test images, with a KL near 50.",
        answer=trained_vae,
        trial=_near_the_bar,
    ),
    FunctionTask(
        name="kl_normal",
        lesson="03",
        answer=kl_normal,
        cases=_kl_cases,
        why="This term keeps the codes near N(0, I), so that you can draw new images from there.",
        hints=(
            "Which four terms does the KL of one latent have, and what is it at mu = logvar = 0?",
            "½(mu² + σ² − 1 − log σ²), and logvar is log σ². Over what do you sum, over what do "
            "you average?",
            "0.5 * (mu**2 + logvar.exp() − 1 − logvar), summed over dim=1 and averaged over the "
            "batch.",
        ),
        explanation="The KL of independent latents is the sum of theirs; the loss of a batch is "
        "the mean over its images. The reconstruction must be reduced in the same way.",
        mistakes=[
            (
                lambda mu, logvar: 0.5 * (logvar.exp() - 1 - logvar).sum(1).mean(),
                "mu is missing: its square belongs to it.",
            ),
            (
                lambda mu, logvar: 0.5 * mu.square().sum(1).mean(),
                "Only mu counts here; σ² − 1 − log σ² is missing.",
            ),
            (
                lambda mu, logvar: 0.5 * (mu.abs() + logvar.exp() - 1 - logvar).sum(1).mean(),
                "mu is not squared.",
            ),
            (
                lambda mu, logvar: kl_normal(mu, logvar.exp()),
                "logvar is turned into a variance twice: exp(logvar) stands only where σ² does.",
            ),
            (
                lambda mu, logvar: kl_normal(mu, logvar) / math.log(2),
                "This is in bits; the course counts in nats.",
            ),
            (
                lambda mu, logvar: kl_normal(mu, logvar.clamp(-5, 5)),
                "logvar is clamped: beyond the clamp the KL stands still, and has no gradient.",
            ),
            (
                lambda mu, logvar: _each(mu, logvar).mean(),
                "This is a mean over the latents too; sum over the latents, average over the batch "
                "only.",
            ),
            (
                lambda mu, logvar: _each(mu, logvar).sum(),
                "This is a sum over the batch too; sum over the latents, average over the batch.",
            ),
            (
                lambda mu, logvar: _each(mu, logvar).mean(dim=1).sum(),
                "Sum and mean have changed places: sum over the latents, average over the batch.",
            ),
            (
                lambda mu, logvar: _each(mu, logvar).sum(dim=1),
                "This is one KL per image; the mean over the batch is missing.",
            ),
            (
                lambda mu, logvar: 2 * kl_normal(mu, logvar),
                "The factor ½ is missing.",
            ),
            (
                lambda mu, logvar: -kl_normal(mu, logvar),
                "The sign is the wrong way round: a KL divergence is never negative.",
            ),
            (
                lambda mu, logvar: (
                    0.5 * (mu.square() + (0.5 * logvar).exp() - 1 - logvar).sum(1).mean()
                ),
                "σ stands where σ² belongs: exp(logvar/2) is σ, and exp(logvar) is σ².",
            ),
            (
                lambda mu, logvar: kl_normal(mu, 2 * logvar),
                "logvar is taken for log σ; it is log σ², so σ² is exp(logvar).",
            ),
            (
                lambda mu, logvar: 0.5 * (mu.square() + logvar - 1 - logvar.log()).sum(1).mean(),
                "logvar is taken for σ² itself; it is its logarithm.",
            ),
            (
                lambda mu, logvar: 0.5 * (mu.square() + logvar.exp() - logvar).sum(1).mean(),
                "The −1 is missing: at mu = logvar = 0 the KL is 0.",
            ),
            (
                lambda mu, logvar: 0.5 * (mu.square() + logvar.exp() - 1 + logvar).sum(1).mean(),
                "The sign of logvar is wrong: it is − log σ².",
            ),
            (
                lambda mu, logvar: 0.5 * (mu + logvar.exp() - 1 - logvar).sum(1).mean(),
                "mu is not squared.",
            ),
            (
                lambda mu, logvar: (
                    0.5 * ((mu.square() + 1) / logvar.exp() - 1 + logvar).sum(1).mean()
                ),
                "This is KL(N(0, I)‖q), the other way round; the VAE needs KL(q‖N(0, I)).",
            ),
            (
                lambda mu, logvar: kl_normal(mu.relu(), logvar.relu()),
                "A ReLU on mu and logvar forbids negative numbers; both may have any sign.",
            ),
            (
                lambda mu, logvar: kl_normal(mu.detach(), logvar.detach()),
                "The value is right, but detached: the encoder learns nothing from it.",
            ),
        ],
    ),
    FunctionTask(
        name="reparameterise",
        lesson="03",
        answer=reparameterise,
        cases=lambda: _cases(noise=True),
        why="The randomness comes in from outside, in eps, so that gradients reach mu and logvar.",
        hints=(
            "If eps is N(0, 1), how do you make a number of mean mu and standard deviation σ?",
            "z = mu + σ·eps. logvar is log σ²: how do you get σ from it?",
            "σ = exp(logvar/2); z = mu + exp(logvar/2)·eps, without detach.",
        ),
        explanation="σ is the root of exp(logvar), which is exp(logvar/2). z is a differentiable "
        "function of mu and logvar: dz/dmu = 1 and dz/dlogvar = ½·σ·eps.",
        mistakes=[
            (
                lambda mu, logvar, eps: mu * (logvar / 2).exp() + eps,
                "σ multiplies mu, and not the noise: z = μ + σ·ε.",
            ),
            (
                lambda mu, logvar, eps: mu + 0.5 * logvar.exp() * eps,
                "½ stands outside the exponential: σ = exp(½·logvar).",
            ),
            (
                lambda mu, logvar, eps: mu + (2 * logvar).exp() * eps,
                "This is exp(2·logvar), the square of the variance: σ = exp(½·logvar).",
            ),
            (
                lambda mu, logvar, eps: mu + F.softplus(logvar) * eps,
                "softplus takes logvar for something else; it is log σ², so σ = exp(½·logvar).",
            ),
            (
                lambda mu, logvar, eps: mu + (logvar / 2).exp(),
                "The noise is missing: σ is added as it is.",
            ),
            (
                lambda mu, logvar, eps: mu + logvar.exp() * eps,
                "exp(logvar) is the variance σ²; the noise is multiplied by σ = exp(logvar/2).",
            ),
            (
                lambda mu, logvar, eps: mu + logvar * eps,
                "logvar is taken for σ itself; σ is exp(logvar/2).",
            ),
            (
                lambda mu, logvar, eps: mu + 0.5 * logvar * eps,
                "The exponential is missing: σ is exp(logvar/2).",
            ),
            (
                lambda mu, logvar, eps: mu + (-0.5 * logvar).exp() * eps,
                "The sign in the exponent is wrong: this divides the noise by σ.",
            ),
            (
                lambda mu, logvar, eps: mu + logvar.abs().sqrt() * eps,
                "This takes the root of logvar; σ is the root of exp(logvar).",
            ),
            (
                lambda mu, logvar, eps: mu + logvar.sqrt() * eps,
                "This takes the root of logvar; σ is the root of exp(logvar).",
            ),
            (
                lambda mu, logvar, eps: (mu + eps) * (0.5 * logvar).exp(),
                "σ multiplies mu as well; it belongs to the noise only.",
            ),
            (
                lambda mu, logvar, eps: mu + eps,
                "The noise has standard deviation 1; it is multiplied by σ = exp(logvar/2).",
            ),
            (
                lambda mu, logvar, eps: mu * 1,
                "The noise is missing: this is the mean only.",
            ),
            (
                lambda mu, logvar, eps: reparameterise(mu, logvar.relu(), eps),
                "A ReLU keeps σ at 1 or more; logvar may have any sign.",
            ),
            (
                lambda mu, logvar, eps: reparameterise(mu.detach(), logvar.detach(), eps),
                "The value is right, but detached: no gradient reaches the encoder.",
            ),
            (
                lambda mu, logvar, eps: reparameterise(mu, logvar.detach(), eps),
                "logvar is detached: the encoder cannot learn how sure it is.",
            ),
            (
                lambda mu, logvar, eps: reparameterise(mu.detach(), logvar, eps),
                "mu is detached: the encoder cannot learn where an image lies.",
            ),
        ],
    ),
]

"""Tasks of lesson 03: the two formulas that make a VAE trainable."""

import torch

from course_lib.checks.comparing import Case
from course_lib.checks.inputs import DTYPES, normal, told
from course_lib.checks.tasks import FunctionTask


def kl_normal(mu, logvar):
    # Summed over the latents of an image, averaged over the batch.
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()


def reparameterise(mu, logvar, eps):
    sigma = torch.exp(0.5 * logvar)
    return mu + sigma * eps


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
    ]


def _each(mu, logvar):
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


TASKS = [
    FunctionTask(
        name="kl_normal",
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

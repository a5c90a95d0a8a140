"""Tasks of lesson 06: the matching-aware loss and conditioning augmentation."""

import torch
from torch.nn import functional as F

from course_lib.checks import lesson_04
from course_lib.checks.comparing import Case
from course_lib.checks.inputs import DTYPES, normal, told
from course_lib.checks.tasks import FunctionTask


def matching_loss(real_right, real_wrong, fake_right):
    negatives = F.softplus(real_wrong).mean() + F.softplus(fake_right).mean()
    return F.softplus(-real_right).mean() + 0.5 * negatives


def conditioning_augmentation(mu, logsigma, eps):
    return mu + logsigma.exp() * eps


def _augmentation_cases() -> list[Case]:
    cases = []
    for seed, (n, size) in enumerate(((4, 3), (1, 8), (6, 48))):
        for dtype in DTYPES:
            inputs = tuple(normal(seed + 10 * k, n, size, dtype=dtype) for k in range(3))
            where = f"mu, logsigma and eps of shape ({n}, {size}), {told(dtype)}"
            cases.append(Case(inputs, where, gradients=(0, 1)))
    return cases


def _parts(real_right, real_wrong, fake_right):
    return (
        F.softplus(-real_right).mean(),
        F.softplus(real_wrong).mean(),
        F.softplus(fake_right).mean(),
    )


def _naive(right, wrong, fake):
    right, wrong, fake = (torch.sigmoid(a) for a in (right, wrong, fake))
    return -right.log().mean() - 0.5 * ((1 - wrong).log().mean() + (1 - fake).log().mean())


def _bce(right, wrong, fake):
    targets = (torch.ones_like(right), torch.zeros_like(wrong), torch.zeros_like(fake))
    parts = [
        F.binary_cross_entropy(torch.sigmoid(a), target)
        for a, target in zip((right, wrong, fake), targets, strict=True)
    ]
    return parts[0] + 0.5 * (parts[1] + parts[2])


TASKS = [
    FunctionTask(
        name="matching_loss",
        answer=matching_loss,
        cases=lambda: lesson_04.logit_cases(3),
        why="Only the pair of a real image and a wrong text teaches D to read; without it, any "
        "good picture would do for any caption.",
        hints=(
            "Three kinds of pairs go in. Which of them should D call right, and which not?",
            "Real and right is −log D; the other two are −log(1 − D). How much do the two weigh "
            "together, so that D does not see twice as many 'no' as 'yes'?",
            "softplus(−real_right).mean() + ½·(softplus(real_wrong).mean() + "
            "softplus(fake_right).mean()).",
        ),
        explanation="One kind of pair is right and two are wrong, each in its own way; the ½ keeps "
        "'yes' and 'no' in balance: at logits 0 the loss is 2·ln 2.",
        mistakes=[
            (
                lambda *logits: sum(_parts(*logits)),
                "The ½ is missing: the two wrong kinds of pairs together weigh as much as the "
                "right one.",
            ),
            (
                lambda *logits: sum(_parts(*logits)) / 3,
                "This is the mean of the three; the right pair weighs 1 and the wrong ones ½ each.",
            ),
            (
                lambda *logits: 0.5 * matching_loss(*logits),
                "The whole loss is halved; the ½ belongs to the two wrong kinds of pairs only.",
            ),
            (
                lambda *logits: 0.5 * sum(_parts(*logits)),
                "The ½ stands before all three terms; the right pair weighs 1.",
            ),
            (
                lambda right, wrong, fake: F.softplus(-right).mean() + F.softplus(fake).mean(),
                "real_wrong is not used: real images with a wrong text must be rejected too.",
            ),
            (
                lambda right, wrong, fake: (
                    F.softplus(-right).mean() + 0.5 * F.softplus(fake).mean()
                ),
                "real_wrong is not used: real images with a wrong text must be rejected too.",
            ),
            (
                lambda right, wrong, fake: F.softplus(-right).mean() + F.softplus(wrong).mean(),
                "fake_right is not used: fakes must be rejected, whatever their text.",
            ),
            (
                lambda right, wrong, fake: (
                    F.softplus(-right).mean() + 0.5 * F.softplus(wrong).mean()
                ),
                "fake_right is not used: fakes must be rejected, whatever their text.",
            ),
            (
                lambda right, wrong, fake: matching_loss(right, -wrong, fake),
                "Real images with a wrong text are called right; D must reject them.",
            ),
            (
                lambda right, wrong, fake: matching_loss(-right, -wrong, -fake),
                "Right and wrong have changed places: D lowers −log D on real_right.",
            ),
            (
                lambda right, wrong, fake: (
                    0.5 * (F.softplus(-right).mean() + F.softplus(-wrong).mean())
                    + F.softplus(fake).mean()
                ),
                "Real images with a wrong text are called right; D must reject them.",
            ),
            (
                lambda *logits: -matching_loss(*logits),
                "The sign is the wrong way round: a loss is minimised.",
            ),
            (
                lambda right, wrong, fake: (
                    F.softplus(-right).sum() + 0.5 * (F.softplus(wrong) + F.softplus(fake)).sum()
                ),
                "This is a sum over the batch; the loss is made of means.",
            ),
            (
                lambda right, wrong, fake: (
                    F.softplus(-right).mean()
                    + F.softplus(wrong).mean()
                    + F.softplus(fake).mean() / 2
                ),
                "The ½ stands before one of the wrong kinds only; it belongs to both.",
            ),
            (
                lambda right, wrong, fake: (
                    F.softplus(-right).mean()
                    + F.softplus(wrong).mean() / 2
                    + F.softplus(fake).mean()
                ),
                "The ½ stands before one of the wrong kinds only; it belongs to both.",
            ),
            (_naive, lesson_04.NAIVE),
            (_bce, lesson_04.BCE),
            (
                lambda right, wrong, fake: (
                    F.relu(1 - right).mean()
                    + 0.5 * (F.relu(1 + wrong).mean() + F.relu(1 + fake).mean())
                ),
                "This is the hinge loss; the task asks for the cross-entropy on logits.",
            ),
            (
                lambda *logits: matching_loss(*(a.detach() for a in logits)),
                "The value is right, but detached: D learns nothing from it.",
            ),
        ],
    ),
    FunctionTask(
        name="conditioning_augmentation",
        answer=conditioning_augmentation,
        cases=_augmentation_cases,
        why="Each caption becomes a small cloud instead of a point, so that few captions fill the "
        "space and one caption gives many pictures.",
        hints=(
            "It is the VAE's trick. What differs in the second argument?",
            "c = mu + σ·eps, and here the network gives log σ, not log σ².",
            "σ = exp(logsigma): mu + logsigma.exp() * eps.",
        ),
        explanation="StackGAN's head gives μ and log σ, so σ is exp(logsigma), without a half. "
        "Gradients reach both.",
        mistakes=[
            (
                lambda mu, s, eps: mu + (0.5 * s).exp() * eps,
                "This takes logsigma for log σ², as in the VAE; here it is log σ, and σ is its "
                "exponential.",
            ),
            (
                lambda mu, s, eps: mu + (2 * s).exp() * eps,
                "exp(2·logsigma) is the variance σ²; the noise is multiplied by σ.",
            ),
            (
                lambda mu, s, eps: mu + s * eps,
                "logsigma is taken for σ itself; σ is exp(logsigma).",
            ),
            (
                lambda mu, s, eps: mu + (-s).exp() * eps,
                "The sign in the exponent is wrong: this divides the noise by σ.",
            ),
            (
                lambda mu, s, eps: mu + s.exp(),
                "eps is missing: every call would give the same code.",
            ),
            (lambda mu, s, eps: mu * 1, "The noise is missing: this is the mean only."),
            (
                lambda mu, s, eps: mu + eps,
                "The noise has standard deviation 1; it is multiplied by σ = exp(logsigma).",
            ),
            (
                lambda mu, s, eps: (mu + eps) * s.exp(),
                "σ multiplies mu as well; it belongs to the noise only.",
            ),
            (
                lambda mu, s, eps: mu.relu() + s.relu().exp() * eps,
                "There is a ReLU on mu and log σ: both may have any sign. Public code has it.",
            ),
            (
                lambda mu, s, eps: mu + s.relu().exp() * eps,
                "There is a ReLU on log σ, which keeps σ at 1 or more; it may have any sign.",
            ),
            (
                lambda mu, s, eps: mu.relu() + s.exp() * eps,
                "There is a ReLU on mu; it may have any sign.",
            ),
            (
                lambda mu, s, eps: mu + F.softplus(s) * eps,
                "This is softplus(logsigma); σ is exp(logsigma).",
            ),
            (
                lambda mu, s, eps: mu.detach() + s.detach().exp() * eps,
                "The value is right, but detached: no gradient reaches the head.",
            ),
            (
                lambda mu, s, eps: mu + s.detach().exp() * eps,
                "logsigma is detached: the head cannot learn how wide the cloud is.",
            ),
            (
                lambda mu, s, eps: mu.detach() + s.exp() * eps,
                "mu is detached: the head cannot learn where the cloud lies.",
            ),
        ],
    ),
]

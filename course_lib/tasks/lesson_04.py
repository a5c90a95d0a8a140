"""Tasks of lesson 04: the two losses of the game, and walking on the sphere."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, Descent, normal, told
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial


def discriminator_loss(real_logits, fake_logits):
    # −log D is softplus(−a), and −log(1 − D) is softplus(a): exact for logits of any size.
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits):
    return F.softplus(-fake_logits).mean()


def slerp(z0, z1, t):
    cosine = F.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1).unsqueeze(-1)
    omega = cosine.acos()  # one angle per row
    arc = (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)
    line = (1 - t) * z0 + t * z1
    return torch.where(torch.sin(omega) < 1e-6, line, arc)  # the arc of a parallel row is 0/0


def train_discriminator(generator, discriminator, optimiser, real, z):
    fake = generator(z).detach()  # the same pixels, and no way back into G
    loss = discriminator_loss(discriminator(real), discriminator(fake))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def logit_cases(count: int) -> list[Case]:
    """Return inputs of `count` tensors of logits: small, zero, and as large as ±100."""
    cases = []
    gradients = tuple(range(count))
    for seed, n in enumerate((1, 8, 33)):
        for dtype in DTYPES:
            inputs = [2 * normal(seed + 10 * k, n, dtype=dtype) for k in range(count)]
            where = f"{n} logit{'s' * (n > 1)} each, {told(dtype)}"
            cases.append(Case(tuple(inputs), where, gradients))
    for dtype in DTYPES:
        cases.append(Case((torch.zeros(4, dtype=dtype),) * count, f"logits 0, {told(dtype)}"))
        extremes = torch.tensor([-100.0, 100.0, -20.0, 3.0], dtype=dtype)
        inputs = tuple(extremes.roll(k) for k in range(count))
        cases.append(Case(inputs, f"logits {extremes.tolist()}, {told(dtype)}", gradients))
    return cases


def _slerp_cases() -> list[Case]:
    cases = []
    for seed, (n, size, t) in enumerate(
        ((5, 16, 0.3), (3, 8, 0.5), (4, 100, 0.8), (2, 4, 0.0), (2, 4, 1.0), (1, 10, 0.6))
    ):
        dtype = DTYPES[seed % 2]
        z0, z1 = normal(seed, n, size, dtype=dtype), normal(seed + 50, n, size, dtype=dtype)
        where = f"z0 and z1 of shape ({n}, {size}), t = {t}, {told(dtype)}"
        cases.append(Case((z0, z1, t), where))
    for dtype in DTYPES:
        z0 = normal(1, 3, 6, dtype=dtype)
        where = f"z1 equal to z0, t = 0.4, {told(dtype)}"
        # Of two vectors this close float32 knows the angle to three digits.
        cases.append(Case((z0, z0.clone(), 0.4), where, tolerance=2e-3))
        near = z0 + 1e-5 * normal(2, 3, 6, dtype=dtype)
        where = f"z1 nearly parallel to z0, t = 0.4, {told(dtype)}"
        cases.append(Case((z0, near, 0.4), where, tolerance=2e-3))
        mixed = normal(3, 3, 6, dtype=dtype)
        mixed[1] = z0[1]
        where = f"the second of three rows of z1 equal to that of z0, t = 0.4, {told(dtype)}"
        cases.append(Case((z0, mixed, 0.4), where, tolerance=2e-3))
    return cases


def _arc(z0, z1, t, omega):
    return (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)


def _angle(z0, z1):
    cosine = (z0 * z1).sum(-1, keepdim=True) / (
        z0.norm(dim=-1, keepdim=True) * z1.norm(dim=-1, keepdim=True)
    )
    return cosine.acos()


def _whole_batch(z0, z1, t):
    cosine = (z0 * z1).sum() / (z0.norm() * z1.norm())
    omega = cosine.clamp(-1, 1).acos()
    return torch.lerp(z0, z1, t) if omega.sin() < 1e-6 else _arc(z0, z1, t, omega)


def _line_for_all(z0, z1, t):
    omega = F.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1).acos()[:, None]
    line = bool((omega.sin().abs() < 1e-6).any())
    return torch.lerp(z0, z1, t) if line else _arc(z0, z1, t, omega)


def _whole_batch_unguarded(z0, z1, t):
    return _arc(z0, z1, t, ((z0 * z1).sum() / (z0.norm() * z1.norm())).acos())


def _raw_product(z0, z1, t):
    return _arc(z0, z1, t, (z0 * z1).sum(-1, keepdim=True).acos())


def _raw_product_clamped(z0, z1, t):
    return _arc(z0, z1, t, (z0 * z1).sum(-1, keepdim=True).clamp(-1, 1).acos())


def _unit(z):
    return z / z.norm(dim=-1, keepdim=True)


def _on_the_unit_sphere(z0, z1, t):
    return slerp(_unit(z0), _unit(z1), t)


def _normalised_line(z0, z1, t):
    return _unit(torch.lerp(z0, z1, t))


def _without_division(z0, z1, t):
    omega = _angle(z0, z1)
    return torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1


def _spread(z0, z1, t):
    return math.sqrt(1 - t) * z0 + math.sqrt(t) * z1


def _log_sigmoid(logits):
    return torch.sigmoid(logits).log()


def _log_rest(logits):
    return (1 - torch.sigmoid(logits)).log()


def _bce(logits, target):
    return F.binary_cross_entropy(torch.sigmoid(logits), torch.full_like(logits, target))


def _twice(logits, target):
    return F.binary_cross_entropy_with_logits(
        torch.sigmoid(logits), torch.full_like(logits, target)
    )


NAIVE = (
    "A sigmoid and then a logarithm, or log(1 + exp(…)): at logits of ±100 the probability rounds "
    "to 0 or 1, or the exponential overflows, and loss or gradient are lost. Stay with logits: "
    "−log D is softplus(−a)."
)
BCE = (
    "A sigmoid and then BCELoss: where the probability rounds to 0 or 1 no gradient is left. Take "
    "binary_cross_entropy_with_logits, or softplus."
)
TWICE = "The sigmoid is taken twice: binary_cross_entropy_with_logits takes the logits as they are."
CAPPED = (
    "A small number in the logarithm, or a clamp, caps the loss and kills its gradient at large "
    "logits. Stay with logits: −log D is softplus(−a)."
)


def _capped(eps):
    def discriminator(real, fake):
        right = (torch.sigmoid(real) + eps).log()
        return -right.mean() - (1 - torch.sigmoid(fake) + eps).log().mean()

    return discriminator


def _clamped(eps):
    def discriminator(real, fake):
        real, fake = (torch.sigmoid(a).clamp(eps, 1 - eps) for a in (real, fake))
        return -real.log().mean() - (1 - fake).log().mean()

    return discriminator


_CAPS = (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)


# Losses that a step of D may lower by mistake, of the logits of real images and of fakes.
_OTHER_LOSSES = {
    lambda real, fake: discriminator_loss(fake, real): (
        "Real and fake have changed places: D learns to call the data fake."
    ),
    lambda real, fake: generator_loss(fake): (
        "D lowers the generator's loss: it learns to call fakes real."
    ),
    lambda real, fake: F.softplus(-real).mean(): (
        "Only the real images are judged; the term of the fakes is missing."
    ),
    lambda real, fake: F.softplus(fake).mean(): (
        "Only the fakes are judged; the term of the real images is missing."
    ),
    lambda real, fake: discriminator_loss(real, real): (
        "The real images are called fake as well; D(fake) is not used."
    ),
    lambda real, fake: discriminator_loss(real, fake) / 2: (
        "This is half of the loss: the two means are added, not averaged."
    ),
    lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(): (
        "The loss is a sum over the batch; take the mean of each term."
    ),
    lambda real, fake: discriminator_loss(real.sigmoid(), fake.sigmoid()): (
        "The sigmoid is taken twice: discriminator_loss takes logits as they are."
    ),
    lambda real, fake: fake.mean() - real.mean(): (
        "This is the loss of a Wasserstein critic; take discriminator_loss."
    ),
}


def _step_of_d(train: Callable) -> str:
    """Return what is wrong with a step of D, or "", by comparing it with the right one."""
    torch.manual_seed(0)
    generator, ours = nn.Linear(3, 2), nn.Linear(2, 1)
    theirs = nn.Linear(2, 1)
    theirs.load_state_dict(ours.state_dict())
    before = [weight.clone() for weight in (*generator.parameters(), *theirs.parameters())]
    real, z = torch.randn(8, 2) + 1, torch.randn(8, 3)
    # Gradients that an earlier step has left behind.
    for weight in (*ours.parameters(), *theirs.parameters()):
        weight.grad = torch.ones_like(weight)
    train_discriminator(generator, ours, Descent(ours), real, z)
    train(generator, theirs, Descent(theirs), real, z)
    if any(weight.grad is not None for weight in generator.parameters()):
        return (
            "detach is missing: after D's step G's weights hold a gradient of D's loss. "
            "Expected none."
        )
    weights = [*generator.parameters(), *theirs.parameters()]
    if not all(torch.equal(a, b) for a, b in zip(before[:2], weights[:2], strict=True)):
        return "The generator has moved; in D's step it stands still."
    if all(torch.equal(a, b) for a, b in zip(before[2:], weights[2:], strict=True)):
        return (
            "D has not moved: after backward() comes optimiser.step(), and zero_grad() stands "
            "before backward(), where it does not wipe out what is to be used."
        )
    error = max(
        (a - b).abs().max().item()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True)
    )
    if error < 1e-6:
        return ""
    moved = [(b - a).flatten() for a, b in zip(before[2:], weights[2:], strict=True)]
    right = [(b - a).flatten() for a, b in zip(before[2:], ours.parameters(), strict=True)]
    moved, right = torch.cat(moved), torch.cat(right)
    if (moved - right + 0.1).abs().max() < 1e-5:
        return "zero_grad is missing: the gradients of the step before are added to these."
    if (moved + right).abs().max() < 1e-5:
        return "D moves the wrong way: the sign of the loss is turned."
    for loss, sentence in _OTHER_LOSSES.items():
        other = nn.Linear(2, 1)
        other.load_state_dict(dict(zip(("weight", "bias"), before[2:], strict=True)))
        descent = Descent(other)
        descent.zero_grad()
        loss(other(real), other(generator(z).detach())).backward()
        descent.step()
        if all(
            torch.allclose(a, b, atol=1e-6)
            for a, b in zip(other.parameters(), theirs.parameters(), strict=True)
        ):
            return sentence
    return f"D's weights differ from the expected ones by up to {error:.2g}: look at the loss."


TASKS = [
    Prediction(
        name="dcgan_shapes",
        why="Read layer by layer, a network tells its sizes before you run it.",
        hints=(
            "What does a convolution of 4×4 with stride 2 and padding 1 do to a size?",
            "Convolution: (n + 2·padding − kernel)//stride + 1. Transposed: (n − 1)·stride − "
            "2·padding + kernel.",
            "28 to 14; 7 to 14; (7 + 2 − 3)//2 + 1; 16 · 4 · 4; one number per image.",
        ),
        explanation="(28 + 2 − 4)//2 + 1 = 14; (7 − 1)·2 − 2 + 4 = 14; (7 + 2 − 3)//2 + 1 = 4. "
        "4w·4·4 = 64·16 = 1024 numbers at w = 16, and D ends in one logit per image: 64.",
        expected={
            "convolution 4x4, stride 2, padding 1, on 28": 14,
            "transposed convolution 4x4, stride 2, padding 1, on 7": 14,
            "convolution 3x3, stride 2, padding 1, on 7": 4,
            "inputs of D's last layer at width 16": 1024,
            "logits for a batch of 64": 64,
        },
        mistakes=[
            (
                "convolution 3x3, stride 2, padding 1, on 7",
                3.5,
                "A size is a whole number: divide by the stride, round down, then add 1.",
            ),
            (
                "inputs of D's last layer at width 16",
                64,
                "That is how many maps; each has 4·4 numbers.",
            ),
            ("inputs of D's last layer at width 16", 784, "Those are the pixels of the image."),
            ("logits for a batch of 64", 1024, "Those go into the last layer, for each image."),
            ("convolution 4x4, stride 2, padding 1, on 28", 13, "The padding is forgotten."),
            (
                "transposed convolution 4x4, stride 2, padding 1, on 7",
                3,
                "That is the convolution; the transposed one runs the geometry backwards.",
            ),
            (
                "transposed convolution 4x4, stride 2, padding 1, on 7",
                16,
                "The padding is forgotten: in a transposed convolution it takes pixels away.",
            ),
            ("convolution 3x3, stride 2, padding 1, on 7", 3, "The padding is forgotten."),
            ("inputs of D's last layer at width 16", 256, "There are 4w channels, not w."),
            ("logits for a batch of 64", 1, "Each image gets a logit of its own."),
        ],
    ),
    Prediction(
        name="failures",
        why="Curves and pictures together give the illness away; neither does alone.",
        hints=(
            "Which of the patients does the loss alone betray?",
            "The five answers are: d too strong, saturating, no batch norm, rate too high, train "
            "mode.",
            "Both losses near 0 and G's below 0: saturating. A spike at once: rate too high.",
        ),
        explanation="A D far ahead has a loss near 0 while G's is many times larger. The "
        "saturating loss looks solved. Without batch norm all z give much the same grey blob. Too "
        "high a rate starts with a spike. In train mode an image depends on its neighbours.",
        expected={
            "D's loss near 0, G's loss 8": "d too strong",
            "D's loss near 0, G's loss -0.02": "saturating",
            "grey blobs, much alike for every z": "no batch norm",
            "G's loss jumps to 60 within ten steps": "rate too high",
            "the image of one z changes with its neighbours": "train mode",
        },
        mistakes=[
            (
                "D's loss near 0, G's loss 8",
                "saturating",
                "The saturating loss is never above 0; here G's is 8.",
            ),
            (
                "D's loss near 0, G's loss -0.02",
                "d too strong",
                "D is strong here too, but a loss of G below 0 betrays the formula itself.",
            ),
            (
                "grey blobs, much alike for every z",
                "rate too high",
                "Too high a rate gives blotches that differ.",
            ),
            (
                "G's loss jumps to 60 within ten steps",
                "d too strong",
                "A strong D pulls away step by step; a spike at once comes from too large a step.",
            ),
            (
                "the image of one z changes with its neighbours",
                "no batch norm",
                "The other way round: batch norm is there, and uses the batch's own mean.",
            ),
        ],
    ),
    Trial(
        name="train_discriminator",
        why="D learns and G stands still: without detach G would be taught to be found out.",
        hints=(
            "Whose weights may move in D's step, and whose gradients must stay None?",
            "Three lines are to be looked at: how the fake is made, what is done before backward, "
            "and which loss is lowered.",
            "fake = generator(z).detach(), then optimiser.zero_grad(), backward(), step().",
        ),
        explanation="detach keeps the gradient out of G; zero_grad forgets the step before; the "
        "loss calls real images real and fakes fake.",
        answer=train_discriminator,
        trial=_step_of_d,
        arguments=5,
    ),
    FunctionTask(
        name="discriminator_loss",
        answer=discriminator_loss,
        cases=lambda: logit_cases(2),
        why="On logits it stays exact where a probability would round to 0 or 1, and D keeps "
        "learning.",
        hints=(
            "What does D want for a real image, and what for a fake, in terms of log D and "
            "log(1 − D)?",
            "The loss is −E log D(x) − E log(1 − D(G(z))), and D = sigmoid(a). Which function of "
            "a is −log sigmoid(a)?",
            "−log sigmoid(a) is softplus(−a), and −log(1 − sigmoid(a)) is softplus(a). Take the "
            "mean of each, and add them.",
        ),
        explanation="softplus(−a) = −log D and softplus(a) = −log(1 − D), exact for all logits. "
        "At logits 0 each mean is ln 2.",
        mistakes=[
            (
                lambda real, fake: -F.logsigmoid(real).mean() - (1 - F.logsigmoid(fake)).mean(),
                "1 − log D is not log(1 − D); that is logsigmoid(−a).",
            ),
            (
                lambda real, fake: F.softplus(-real.mean()) + F.softplus(fake.mean()),
                "The mean comes before the logarithm: each logit has a loss of its own.",
            ),
            (
                lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
                "This is the least-squares GAN; the task asks for the cross-entropy of lesson 01.",
            ),
            (
                lambda real, fake: fake.sigmoid().mean() - real.sigmoid().mean(),
                "This is the linear game; the logarithms are missing.",
            ),
            (
                lambda real, fake: discriminator_loss(real, fake) + 0.1 * real.mean(),
                "The real targets are 0.9: one-sided label smoothing. The loss asked for has 1.",
            ),
            (
                lambda real, fake: F.softplus(fake - real).mean(),
                "Each real is compared with a fake, the relativistic loss; here they are apart.",
            ),
            (
                lambda real, fake: (
                    F.cross_entropy(real, torch.ones_like(real))
                    + F.cross_entropy(fake, torch.zeros_like(fake))
                ),
                "cross_entropy takes the batch for classes; for one logit per image it is "
                "binary_cross_entropy_with_logits.",
            ),
            (
                lambda real, fake: discriminator_loss(real.relu(), fake.relu()),
                "A ReLU on the logits: the last layer of D is linear.",
            ),
            (
                lambda real, fake: discriminator_loss(real.tanh(), fake.tanh()),
                "A tanh on the logits: the last layer of D is linear.",
            ),
            (
                lambda real, fake: discriminator_loss(real.clamp(-10, 10), fake.clamp(-10, 10)),
                CAPPED,
            ),
            (
                lambda real, fake: discriminator_loss(-real, -fake),
                "Real and fake have changed places: D lowers −log D on real images.",
            ),
            (
                lambda real, fake: discriminator_loss(fake, real),
                "Real and fake have changed places: D lowers −log D on real images.",
            ),
            (
                lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(),
                "This is a sum over the batch; the loss is a mean.",
            ),
            (
                lambda real, fake: discriminator_loss(real, fake) / 2,
                "This is half of it: the mean over real and fake together. The loss adds the two "
                "means.",
            ),
            (
                lambda real, fake: -discriminator_loss(real, fake),
                "The sign is the wrong way round: this is the value V, which D maximises; a loss "
                "is minimised.",
            ),
            (
                lambda real, fake: -_log_sigmoid(real).mean() - _log_rest(fake).mean(),
                NAIVE,
            ),
            (lambda real, fake: _bce(real, 1.0) + _bce(fake, 0.0), BCE),
            (lambda real, fake: (_bce(real, 1.0) + _bce(fake, 0.0)) / 2, BCE),
            (lambda real, fake: _twice(real, 1.0) + _twice(fake, 0.0), TWICE),
            (lambda real, fake: (_twice(real, 1.0) + _twice(fake, 0.0)) / 2, TWICE),
            *[(_capped(eps), CAPPED) for eps in _CAPS],
            *[(_clamped(eps), CAPPED) for eps in _CAPS],
            (
                lambda real, fake: F.softplus(-real).mean() + F.softplus(-fake).mean(),
                "The fakes are called real: their term is softplus(a), which is −log(1 − D).",
            ),
            (
                lambda real, fake: F.softplus(-real).mean() - F.softplus(-fake).mean(),
                "The second term is +log D of the fakes; it is −log(1 − D).",
            ),
            (
                lambda real, fake: F.softplus(-real).mean(),
                "Only the real images are judged; the term of the fakes is missing.",
            ),
            (
                lambda real, fake: F.softplus(fake).mean(),
                "Only the fakes are judged; the term of the real images is missing.",
            ),
            (
                lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
                "This is the hinge loss; the task asks for the cross-entropy of lesson 01.",
            ),
            (
                lambda real, fake: fake.mean() - real.mean(),
                "This is the loss of a Wasserstein critic; the logarithms are missing.",
            ),
            (
                lambda real, fake: -real.log().mean() - (1 - fake).log().mean(),
                "The logits are taken for probabilities: the sigmoid is missing. softplus has "
                "both in one.",
            ),
            (
                lambda real, fake: (
                    F.softplus(-F.leaky_relu(real, 0.2)).mean()
                    + F.softplus(F.leaky_relu(fake, 0.2)).mean()
                ),
                "A LeakyReLU on the logits: the last layer of D is linear.",
            ),
            (
                lambda real, fake: discriminator_loss(real, fake.detach()),
                "detach belongs where the image goes into D, not on the logits: here D learns "
                "nothing from the fakes.",
            ),
            (
                lambda real, fake: discriminator_loss(real.detach(), fake.detach()),
                "The value is right, but detached: D learns nothing from it.",
            ),
        ],
    ),
    FunctionTask(
        name="generator_loss",
        answer=generator_loss,
        cases=lambda: logit_cases(1),
        why="Its gradient stays near −1 where D rejects a fake with certainty, which is where the "
        "generator has most to learn.",
        hints=(
            "Which of the two is the non-saturating one: lowering log(1 − D), or raising log D?",
            "The loss is −E log D(G(z)). Which function of the logit a is −log sigmoid(a)?",
            "softplus(−a), and its mean over the batch.",
        ),
        explanation="−log D = softplus(−a). Its derivative is −(1 − D): large where D is sure that "
        "the image is fake. That of the saturating log(1 − D) is −D: nothing there.",
        mistakes=[
            (
                lambda fake: F.softplus(-fake.mean()),
                "The mean comes before the logarithm: each logit has a loss of its own.",
            ),
            (
                lambda fake: (fake - 1).square().mean(),
                "This is the least-squares GAN; the task asks for −E log D.",
            ),
            (
                lambda fake: -fake.sigmoid().mean(),
                "This is −E D, the linear game; the logarithm is missing.",
            ),
            (
                lambda fake: generator_loss(fake) + 0.1 * fake.mean(),
                "The targets are 0.9; the loss asked for has 1.",
            ),
            (
                lambda fake: -_log_rest(fake).mean(),
                "This is −E log(1 − D), what D lowers on fakes; the generator lowers −E log D.",
            ),
            (
                lambda fake: F.relu(1 - fake).mean(),
                "This is a hinge; the task asks for −E log D.",
            ),
            (
                lambda fake: generator_loss(fake.clamp(-20, 20)),
                CAPPED,
            ),
            (
                lambda fake: -F.softplus(fake).mean(),
                "This is the saturating loss, E log(1 − D): its gradient vanishes where D rejects "
                "a fake. The non-saturating one is −E log D.",
            ),
            (
                lambda fake: F.softplus(fake).mean(),
                "This is −E log(1 − D), what D lowers on fakes; the generator wants D to say "
                "'real', so it lowers −E log D.",
            ),
            (
                lambda fake: F.softplus(-fake).sum(),
                "This is a sum over the batch; the loss is a mean.",
            ),
            (
                lambda fake: -generator_loss(fake),
                "The sign is the wrong way round: a loss is minimised, so it is −E log D.",
            ),
            (lambda fake: -_log_sigmoid(fake).mean(), NAIVE),
            (
                lambda fake: _log_rest(fake).mean(),
                "This is the saturating loss, E log(1 − D), and its logarithm overflows; the "
                "non-saturating one is −E log D, softplus(−a).",
            ),
            (lambda fake: _bce(fake, 1.0), BCE),
            (lambda fake: _twice(fake, 1.0), TWICE),
            (
                lambda fake: _bce(fake, 0.0),
                "The target is 0, 'fake': the generator wants D to say 1, 'real'.",
            ),
            *[
                (lambda fake, eps=eps: -(torch.sigmoid(fake) + eps).log().mean(), CAPPED)
                for eps in _CAPS
            ],
            *[
                (
                    lambda fake, eps=eps: -torch.sigmoid(fake).clamp(eps, 1 - eps).log().mean(),
                    CAPPED,
                )
                for eps in _CAPS
            ],
            (
                lambda fake: -fake.mean(),
                "This is the loss of the hinge and the Wasserstein game; −log D is softplus(−a).",
            ),
            (
                lambda fake: (1 - torch.sigmoid(fake)).mean(),
                "This is E(1 − D), the linear game; the logarithm is missing.",
            ),
            (
                lambda fake: -fake.log().mean(),
                "The logits are taken for probabilities: the sigmoid is missing. softplus has "
                "both in one.",
            ),
            (
                lambda fake: generator_loss(fake.detach()),
                "The value is right, but detached: in G's step the gradient has to flow through D "
                "into G.",
            ),
        ],
    ),
    FunctionTask(
        name="slerp",
        answer=slerp,
        cases=_slerp_cases,
        why="The arc stays at the length of the noise that the generator was trained on; the "
        "straight line passes through shorter ones.",
        hints=(
            "The way from z0 to z1 goes along a circle. Through which angle, and for each row of "
            "the batch or for all together?",
            "ω is the angle between the rows: cos ω = z0·z1/(‖z0‖‖z1‖). The weights are "
            "sin((1 − t)ω)/sin ω and sin(tω)/sin ω, of z0 and z1 as they are.",
            "Sum over dim=-1 with keepdim=True, clamp the cosine to [−1, 1], take acos. A row "
            "where sin ω is nearly 0 takes (1 − t)·z0 + t·z1: torch.where chooses row by row.",
        ),
        explanation="Each row has its own angle ω. The weights are sin((1 − t)ω)/sin ω and "
        "sin(tω)/sin ω (Shoemake 1985). Where the vectors are parallel both are 0/0, and their "
        "limits are those of the straight line.",
        mistakes=[
            (
                lambda z0, z1, t: math.cos(t * math.pi / 2) * z0 + math.sin(t * math.pi / 2) * z1,
                "This takes the angle for a right one; compute it, row by row.",
            ),
            (
                lambda z0, z1, t: _arc(z0, z1, t, F.cosine_similarity(z0, z1, dim=-1)[:, None]),
                "The cosine is taken for the angle: ω = acos of it.",
            ),
            (
                lambda z0, z1, t: _arc(z0, z1, t, F.cosine_similarity(z0, z1, dim=0).acos()),
                "This is one angle per column: the sum runs over dim=-1.",
            ),
            (
                lambda z0, z1, t: _unit(torch.lerp(z0, z1, t)) * z0.norm(dim=-1, keepdim=True),
                "This is the straight line, stretched to the length of z0; the arc goes at an even "
                "pace, by sines.",
            ),
            (
                lambda z0, z1, t: z0 + t * z1,
                "z0 does not fade: at t = 1 it is z1 alone.",
            ),
            (
                torch.lerp,
                "This is the straight line, (1 − t)·z0 + t·z1; it cuts the corner, and its middle "
                "is too short.",
            ),
            (
                lambda z0, z1, t: slerp(z1, z0, t),
                "The ends have changed places: at t = 0 it is z0, at t = 1 it is z1.",
            ),
            (
                lambda z0, z1, t: _arc(z1, z0, t, _angle(z0, z1)),
                "The ends have changed places: at t = 0 it is z0, at t = 1 it is z1.",
            ),
            (
                _whole_batch,
                "This is one angle for the whole batch; each row has its own: sum over dim=-1.",
            ),
            (
                _whole_batch_unguarded,
                "This is one angle for the whole batch; each row has its own: sum over dim=-1.",
            ),
            (
                _line_for_all,
                "The whole batch falls back to the straight line where one row is parallel; choose "
                "row by row, with torch.where.",
            ),
            (
                lambda z0, z1, t: _arc(z0, z1, t, _angle(z0, z1)),
                "Parallel vectors give 0/0, or a cosine above 1: clamp it, and take the straight "
                "line where sin ω is nearly 0.",
            ),
            (
                lambda z0, z1, t: _arc(z0, z1, t, _angle(z0, z1).nan_to_num(0.0)),
                "Parallel vectors give 0/0: take the straight line where sin ω is nearly 0.",
            ),
            (
                lambda z0, z1, t: _arc(
                    z0, z1, t, F.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1).acos()[:, None]
                ),
                "Parallel vectors give 0/0: take the straight line where sin ω is nearly 0.",
            ),
            (
                _raw_product,
                "The product of z0 and z1 is not divided by their lengths; it is no cosine then.",
            ),
            (
                _raw_product_clamped,
                "The product of z0 and z1 is not divided by their lengths; it is no cosine then.",
            ),
            (
                _on_the_unit_sphere,
                "The result has length 1: normalise to find the angle, and mix z0 and z1 as they "
                "are.",
            ),
            (
                lambda z0, z1, t: _arc(_unit(z0), _unit(z1), t, _angle(z0, z1)),
                "The result has length 1: normalise to find the angle, and mix z0 and z1 as they "
                "are.",
            ),
            (
                _normalised_line,
                "This is the straight line, stretched to length 1; the arc keeps the lengths of "
                "z0 and z1.",
            ),
            (_without_division, "The division by sin ω is missing: at t = 0 it is not z0."),
            (
                _spread,
                "These are the weights √(1 − t) and √t, which keep a variance, not the arc of "
                "sines.",
            ),
        ],
    ),
]

"""Tasks of lesson 01: densities on a grid, the best discriminator, and divergences."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import theory
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, mixture, normal, told
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial


def optimal_discriminator(p, q):
    return p / (p + q)


def js_divergence(p, q, dx):
    m = (p + q) / 2
    # xlogy(p, m) is p·log m, and 0 where p is 0: no 0/0, no 0·log 0.
    left = torch.xlogy(p, p) - torch.xlogy(p, m)
    right = torch.xlogy(q, q) - torch.xlogy(q, m)
    return (left + right).sum() * dx / 2


def total_variation(p, q, dx):
    return (p - q).abs().sum() * dx / 2


def saturating_generator_loss(fake_logits):
    # log(1 − D) is −softplus(a): exact where 1 − sigmoid(a) rounds to 0.
    return -F.softplus(fake_logits).mean()


def wasserstein1(p, q, dx):
    difference = torch.cumsum(p - q, dim=0) * dx  # of the two distribution functions, at each x
    return difference.abs().sum() * dx


def trained_discriminator():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(400):
        real, fake = torch.randn(512, 1) + 1, torch.randn(512, 1) - 1
        loss = F.softplus(-network(real)).mean() + F.softplus(network(fake)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


def _pairs(low: float, high: float) -> list[tuple[torch.Tensor, torch.Tensor, float, str]]:
    """Return pairs of smooth densities on grids of several sizes and dtypes."""
    pairs = []
    for seed, points in enumerate((401, 1201, 2001)):
        x, dx = theory.grid(low, high, points)
        for dtype in DTYPES:
            p, q = mixture(2 * seed, x, dtype), mixture(2 * seed + 1, x, dtype)
            pairs.append(
                (p, q, dx, f"two densities on {points} points, dx = {dx:.4g}, {told(dtype)}")
            )
    return pairs


def _discriminator_cases() -> list[Case]:
    # Not further than ±5, where p and q are both positive in float32 too: 0/0 is no mistake.
    cases = [Case((p, q), where) for p, q, _, where in _pairs(-5, 5)]
    x, _ = theory.grid(-3, 3, 301)
    bump, wide = theory.raised_cosine(x), theory.gaussian(x)
    cases.append(Case((bump, wide), "a p that is 0 outside [−1, 1], and a q that is not"))
    cases.append(Case((wide, bump), "a q that is 0 outside [−1, 1], and a p that is not"))
    return cases


def _divergence_cases() -> list[Case]:
    # The absolute value in the total variation has kinks, where rules of integration differ by
    # some dx²: 1e-3 lets all of them pass.
    cases = [Case((p, q, dx), where, tolerance=1e-3) for p, q, dx, where in _pairs(-10, 10)]
    x, dx = theory.grid(-4, 4, 1601)
    bumps = [theory.raised_cosine(x, centre) for centre in (-2.0, -1.5, 2.0)]
    for q, where in ((bumps[1], "that overlap in part"), (bumps[2], "without overlap")):
        where = f"two bumps {where}, 0 elsewhere, dx = {dx:.4g}"
        cases.append(Case((bumps[0], q, dx), where, tolerance=1e-3))
    cases.append(Case((bumps[0], bumps[0], dx), "p and q equal", tolerance=1e-3))
    return cases


def _kl(p, m, dx):
    return (torch.xlogy(p, p) - torch.xlogy(p, m)).sum() * dx


def _naive_js(p, q, dx):
    m = (p + q) / 2
    return (p * (p / m).log() + q * (q / m).log()).sum() * dx / 2


def _half_naive_js(p, q, dx):
    m = (p + q) / 2
    return (p * (p.log() - m.log()) + q * (q.log() - m.log())).sum() * dx / 2


def _logit_cases() -> list[Case]:
    cases = [
        Case((2 * normal(n, n, dtype=dtype),), f"{n} logits, {told(dtype)}", gradients=(0,))
        for n in (2, 9, 32)
        for dtype in DTYPES
    ]
    for dtype in DTYPES:
        extremes = torch.tensor([-100.0, 100.0, -20.0, 3.0], dtype=dtype)
        where = f"logits {extremes.tolist()}, {told(dtype)}"
        cases.append(Case((extremes,), where, gradients=(0,)))
    return cases


CAPPED = (
    "A small number in the logarithm, or a clamp, caps the loss and kills its gradient at large "
    "logits. Stay with logits: log(1 − sigmoid(a)) is −softplus(a)."
)
_CAPS = (1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)


def _near_the_best(network: object) -> str:
    """Return what is wrong with a discriminator of N(1, 1) against N(−1, 1), or ""."""
    if isinstance(network, type) or not callable(network):
        return "Pass the trained network: it takes x (n, 1) and returns n logits."
    x = torch.linspace(-3, 3, 121)[:, None]  # (121, 1)
    with torch.no_grad():
        logits = network(x.clone())  # it may change its input in place
    if not isinstance(logits, torch.Tensor) or logits.numel() != len(x):
        return "Pass the trained network: it takes x (n, 1) and returns n logits."
    if not logits.isfinite().all():
        return "Its logits are not finite: the training has diverged. Lower the rate."
    answer, best = logits.reshape(-1).sigmoid(), torch.sigmoid(2 * x[:, 0])
    error = (answer - best).abs().mean().item()
    if error < 0.05:
        return ""
    told = f"It is {error:.3f} from D* on average, between −3 and 3; the bar is 0.05."
    known = (
        (1 - best, "Real and fake have changed places: D is to be high where the data are."),
        (torch.full_like(best, 0.5), "It says ½ everywhere: it has not been trained."),
        (best.sigmoid(), "It returns probabilities, and softplus wants logits: leave the sigmoid."),
        (torch.ones_like(best), "It calls everything real: the term of the fakes is missing."),
        (torch.zeros_like(best), "It calls everything fake: the term of the reals is missing."),
    )
    distance, sentence = min(((answer - wrong).abs().mean().item(), said) for wrong, said in known)
    if distance < 0.12:
        return f"{sentence} {told}"
    return told


TASKS = [
    Prediction(
        name="game_values",
        lesson="01",
        why="Five numbers that tell you, in any GAN's log, where the game stands.",
        hints=(
            "What does the sentence 'D knows nothing' say about D(x)?",
            "D = ½ makes both logarithms −log 2; D* is p/(p + q); disjoint supports share nothing.",
            "−log 4, three quarters, log 2, 1; and the slope of log(1 − D) is −D, where D is "
            "nearly 0.",
        ),
        explanation="With D = ½, V = 2·log ½ = −log 4. Where p = 3q, D* = 3q/(4q). Without "
        "overlap JSD is log 2 and TV is 1. d/da log(1 − sigmoid(a)) = −sigmoid(a), 0 at a = −50.",
        expected={
            "V where D is one half": -math.log(4),
            "D* where p is three times q": 0.75,
            "JSD without overlap": math.log(2),
            "TV without overlap": 1,
            "slope of log(1 - D) at logit -50": 0,
        },
        tolerance=6e-3,
        mistakes=[
            ("V where D is one half", -math.log(2), "Two logarithms are added: one for each kind."),
            ("V where D is one half", 0, "log ½ is not 0; nobody earns 0 who is not sure."),
            ("V where D is one half", math.log(4), "Mind the sign: log ½ is negative."),
            ("V where D is one half", -2 * math.log10(2), "The course takes natural logarithms."),
            ("V where D is one half", -2, "That is in bits; the course counts in nats."),
            ("D* where p is three times q", 1 / 3, "That is q/p; D* is the share of p in p + q."),
            ("JSD without overlap", math.log10(2), "The course takes natural logarithms."),
            ("JSD without overlap", math.log(4), "That is twice the JSD, as it stands in V."),
            ("TV without overlap", 0.5, "The ½ is counted twice: ∫|p − q| is 2 here."),
            ("slope of log(1 - D) at logit -50", -50, "That is the logit, not the slope."),
            ("D* where p is three times q", 3, "That is p/q, the odds, and no probability."),
            ("D* where p is three times q", 0.25, "That is the share of the fakes."),
            ("JSD without overlap", 1, "That is in bits; the course counts in nats."),
            ("JSD without overlap", math.inf, "That is KL; JSD is never more than log 2."),
            ("JSD without overlap", 0, "0 is for equal densities; these have nothing in common."),
            ("TV without overlap", 2, "The factor ½ is missing."),
            ("TV without overlap", 0, "0 is for equal densities; these have nothing in common."),
            ("slope of log(1 - D) at logit -50", -1, "That is the non-saturating loss, −log D."),
        ],
    ),
    FunctionTask(
        name="saturating_generator_loss",
        lesson="01",
        answer=saturating_generator_loss,
        cases=_logit_cases,
        why="You can tell the loss of the minimax game from the one that everybody trains with: "
        "public code often derives the first and runs the second.",
        hints=(
            "What does the text derive: E log(1 − D) or −E log D? And which one is in the code?",
            "log(1 − sigmoid(a)) rounds to log 0 at large a. Which function of a is it?",
            "log(1 − sigmoid(a)) = −softplus(a); then the mean.",
        ),
        explanation="The minimax game gives G the loss E log(1 − D(G(z))). On logits it is "
        "−softplus(a), never more than 0.",
        mistakes=[
            (
                lambda a: F.softplus(-a).mean(),
                "This is the non-saturating loss, −E log D; the text derives E log(1 − D).",
            ),
            (
                lambda a: (1 - torch.sigmoid(a)).log().mean(),
                "1 − sigmoid(a) rounds to 0 at large logits, and its logarithm is lost: "
                "log(1 − sigmoid(a)) is −softplus(a).",
            ),
            (
                lambda a: F.softplus(a).mean(),
                "The sign is the wrong way round: G lowers log(1 − D), which is −softplus(a).",
            ),
            (lambda a: -F.softplus(a).sum(), "This is a sum over the batch; the loss is a mean."),
            (
                lambda a: -F.softplus(-a).mean(),
                "This is E log D, which D lowers on nobody; G lowers E log(1 − D).",
            ),
            (
                lambda a: -F.softplus(a.detach()).mean(),
                "The value is right, but detached: G learns nothing from it.",
            ),
            (
                lambda a: -(1 - torch.sigmoid(a)).log().mean(),
                "The sign is the wrong way round, and 1 − sigmoid(a) rounds to 0 at large logits: "
                "G lowers log(1 − D), which is −softplus(a).",
            ),
            *[
                (lambda a, eps=eps: (1 - torch.sigmoid(a) + eps).log().mean(), CAPPED)
                for eps in _CAPS
            ],
            *[
                (lambda a, eps=eps: (1 - torch.sigmoid(a)).clamp(min=eps).log().mean(), CAPPED)
                for eps in _CAPS
            ],
            (
                lambda a: (1 - torch.sigmoid(a)).mean(),
                "This is E(1 − D), the linear game; the logarithm is missing.",
            ),
            (
                lambda a: -torch.sigmoid(a).mean(),
                "This is −E D, the linear game; the loss is E log(1 − D).",
            ),
            (lambda a: (1 - a).log().mean(), "The logits are taken for probabilities."),
        ],
    ),
    FunctionTask(
        name="wasserstein1",
        lesson="01",
        answer=wasserstein1,
        cases=_divergence_cases,
        why="It still says how far there is to go where JSD and TV no longer change.",
        hints=(
            "How much mass has to cross the point x, from one side to the other?",
            "It is |F_p(x) − F_q(x)|, with F the integral of the density up to x. Then integrate "
            "over x.",
            "(torch.cumsum(p − q, 0) * dx).abs().sum() * dx",
        ),
        explanation="On a line W1 = ∫|F_p − F_q| dx (Vallender 1974). There are two integrals, and "
        "so two factors dx.",
        mistakes=[
            (
                lambda p, q, dx: (p - q).abs().sum() * dx / 2,
                "This is the total variation; W1 compares the distribution functions.",
            ),
            (
                lambda p, q, dx: (p - q).abs().sum() * dx,
                "The densities are compared; W1 compares their running integrals.",
            ),
            (
                lambda p, q, dx: (p - q).cumsum(0).abs().sum() * dx,
                "One dx is missing: there are two integrals, the running one and the outer one.",
            ),
            (
                lambda p, q, dx: (p - q).cumsum(0).abs().sum(),
                "Both dx are missing: a sum times dx is an integral.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).sum() * dx,
                "The absolute value is missing: this is the difference of the means.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).abs().max(),
                "This is the largest difference of the distribution functions; W1 integrates it.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).square().sum() * dx,
                "The difference is squared; W1 takes its absolute value.",
            ),
            (
                lambda p, q, dx: wasserstein1(p, q, dx) * dx,
                "One dx too many: the running integral has one, and the outer one has one.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).abs().mean(),
                "This is a mean over the points; an integral is a sum times dx.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).sum().abs() * dx,
                "The absolute value stands outside the integral: this is the distance of the "
                "means. It belongs to the difference at each x.",
            ),
            (
                lambda p, q, dx: ((p - q).abs().cumsum(0) * dx).sum() * dx,
                "The absolute value comes too early: add up p − q first, then take it.",
            ),
            (
                lambda p, q, dx: wasserstein1(p, q, dx) / 2,
                "There is no factor ½ here: that one belongs to the total variation.",
            ),
        ],
    ),
    Trial(
        name="trained_discriminator",
        lesson="01",
        why="A network that never saw a density has found p/(p + q) from samples alone.",
        hints=(
            "What does D see in one step, and which loss goes down?",
            "Draw real x from N(1, 1) and fake x from N(−1, 1), and lower softplus(−a(real)) + "
            "softplus(a(fake)), both as means.",
            "nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)), Adam with rate 0.01, "
            "400 steps of 512 samples each.",
        ),
        explanation="The best logit is log p − log q = 2x. A small network comes within 0.05 of "
        "its sigmoid in 400 steps.",
        answer=trained_discriminator,
        trial=_near_the_best,
    ),
    FunctionTask(
        name="optimal_discriminator",
        lesson="01",
        answer=optimal_discriminator,
        cases=_discriminator_cases,
        why="Whatever the two densities are, no discriminator earns more than p/(p + q): all that "
        "follows about GANs rests on it.",
        hints=(
            "Hold x fixed. Which d between 0 and 1 makes p·log d + q·log(1 − d) largest?",
            "Its derivative is p/d − q/(1 − d). Set it to 0 and multiply by d(1 − d).",
            "p(1 − d) = q·d. Solve for d, and write it with the tensors p and q.",
        ),
        explanation="The integrand of V at one x is p·log d + q·log(1 − d). Its derivative is 0 "
        "where p(1 − d) = q·d, which is d = p/(p + q); its second derivative is negative.",
        mistakes=[
            (
                lambda p, q: q / (p + q),
                "This is the share of the fakes, q/(p + q); D gives the probability of 'real'.",
            ),
            (
                lambda p, q: p / q,
                "This is p/q, the odds of 'real' against 'fake'; the probability is p/(p + q).",
            ),
            (
                lambda p, q: (p > q).to(p.dtype),
                "This is the indicator of p > q, the optimum of the linear game; with logarithms "
                "the optimum is a share between 0 and 1.",
            ),
            (
                lambda p, q: p.log() - q.log(),
                "This is the logit of D*, log p − log q; the probability is its sigmoid.",
            ),
            (
                lambda p, q: p / p + q,
                "Python divides before it adds: p / p + q is 1 + q. Put p + q in parentheses.",
            ),
            (
                lambda p, q: 2 * p / (p + q),
                "This is p/m with the mixture m = (p + q)/2: a factor 2 too large.",
            ),
            (
                lambda p, q: torch.full_like(p, 0.5),
                "½ everywhere is D* at the end of the game only, where p = q.",
            ),
            (
                lambda p, q: p / (p + q).sum(),
                "The sum over the grid is in the denominator; D* compares p and q at each x.",
            ),
            (lambda p, q: q / p, "This is q/p, the odds of 'fake'; the probability is p/(p + q)."),
            (
                lambda p, q: (p / (p + q)).log(),
                "This is log D*, as it stands in V; D* itself is wanted.",
            ),
            (
                lambda p, q: (p - q) / (p + q),
                "This runs from −1 to 1; a probability is p/(p + q).",
            ),
            (
                lambda p, q: torch.sigmoid(p - q),
                "The logit of D* is log p − log q, not p − q; or take p/(p + q).",
            ),
            (
                lambda p, q: torch.sigmoid(p / q),
                "The logit of D* is log(p/q), not p/q; or take p/(p + q).",
            ),
            (lambda p, q: p - q, "This is the difference p − q; D* is the share of p."),
        ],
    ),
    FunctionTask(
        name="js_divergence",
        lesson="01",
        answer=js_divergence,
        cases=_divergence_cases,
        why="With the best discriminator the generator minimises −log 4 + 2·JSD: this is what a "
        "GAN compares by, and it stays at log 2 where the supports are disjoint.",
        hints=(
            "Which third density are p and q both compared with?",
            "JSD = ½·KL(p‖m) + ½·KL(q‖m) with m = (p + q)/2. What is 0·log 0, and which function "
            "of PyTorch knows it?",
            "For the first half, sum torch.xlogy(p, p) − torch.xlogy(p, m) over the grid and "
            "multiply by dx; the second half is the same with q. Then ½ of both.",
        ),
        explanation="Each half is a Kullback–Leibler divergence from the mixture m, in nats. "
        "Taking each logarithm by itself with xlogy gives 0 where a density is 0.",
        mistakes=[
            (
                lambda p, q, dx: 2 * js_divergence(p, q, dx),
                "The factor ½ is missing: JSD is the mean of the two KL divergences, not the sum.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, dx) / 2,
                "A factor ½ too many: one ½ for the mean of the two KL divergences is enough.",
            ),
            (
                lambda p, q, dx: (_kl(p, p + q, dx) + _kl(q, p + q, dx)) / 2,
                "The mixture is the mean, m = (p + q)/2; yours is the sum p + q, which is off by "
                "log 2.",
            ),
            (
                lambda p, q, dx: -math.log(4) + 2 * js_divergence(p, q, dx),
                "This is the value of the game, −log 4 + 2·JSD; the divergence alone is wanted.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, dx) / math.log(2),
                "This is the divergence in bits, by log2; the course counts in nats, by log.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, dx).sqrt(),
                "This is the root, the Jensen–Shannon distance; the divergence has no root.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, 1.0),
                "The sum is not multiplied by dx: an integral is a sum times the grid's step.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, 1.0) / len(p),
                "This is a mean over the points; an integral is a sum times dx.",
            ),
            (
                _naive_js,
                "Where a density is 0 this computes 0·log 0, a NaN; the limit is 0, and "
                "torch.xlogy knows it.",
            ),
            (
                _half_naive_js,
                "Where a density is 0 this computes 0·log 0, a NaN; the limit is 0, and "
                "torch.xlogy knows it.",
            ),
            (
                lambda p, q, dx: _kl(p, (p + q) / 2, dx),
                "This is KL(p‖m) only; the other half, KL(q‖m), is missing.",
            ),
            (
                lambda p, q, dx: _kl(p, (p + q) / 2, dx) / 2,
                "This is ½·KL(p‖m) only; the other half, ½·KL(q‖m), is missing.",
            ),
            (
                _kl,
                "This is KL(p‖q); JSD compares p and q with their mixture m, not with each other.",
            ),
            (
                lambda p, q, dx: (p * (p / q).log()).sum() * dx,
                "This is KL(p‖q); JSD compares p and q with their mixture m, not with each other.",
            ),
            (
                lambda p, q, dx: (_kl(p, q, dx) + _kl(q, p, dx)) / 2,
                "This is the mean of KL(p‖q) and KL(q‖p); JSD compares both with their mixture m.",
            ),
            (
                lambda p, q, dx: (p * (p / q).log() + q * (q / p).log()).sum() * dx / 2,
                "This is the mean of KL(p‖q) and KL(q‖p); JSD compares both with their mixture m.",
            ),
            (
                lambda p, q, dx: _kl(p, q, dx) + _kl(q, p, dx),
                "This is KL(p‖q) + KL(q‖p); JSD compares both with their mixture m.",
            ),
            (
                lambda p, q, dx: (_kl((p + q) / 2, p, dx) + _kl((p + q) / 2, q, dx)) / 2,
                "The arguments are turned: KL(p‖m), not KL(m‖p), where p alone may be 0.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, dx) / math.log(10),
                "This is by log10; the course counts in nats, by log.",
            ),
            (
                lambda p, q, dx: js_divergence(p, q, dx) * dx,
                "One dx too many: an integral is a sum times the grid's step, once.",
            ),
            (
                lambda p, q, dx: math.log(2) - js_divergence(p, q, dx),
                "This is log 2 − JSD: how much is shared. Equal densities have JSD 0.",
            ),
            (
                lambda p, q, dx: -js_divergence(p, q, dx),
                "The sign is the wrong way round: the logarithm is of p/m, not of m/p.",
            ),
        ],
    ),
    FunctionTask(
        name="total_variation",
        lesson="01",
        answer=total_variation,
        cases=_divergence_cases,
        why="It is the largest difference in probability that p and q give to any one event, and "
        "what the linear game of many blog posts measures.",
        hints=(
            "What is the distance between p and q at one x?",
            "Integrate the absolute difference. Which factor makes it 1 for disjoint supports?",
            "½ times the sum of |p − q| over the grid, times dx.",
        ),
        explanation="½∫|p − q| dx. Both densities integrate to 1, so ∫|p − q| is 2 where they do "
        "not overlap; the ½ brings that to 1.",
        mistakes=[
            (
                lambda p, q, dx: 2 * total_variation(p, q, dx),
                "The factor ½ is missing: for disjoint supports the distance would be 2, not 1.",
            ),
            (
                lambda p, q, dx: (p - q).sum() * dx / 2,
                "The absolute value is missing: p − q integrates to 0, since both densities "
                "integrate to 1.",
            ),
            (
                lambda p, q, dx: (p - q).sum() * dx,
                "The absolute value is missing: p − q integrates to 0, since both densities "
                "integrate to 1.",
            ),
            (
                lambda p, q, dx: (p - q).square().sum() * dx / 2,
                "The difference is squared; total variation takes its absolute value.",
            ),
            (
                lambda p, q, dx: (p - q).square().sum() * dx,
                "The difference is squared; total variation takes its absolute value.",
            ),
            (
                lambda p, q, dx: ((p - q).square().sum() * dx).sqrt(),
                "This is the root of the integrated square, the L2 distance; total variation "
                "integrates the absolute value.",
            ),
            (
                lambda p, q, dx: (p - q).abs().sum() / 2,
                "The sum is not multiplied by dx: an integral is a sum times the grid's step.",
            ),
            (
                lambda p, q, dx: (p - q).abs().sum(),
                "The sum is not multiplied by dx, and the factor ½ is missing.",
            ),
            (
                lambda p, q, dx: (p - q).abs().mean() / 2,
                "This is a mean over the points; an integral is a sum times dx.",
            ),
            (
                lambda p, q, dx: (p - q).abs().mean(),
                "This is a mean over the points; an integral is a sum times dx, and a factor ½.",
            ),
            (
                lambda p, q, dx: (p - q).abs().max(),
                "This is the largest difference at one x; total variation adds up all of them.",
            ),
            (
                lambda p, q, dx: total_variation(p, q, dx) / 2,
                "A factor ½ too many: |p − q| counts each difference twice, max(p − q, 0) once.",
            ),
            (
                lambda p, q, dx: ((p - q).cumsum(0) * dx).abs().max(),
                "This compares distribution functions (Kolmogorov's distance), that is half-lines "
                "only; total variation looks at every event.",
            ),
            (
                lambda p, q, dx: (p.sqrt() - q.sqrt()).square().sum() * dx / 2,
                "This is the squared Hellinger distance, of roots; take |p − q| itself.",
            ),
            (
                lambda p, q, dx: torch.maximum(p, q).sum() * dx,
                "This is 1 + TV, the area under the larger of the two.",
            ),
            (
                lambda p, q, dx: 1 - total_variation(p, q, dx),
                "This is 1 − TV, the value of the linear game, and what p and q share.",
            ),
            (
                lambda p, q, dx: torch.minimum(p, q).sum() * dx,
                "This is 1 − TV, the value of the linear game, and what p and q share.",
            ),
        ],
    ),
]

"""Tasks of lesson 06: from sentence to vector, conditions, pairs, and two stages."""

from collections.abc import Callable

import torch
from torch.nn import functional as F

from course_lib.models.stackgan import StageIGenerator
from course_lib.tasks import lesson_04
from course_lib.tasks.comparing import Case, read
from course_lib.tasks.inputs import DTYPES, normal, told, uniform
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial


def matching_loss(real_right, real_wrong, fake_right):
    negatives = F.softplus(real_wrong).mean() + F.softplus(fake_right).mean()
    return F.softplus(-real_right).mean() + 0.5 * negatives


def conditioning_augmentation(mu, logsigma, eps):
    return mu + logsigma.exp() * eps


def contrastive_loss(images, texts, temperature):
    logits = F.normalize(images, dim=1) @ F.normalize(texts, dim=1).T / temperature  # (N, N)
    answers = torch.arange(len(logits))  # text i belongs to image i
    return 0.5 * (F.cross_entropy(logits, answers) + F.cross_entropy(logits.T, answers))


def wrong_pairs(contradicts):
    # A weight of 0 is never drawn; the others are drawn equally often.
    return torch.multinomial(contradicts.float(), 1).squeeze(1)


def frozen_sketch(stage1, z, text):
    stage1.eval()  # the running statistics of batch norm are used, and stay
    with torch.no_grad():  # Stage II's loss finds no way into Stage I
        return stage1(z, stage1.augment(text)[0])


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


def _contrastive_cases() -> list[Case]:
    cases = []
    for seed, (n, size, temperature) in enumerate(((4, 3, 0.5), (8, 16, 0.07), (5, 5, 1.5))):
        for dtype in DTYPES:
            texts = 3 * normal(seed, n, size, dtype=dtype)
            images = 2 * normal(seed + 10, n, size, dtype=dtype) + 0.5 * texts
            where = (
                f"images and texts of shape ({n}, {size}), temperature {temperature}, {told(dtype)}"
            )
            cases.append(Case((images, texts, temperature), where, gradients=(0, 1)))
    return cases


def _logits(images, texts, temperature, dim=1):
    return F.normalize(images, dim=dim) @ F.normalize(texts, dim=dim).T / temperature


def _found(logits, reduction="mean"):
    return F.cross_entropy(logits, torch.arange(len(logits)), reduction=reduction)


def _both(logits):
    return 0.5 * (_found(logits) + _found(logits.T))


def _contradicting(seed: int, n: int, share: float) -> torch.Tensor:
    """Return bool (n, n), about a share of it True: one or more in each row, not the diagonal."""
    wrong = (uniform(seed, n, n) < share) & ~torch.eye(n, dtype=torch.bool)
    alone = ~wrong.any(dim=1)
    rows = torch.arange(n)
    wrong[rows[alone], (rows[alone] + 2) % n] = True
    return wrong


def _drawn(draw: Callable, contradicts: torch.Tensor) -> tuple[torch.Tensor | None, str]:
    """Return the rows that an answer draws, int64 (N,), or None and what is wrong with them."""
    n = len(contradicts)
    returned = draw(contradicts.clone())
    if returned is None or returned is ...:
        raise NotImplementedError
    rows, problem = read(returned)
    if rows is None:
        return None, problem
    if rows.shape == (n, n):
        return None, "It returns a whole matrix; one row number per portrait is expected."
    if rows.shape != (n,):
        return None, (
            f"With contradicts of shape ({n}, {n}): expected a tensor of shape ({n},), came "
            f"{tuple(rows.shape)}."
        )
    if isinstance(returned, torch.Tensor) and returned.is_floating_point():
        return None, "Rows are whole numbers, int64; these are floats, and no index: .long()."
    if not ((rows == rows.round()) & (rows >= 0) & (rows < n)).all():
        return None, f"Rows are whole numbers from 0 to {n - 1}; there are others among these."
    return rows.long(), ""


def _pairs_are_wrong(draw: Callable) -> str:
    """Return what is wrong with the drawing of wrong captions, or ""."""
    torch.manual_seed(0)
    # Many captions that contradict, few, and only one for most portraits.
    for n, share in ((64, 0.9), (16, 0.5), (12, 0.02)):
        contradicts = _contradicting(n, n, share)
        rows, problem = _drawn(draw, contradicts)
        if rows is None:
            return problem
        all_rows = torch.arange(n)
        if (rows == all_rows).all():
            return "Every portrait gets its own caption, and that is the right one."
        true = int((~contradicts[all_rows, rows]).sum())
        told_so = f"{true} of {n} captions that it calls wrong are true of their portrait."
        if true and ((rows - all_rows) % n == (rows[0] % n)).all():
            return f"This is the batch rolled by {int(rows[0])}: {told_so}"
        if true == n:
            return f"It draws where contradicts is False: {told_so}"
        if true and contradicts.T[all_rows, rows].all():
            return f"contradicts is read by columns; row i belongs to portrait i. {told_so}"
        if true:
            return f"{told_so} Expected none."
    contradicts, counts, calls = _contradicting(1, 8, 0.6), torch.zeros(8, 8), 800
    for _ in range(calls):
        rows, problem = _drawn(draw, contradicts)
        if rows is None:
            return problem
        counts[torch.arange(8), rows] += 1
    choices = contradicts.sum(dim=1)
    if ((counts > 0).sum(dim=1) == 1)[choices > 1].all():
        return (
            "Every call gives a portrait the same wrong caption, so that D can learn it by heart: "
            "draw among all that contradict."
        )
    # Half of the even share is more than five standard deviations away from it.
    if (counts < 0.5 * calls / choices[:, None])[contradicts].any():
        return (
            "Some captions that contradict are drawn far too seldom: each should come equally "
            "often."
        )
    return ""


def _sketch_is_frozen(sketch: Callable) -> str:
    """Return what is wrong with how a Stage I in train mode is asked for a sketch, or ""."""
    torch.manual_seed(0)
    stage1 = StageIGenerator(text_dim=8, c_dim=4, z_dim=4, width=4)
    with torch.no_grad():
        stage1.augment.head.weight.normal_()
        for _ in range(3):  # running statistics of its own
            stage1(torch.randn(16, 4), torch.randn(16, 4))
    z, text = torch.randn(6, 4), torch.randn(6, 8)
    before = {name: value.clone() for name, value in stage1.state_dict().items()}

    torch.manual_seed(1)
    wanted = frozen_sketch(stage1, z, text)
    with torch.no_grad():
        of_mean = stage1(z, stage1.augment(text)[1])
    stage1.train()
    with torch.no_grad():
        torch.manual_seed(1)
        of_batch = stage1(z, stage1.augment(text)[0])
        stage1.load_state_dict(before)

    torch.manual_seed(1)
    made = sketch(stage1, z.clone(), text.clone())
    if made is None or made is ...:
        raise NotImplementedError
    moved = [
        name for name, value in stage1.state_dict().items() if not torch.equal(value, before[name])
    ]
    if buffers := [name for name in moved if "running" in name or "batches" in name]:
        return (
            f"{len(buffers)} buffers of Stage I have moved, among them {buffers[0]}: batch norm in "
            "train mode. Expected none."
        )
    if moved:
        return f"{len(moved)} weights of Stage I have moved. Expected none."
    values, problem = read(made)
    if values is None:
        return problem
    if values.shape != wanted.shape:
        return f"Expected images of shape {tuple(wanted.shape)}, came {tuple(values.shape)}."

    def equals(images):
        return bool((values.detach() - images).abs().max() < 1e-5)

    if equals(of_batch):
        return (
            "The sketch depends on its batch: it was made in train mode, though the buffers were "
            "put back."
        )
    if equals(of_mean):
        return "The sketch is that of c = μ: the noise of conditioning augmentation is missing."
    if not equals(wanted):
        return "The sketch is another one: it should be stage1(z, c), with z as passed in."
    if isinstance(made, torch.Tensor) and made.requires_grad:
        return (
            "The sketch has a graph: Stage II's loss would give Stage I's weights a gradient. "
            "Expected none."
        )
    return ""


NAIVE = (
    "A sigmoid and then a logarithm, or log(1 + exp(…)): at logits of ±100 the probability rounds "
    "to 0 or 1, or the exponential overflows, and loss or gradient are lost. Stay with logits: "
    "−log D is softplus(−a)."
)
BCE = (
    "A sigmoid and then BCELoss: where the probability rounds to 0 or 1 no gradient is left. Take "
    "binary_cross_entropy_with_logits, or softplus."
)


TASKS = [
    FunctionTask(
        name="matching_loss",
        lesson="06",
        answer=matching_loss,
        cases=lesson_04.logits(3),
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
                lambda right, wrong, fake: (
                    F.softplus(-right).mean() + 0.5 * F.softplus(torch.cat([wrong, fake])).mean()
                ),
                "The ½ is counted twice: a mean over both kinds of fakes has it already.",
            ),
            (
                lambda right, wrong, fake: matching_loss(right, wrong, -fake),
                "The generated images are called right: their term is softplus(a).",
            ),
            (
                lambda right, wrong, fake: matching_loss(right, wrong.detach(), fake),
                "real_wrong is detached: D never learns to read.",
            ),
            (
                lambda right, wrong, fake: matching_loss(
                    *(F.leaky_relu(a, 0.2) for a in (right, wrong, fake))
                ),
                "A LeakyReLU on the logits: the last layer of D is linear.",
            ),
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
            (_naive, NAIVE),
            (_bce, BCE),
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
        lesson="06",
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
                lambda mu, s, eps: mu * s.exp() + eps,
                "σ multiplies mu, and not the noise: c = μ + σ·ε.",
            ),
            (
                lambda mu, s, eps: (mu + s.exp() * eps).relu(),
                "A ReLU on c: half of every cloud is cut off.",
            ),
            (
                lambda mu, s, eps: mu + s.abs() * eps,
                "log σ is taken for σ: σ = exp(logsigma).",
            ),
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
    FunctionTask(
        name="contrastive_loss",
        lesson="06",
        answer=contrastive_loss,
        cases=_contrastive_cases,
        why="A sentence is understood if it finds its portrait and the portrait finds it; an "
        "encoder that gives all sentences one vector pays ln N.",
        hints=(
            "In a batch of N pairs, how many classes does portrait i choose from, and which is its "
            "answer?",
            "Divide each vector by its length. All cosines are one product of matrices, (N, N); "
            "divided by the temperature they are logits, and the answers stand on the diagonal.",
            "cross_entropy(logits, torch.arange(N)) asks by portraits, the same of logits.T by "
            "sentences. Take the mean of the two.",
        ),
        explanation="Rows of the matrix ask which sentence belongs to a portrait, columns which "
        "portrait belongs to a sentence; cross_entropy holds the softmax and the logarithm.",
        mistakes=[
            (
                lambda x, t, tau: _both(_logits(x, t, tau**2)),
                "The temperature is squared: the cosines are divided by it once.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, t, tau**0.5)),
                "The root of the temperature stands below; divide by it as it is.",
            ),
            (
                lambda x, t, tau: F.binary_cross_entropy_with_logits(
                    _logits(x, t, tau), torch.eye(len(x), dtype=x.dtype)
                ),
                "Each pair is judged by itself; here each portrait chooses among the sentences, "
                "by a softmax over the row.",
            ),
            (
                lambda x, t, tau: F.cross_entropy(
                    _logits(x, t, tau), torch.zeros(len(x), dtype=torch.int64)
                ),
                "Every portrait is told that sentence 0 is its own; row i belongs to i: arange.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, x, tau)),
                "images are compared with themselves; texts are not used.",
            ),
            (
                lambda x, t, tau: (x - t).square().mean(),
                "This draws pairs together and pushes none apart: all vectors may end equal.",
            ),
            (
                lambda x, t, tau: _both(x @ t.T / tau),
                "The vectors are not normalised: these are products, and long vectors win. The "
                "logits are cosines.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, t, tau, dim=0)),
                "The normalisation runs over the batch; each vector has its own length, dim=1.",
            ),
            (
                lambda x, t, tau: _found(_logits(x, t, tau)),
                "Only portraits look for their sentence; the second term, over the columns, is "
                "missing.",
            ),
            (
                lambda x, t, tau: _found(_logits(x, t, tau).T),
                "Only sentences look for their portrait; the first term, over the rows, is "
                "missing.",
            ),
            (
                lambda x, t, tau: 0.5 * _found(_logits(x, t, tau)),
                "Only portraits look for their sentence; the second term, over the columns, is "
                "missing.",
            ),
            (
                lambda x, t, tau: 2 * _both(_logits(x, t, tau)),
                "The two terms are added; the loss is their mean, so that blindness costs ln N.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, t, 1 / tau)),
                "The cosines are multiplied by the temperature; they are divided by it.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, t, 1)),
                "The temperature is not used: cosines lie in [−1, 1], too close together for "
                "logits.",
            ),
            (
                lambda x, t, tau: (
                    0.5
                    * (
                        _found(_logits(x, t, tau).softmax(dim=1))
                        + _found(_logits(x, t, tau).T.softmax(dim=1))
                    )
                ),
                "The softmax is taken twice: cross_entropy has one inside, and wants logits.",
            ),
            (
                lambda x, t, tau: -_logits(x, t, tau).diagonal().mean(),
                "Only the right pairs count here, so one vector for everything would be best; "
                "each is to be told from the others of its batch.",
            ),
            (
                lambda x, t, tau: (1 - _logits(x, t, 1).diagonal()).mean(),
                "Only the right pairs count here, so one vector for everything would be best; "
                "each is to be told from the others of its batch.",
            ),
            (
                lambda x, t, tau: (
                    0.5 * (_found(_logits(x, t, tau), "sum") + _found(_logits(x, t, tau).T, "sum"))
                ),
                "This is a sum over the batch; the loss is a mean.",
            ),
            (
                lambda x, t, tau: -_both(_logits(x, t, tau)),
                "The sign is the wrong way round: a loss is minimised.",
            ),
            (
                lambda x, t, tau: _both(_logits(x, t.detach(), tau)),
                "The texts are detached: the encoder of sentences would learn nothing.",
            ),
            (
                lambda x, t, tau: _both(_logits(x.detach(), t, tau)),
                "The images are detached: the encoder of portraits would learn nothing.",
            ),
            (
                lambda x, t, tau: _both(_logits(x.detach(), t.detach(), tau)),
                "The value is right, but detached: neither encoder learns from it.",
            ),
        ],
    ),
    Trial(
        name="wrong_pairs",
        lesson="06",
        why="D is never told that a true pair is wrong, so the generator is not punished for "
        "obeying.",
        hints=(
            "Of which captions may you choose for portrait i, and where does contradicts say so?",
            "Row i of contradicts is True at the captions that are a lie about portrait i. Draw "
            "one of these, each equally often: a lottery with weights 0 and 1.",
            "torch.multinomial takes a row of weights each, as floats, and draws: "
            "torch.multinomial(contradicts.float(), 1), then squeeze(1).",
        ),
        explanation="What has weight 0 is never drawn, so no true caption is called wrong, and a "
        "portrait's own never is: nothing contradicts itself.",
        answer=wrong_pairs,
        trial=_pairs_are_wrong,
        arguments=1,
    ),
    Trial(
        name="frozen_sketch",
        lesson="06",
        why="Frozen means no gradient and eval mode: Stage I draws for Stage II what it will draw "
        "when both are used.",
        hints=(
            "No optimiser holds Stage I's weights. Which numbers does a forward pass move all the "
            "same?",
            "Batch norm's running mean and variance move in train mode. Which mode uses them and "
            "leaves them alone?",
            "stage1.eval() first, then, under torch.no_grad(), stage1(z, stage1.augment(text)[0]).",
        ),
        explanation="eval() keeps the buffers and makes a sketch independent of its batch; "
        "no_grad() keeps Stage II's loss out of Stage I's weights.",
        answer=frozen_sketch,
        trial=_sketch_is_frozen,
        arguments=3,
    ),
    Prediction(
        name="stackgan_signs",
        lesson="06",
        why="Each part of the model has an illness of its own when it is left out; so the sign "
        "tells you where to look.",
        hints=(
            "What does each part guard against: the wrong pairs, the KL, a linear head, eval mode?",
            "The answers are: no wrong pairs, no KL, KL too heavy, ReLU on the head, train mode; "
            "and D* = p/(p + ½(w + q)).",
            "The KL alone keeps σ from 0, and it is the price of what c says. A ReLU on log σ "
            "gives σ ≥ 1. With w = 0 and q = p, D* = p/(p + p/2).",
        ),
        explanation="Without wrong pairs D need not read. Without KL σ goes to 0; with too much, "
        "c is the same noise for every caption. relu(log σ) ≥ 0. In train mode the running "
        "statistics move.",
        expected={
            "fine portraits of somebody else": "no wrong pairs",
            "at one z, every ε gives the same face": "no KL",
            "for every caption μ is near 0 and σ near 1": "KL too heavy",
            "no cloud is narrower than N(0, I)": "ReLU on the head",
            "after Stage II's training, one seed has another sketch": "train mode",
            "D* where p = w = q": 0.5,
            "D* where p = q and w = 0": 2 / 3,
        },
        mistakes=[
            (
                "fine portraits of somebody else",
                "KL too heavy",
                "Then c says less of the sentence; here D has not learnt to read it.",
            ),
            (
                "at one z, every ε gives the same face",
                "KL too heavy",
                "The other way round: the KL pulls σ to 1; without it σ goes to 0.",
            ),
            (
                "for every caption μ is near 0 and σ near 1",
                "no wrong pairs",
                "Wrong pairs teach D to read; how far μ may move is a matter of the KL's weight.",
            ),
            (
                "for every caption μ is near 0 and σ near 1",
                "no KL",
                "The other way round: without the KL nothing pulls μ to 0 and σ to 1.",
            ),
            (
                "no cloud is narrower than N(0, I)",
                "no KL",
                "Without the KL clouds get as narrow as a point.",
            ),
            (
                "no cloud is narrower than N(0, I)",
                "KL too heavy",
                "A heavy KL pulls σ to 1, from both sides; here nothing lies below 1, so something "
                "cuts log σ off at 0.",
            ),
            (
                "after Stage II's training, one seed has another sketch",
                "no KL",
                "No loss has touched Stage I. Which numbers does a forward pass move?",
            ),
            (
                "D* where p = w = q",
                1 / 3,
                "The ½ is missing: wrong and generated pairs weigh ½ each.",
            ),
            (
                "D* where p = q and w = 0",
                0.5,
                "That is lesson 01's. Here q has weight ½: p/(p + ½q).",
            ),
        ],
    ),
]

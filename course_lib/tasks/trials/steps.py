"""Steps of trainings, tried out on networks small enough to know by heart."""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.losses import discriminator_loss, generator_loss
from course_lib.models.stackgan import StageIGenerator
from course_lib.tasks.comparing import read
from course_lib.tasks.inputs import Descent

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


def step_of_d(train: Callable, solution: Callable) -> str:
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
    solution(generator, ours, Descent(ours), real, z)
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


def sketch_is_frozen(sketch: Callable, solution: Callable) -> str:
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
    wanted = solution(stage1, z, text)
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


class _Maker(nn.Module):
    """A small generator that remembers what it was asked for."""

    def __init__(self):
        super().__init__()
        self.body, self.asked = nn.Linear(3 + 10, 5), []

    def forward(self, z, labels):
        images = self.body(torch.cat([z, F.one_hot(labels, 10).to(z.dtype)], dim=1))
        self.asked.append((z.detach().clone(), labels.clone(), images.detach().clone()))
        return images


class _Critic(nn.Module):
    """A small projection discriminator that remembers the pairs that it judged, and when."""

    def __init__(self):
        super().__init__()
        self.body, self.label, self.psi = nn.Linear(5, 6), nn.Embedding(10, 6), nn.Linear(6, 1)
        self.seen = []

    def forward(self, images, labels):
        now = self.label.weight.detach().clone()
        self.seen.append((images.detach().clone(), labels.clone(), now))
        features = torch.tanh(self.body(images))
        return self.psi(features).squeeze(1) + (features * self.label(labels)).sum(dim=1)


def _rows_in(rows: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return for each row the first place of that row among images, or −1 where there is none."""
    found = (rows[:, None] == images[None]).all(dim=2)
    return torch.where(found.any(dim=1), found.int().argmax(dim=1), -1)


def _misjudged(
    discriminator: _Critic,
    before: torch.Tensor,
    real: tuple[torch.Tensor, torch.Tensor],
    fakes: tuple[torch.Tensor, torch.Tensor],
) -> str:
    """Return which pairs of images and labels do not belong together, or ""."""
    judged = {"D": set(), "G": set()}  # which kinds of images came up in whose step
    for images, labels, weights in discriminator.seen:
        whose = "D" if torch.equal(weights, before) else "G"
        for kind, (known, own) in {"real": real, "fake": fakes}.items():
            place = _rows_in(images, known)
            here = place >= 0
            if not here.any():
                continue
            judged[whose].add(kind)
            wrong = int((labels[here] != own[place[here]]).sum())
            if not wrong:
                continue
            if kind == "real":
                return (
                    f"{wrong} of {int(here.sum())} real images are judged under labels that are "
                    "not theirs. These are the shuffled reals of section 5: G is punished for "
                    "obeying."
                )
            return (
                f"In {whose}'s step {wrong} of {int(here.sum())} fakes are judged as another class "
                "than G was asked for. These are the muddled fakes of section 5."
            )
        strangers = (_rows_in(images, real[0]) < 0) & (_rows_in(images, fakes[0]) < 0)
        if strangers.any():
            return "D judges images that are neither real nor drawn by the generator."
    for kind in ("real", "fake"):
        if kind not in judged["D"]:
            return f"In D's step no {kind} images are judged: D needs both kinds, real and fake."
    return ""


def _moves(before: nn.Module, after: nn.Module) -> torch.Tensor:
    pairs = zip(before.parameters(), after.parameters(), strict=True)
    return torch.cat([(b - a).detach().flatten() for a, b in pairs])


def pairs_stay_together(step: Callable) -> str:
    """Return what is wrong with a conditional step, or "": pairs first, then movements."""
    torch.manual_seed(0)
    generator, discriminator = _Maker(), _Critic()
    real, z = torch.randn(24, 5) + 1, torch.randn(24, 3)
    labels = torch.tensor([0] * 12 + [1] * 5 + [2] * 3 + [5, 7, 8, 9])[torch.randperm(24)]
    # Gradients that an earlier step has left behind.
    for weight in (*generator.parameters(), *discriminator.parameters()):
        weight.grad = torch.ones_like(weight)
    start_g, start_d = copy.deepcopy(generator), copy.deepcopy(discriminator)

    def descents(g, d):
        return Descent(g), Descent(d)

    step(
        generator,
        discriminator,
        *descents(generator, discriminator),
        real.clone(),
        labels.clone(),
        z.clone(),
    )
    if not generator.asked and not discriminator.seen:
        raise NotImplementedError
    if not generator.asked:
        return "The generator is not asked for anything: fake = generator(z, …)."
    drawn = [torch.cat(part) for part in zip(*generator.asked, strict=True)]  # z, labels, images
    if (_rows_in(drawn[0], z) < 0).any():
        return "The fakes are drawn from another z than the one passed in."
    before = start_d.label.weight.detach()
    if wrong := _misjudged(discriminator, before, (real, labels), (drawn[2], drawn[1])):
        return wrong
    first_z, first_asked, _ = generator.asked[0]
    if not torch.equal(first_asked.sort().values, labels.sort().values):
        counts = [
            labels.bincount(minlength=10).tolist(),
            first_asked.bincount(minlength=10).tolist(),
        ]
        return (
            f"Classes 0 to 9 come {counts[0]} times in the batch, and are asked for {counts[1]} "
            "times: D wins by counting. Ask for what the real images of the batch are."
        )
    ours_g, ours_d = copy.deepcopy(start_g), copy.deepcopy(start_d)
    _step_with(ours_g, ours_d, descents(ours_g, ours_d), (real, labels), (first_z, first_asked))
    for name, started, moved, ours in (
        ("D", start_d, discriminator, ours_d),
        ("G", start_g, generator, ours_g),
    ):
        found, right = _moves(started, moved), _moves(started, ours)
        if (found - right).abs().max() < 1e-5:
            continue
        if found.abs().max() == 0:
            return (
                f"{name} has not moved: "
                + {
                    "D": "after loss_d.backward() comes adam_d.step().",
                    "G": "in G's step the fake goes into D as it is; detach() there cuts the way "
                    "back to G.",
                }[name]
            )
        if (found - right + 0.1).abs().max() < 1e-5:
            return f"{name}'s zero_grad is missing: the gradients of the step before are added."
        if name == "G":
            return _other_loss(start_g, found, discriminator, (first_z, first_asked))
        if (found + right).abs().max() < 1e-5:
            return "D moves the wrong way: real and fake, or the sign of the loss, are exchanged."
        error = (found - right).abs().max().item()
        return f"D's weights differ from the expected ones by up to {error:.2g}: look at its loss."
    return ""


def _step_with(generator, discriminator, descents, pairs, request):
    """Do a step as `conditional_step`, for fakes whose labels come in another order."""
    (real, labels), (z, asked), (sgd_g, sgd_d) = pairs, request, descents
    fake = generator(z, asked)
    losses = (
        lambda: discriminator_loss(
            discriminator(real, labels), discriminator(fake.detach(), asked)
        ),
        lambda: generator_loss(discriminator(fake, asked)),
    )
    for optimiser, loss in zip((sgd_d, sgd_g), losses, strict=True):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()


def _other_loss(start_g, found, discriminator, request) -> str:
    """Return which loss moved G as found, where it is not the non-saturating one."""
    z, asked = request
    known = {
        "G lowers log(1 − D), the saturating loss; it should lower −log D.": lambda a: -a,
        "G moves the wrong way: it lowers what D lowers on fakes.": lambda a: a,
    }
    for sentence, signed in known.items():
        other = copy.deepcopy(start_g)
        descent = Descent(other)
        descent.zero_grad()
        logits = discriminator(other(z, asked), asked)
        signed(F.softplus(logits).mean()).backward()
        descent.step()
        if (_moves(start_g, other) - found).abs().max() < 1e-5:
            return sentence
    return (
        "G's weights differ from the expected ones: D has its step first, then G lowers "
        "generator_loss of D's answer to the same fake and label."
    )

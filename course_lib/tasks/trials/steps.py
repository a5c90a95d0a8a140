"""Steps of trainings, tried out on networks small enough to know by heart."""

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

"""Answers to the tasks of lesson 07."""

import copy
import math
from functools import partial

import numpy as np
import torch
from answers import Answers
from torch import nn
from torch.nn import functional as F

from course_lib import data, latent
from course_lib.models.progan import Critic, Generator, double, faded, half
from course_lib.tasks import every
from course_lib.training import EMA

TASKS = every()


class PixelNorm(nn.Module):
    def forward(self, x):
        return x * torch.rsqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


def pixel_norm_by_einsum(x):
    squares = torch.einsum("nchw,nchw->nhw", x, x) / x.shape[1]
    return x / (squares + 1e-8).sqrt()[:, None]


def pixel_norm_in_place(x):
    scale = x.pow(2).mean(1, keepdim=True).add(1e-8).sqrt()
    return x.div_(scale)


def std_of_neighbours(x, group):
    parts = []
    for part in x.split(group):
        std = (part.var(dim=0, correction=0) + 1e-8).sqrt().mean()
        parts.append(torch.cat([part, std.expand(group, 1, *x.shape[2:])], dim=1))
    return torch.cat(parts)


def std_as_karras(x, group):
    _, c, h, w = x.shape
    y = x.view(group, -1, c, h, w)
    y = y - y.mean(dim=0, keepdim=True)
    y = torch.sqrt(y.square().mean(dim=0) + 1e-8)
    y = y.mean(dim=[1, 2, 3], keepdim=True)
    return torch.cat([x, y.repeat(group, 1, h, w)], dim=1)


def std_by_hand(x, group):
    n, c, h, w = x.shape
    out = torch.empty(n, c + 1, h, w, dtype=x.dtype)
    out[:, :c] = x
    step = n // group
    for i in range(step):
        members = x[i::step]
        mean = members.sum(dim=0) / group
        variance = ((members - mean) ** 2).sum(dim=0) / group
        out[i::step, c] = (variance + 1e-8).sqrt().mean()
    return out


def std_by(root):
    def wrong(x, group):
        _, c, h, w = x.shape
        variance = x.view(group, -1, c, h, w).var(dim=0, unbiased=False)
        y = root(variance).mean(dim=(1, 2, 3)).view(-1, 1, 1, 1)
        return torch.cat([x, y.repeat(group, 1, h, w)], dim=1)

    return wrong


def std_of_the_image(x, group):
    std = (x.var(dim=(1, 2, 3), unbiased=False) + 1e-8).sqrt()
    return torch.cat([x, std[:, None, None, None].expand(-1, 1, *x.shape[2:])], dim=1)


def linear_by_einsum(x, weight, bias, gain):
    return torch.einsum("ni,oi->no", x, weight) * (gain / weight.size(1) ** 0.5) + bias


def linear_in_place(x, weight, bias, gain):
    weight *= gain / math.sqrt(x.shape[1])
    return F.linear(x, weight, bias)


def fade_in_place(old_rgb, new_rgb, fade):
    old_rgb *= 1 - fade
    old_rgb += fade * new_rgb
    return old_rgb


def penalty_with_ones(critic, real, fake, eps):
    mixed = (real * eps + fake * (1 - eps)).requires_grad_(True)
    scores = critic(mixed)
    grads = torch.autograd.grad(
        outputs=scores,
        inputs=mixed,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
    )[0]
    grads = grads.view(len(real), -1)
    return 10 * ((grads.norm(2, dim=1) - 1) ** 2).mean()


def penalty_the_other_way(critic, real, fake, eps):
    mixed = torch.lerp(real, fake, eps).detach().requires_grad_()
    grads = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)[0]
    norms = grads.square().sum(dim=(1, 2, 3)).sqrt()
    return 10.0 * F.mse_loss(norms, torch.ones_like(norms))


def penalty_image_by_image(critic, real, fake, eps):
    total = 0
    for r, f, e in zip(real, fake, eps, strict=True):
        x = (e * r + (1 - e) * f)[None].requires_grad_()
        (g,) = torch.autograd.grad(critic(x).squeeze(), x, create_graph=True)
        total = total + (torch.einsum("nchw,nchw->", g, g).sqrt() - 1) ** 2
    return 10 * total / len(real)


def penalty(norms):
    def wrong(critic, real, fake, eps):
        x = (eps * real + (1 - eps) * fake).requires_grad_()
        (g,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return 10 * ((norms(g) - 1) ** 2).mean()

    return wrong


def penalty_with_its_own_eps(critic, real, fake, eps):
    return penalty_with_ones(critic, real, fake, torch.rand_like(eps))


def weights_by_numpy(real):
    return torch.as_tensor(np.random.rand(len(real), 1, 1, 1), dtype=real.dtype)


def critic_of(*layers, channels=8):
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1), *layers, nn.Flatten(), nn.Linear(channels * 64, 1)
    )


class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = critic_of(nn.LeakyReLU(0.2))

    def forward(self, x):
        return self.body(x).squeeze(1)


class Probable(Squeezed):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))


class Centred(Squeezed):
    def forward(self, x):
        return super().forward(x - x.mean(dim=0))


def loss_with_partial(generator, critic, real, z, stage, fade):
    with torch.no_grad():
        fake = generator(z, stage, fade)
    judge = partial(critic, stage=stage, fade=fade)
    real, alpha = faded(real, fade), torch.rand(len(real), 1, 1, 1, dtype=real.dtype)
    loss = penalty_with_ones(judge, real, fake, alpha)
    return loss - judge(real).mean() + judge(fake).mean()


def loss_in_one_batch(generator, critic, real, z, stage, fade):
    real = double(half(real)) * (1 - fade) + real * fade
    fake = generator(z, stage=stage, fade=fade).detach()
    scores = critic(torch.cat([real, fake]), stage, fade)
    mixed = torch.lerp(real, fake, torch.rand(len(real)).to(real)[:, None, None, None])
    (slope,) = torch.autograd.grad(
        critic(mixed.requires_grad_(), stage, fade).sum(), mixed, create_graph=True
    )
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).pow(2).mean()
    return scores[len(real) :].mean() - scores[: len(real)].mean() + penalty


def loss_with_drift(generator, critic, real, z, stage, fade):
    real = faded(real, fade)
    drift = 0.001 * (critic(real, stage, fade) ** 2).mean()
    fakes = generator(z, stage, fade).detach()
    at = lambda x: critic(x, stage, fade)  # noqa: E731
    eps = torch.rand(len(real), 1, 1, 1, dtype=real.dtype)
    return at(fakes).mean() - at(real).mean() + penalty_the_other_way(at, real, fakes, eps) + drift


def loss_as_found(generator, critic, real, z, stage, alpha):
    fake = generator(z, stage, alpha)
    alpha = torch.rand(len(real), 1, 1, 1)
    judge = partial(critic, stage=stage, fade=alpha)
    return judge(fake).mean() - judge(real).mean() + penalty_with_ones(judge, real, fake, alpha)


def loss_with_two_alphas(generator, critic, real, z, stage, alpha):
    real, fake = faded(real, alpha), generator(z, stage, alpha).detach()
    alpha = torch.rand(len(real), 1, 1, 1)
    judge = partial(critic, stage=stage, fade=alpha)
    return judge(fake).mean() - judge(real).mean() + penalty_with_ones(judge, real, fake, alpha)


def one_each(real):
    return torch.rand(len(real), 1, 1, 1)


def loss_by(see=faded, place=one_each):
    def loss(generator, critic, real, z, stage, fade):
        real, fake = see(real, fade), generator(z, stage, fade).detach()
        judge = partial(critic, stage=stage, fade=fade)
        penalty = penalty_with_ones(judge, real, fake, place(real))
        return judge(fake).mean() - judge(real).mean() + penalty

    return loss


def average_of(rebuilt=False, buffers="copied", decay=lambda decay: decay, start=copy.deepcopy):
    """Return a way to average, as a student could write it, right by default."""

    def averaged(generator, phases, given):
        average, keep = start(generator), decay(given)
        for steps in phases:
            average = start(generator) if rebuilt else average
            for step in steps:
                step()
                with torch.no_grad():
                    theirs = dict(generator.named_parameters())
                    for name, mean in average.named_parameters():
                        mean.mul_(keep).add_((1 - keep) * theirs[name])
                    for mean, value in zip(average.buffers(), generator.buffers(), strict=True):
                        if buffers == "copied":
                            mean.copy_(value)
                        elif buffers == "averaged":
                            mean.copy_(keep * mean + (1 - keep) * value)
        return average

    return averaged


def average_by_state(generator, phases, decay):
    average = copy.deepcopy(generator)
    for steps in phases:
        for step in steps:
            step()
            new, old = generator.state_dict(), average.state_dict()
            trained = {name for name, _ in generator.named_parameters()}
            for name in new:
                mixed = decay * old[name] + (1 - decay) * new[name]
                new[name] = mixed if name in trained else new[name].clone()
            average.load_state_dict(new)
    return average


def average_with_buffers_at_the_end(generator, phases, decay):
    average = average_of(buffers="forgotten")(generator, phases, decay)
    for mean, value in zip(average.buffers(), generator.buffers(), strict=True):
        mean.copy_(value)
    return average


def average_without_a_step(generator, phases, decay):
    return copy.deepcopy(generator)


def average_trained_twice(generator, phases, decay):
    for steps in phases:
        for step in steps:
            step()
    return average_of()(generator, phases, decay)


def average_by_course(generator, phases, decay):
    ema = EMA(generator, decay)  # its decay is ramped up
    for steps in phases:
        for step in steps:
            step()
            ema.update(generator)
    return ema.model


class Dealer:
    """Deals portraits of the training split at 8×8 pixels, as if it had drawn them."""

    def __init__(self, change=lambda images: images):
        self.change = change

    def sample(self, n, seed=0):
        images, _ = data.personas("train")
        return self.change(data.to_float(data.shrunk(images[:n], 8)))


def alike(images):
    return images[:1] + 0.01 * torch.randn_like(images)


def directions_by_inverse(vectors):
    return F.normalize(torch.linalg.inv(vectors @ vectors.T) @ vectors, dim=1)


def directions_by_least_squares(vectors):
    parts = []
    for k in range(len(vectors)):
        others = vectors[[j for j in range(len(vectors)) if j != k]]
        share = torch.linalg.lstsq(others.T, vectors[k][:, None]).solution
        rest = vectors[k] - (others.T @ share)[:, 0]
        parts.append(rest / rest.norm())
    return torch.stack(parts)


def directions_by_course(vectors):
    names = [*latent.CONTRASTS][: len(vectors)]
    contrasts = {name: latent.CONTRASTS[name] for name in names}
    return latent.Directions(contrasts, vectors, {}, {}).disentangled().vectors.to(vectors)


def schmidt_by_hand(vectors):
    rows = []
    for v in vectors:
        for row in rows:
            v = v - (v * row).sum() * row
        rows.append(v / v.norm())
    return torch.stack(rows)


def projected_in_turn(vectors):
    rows = []
    for k, v in enumerate(vectors):
        for j, other in enumerate(vectors):
            v = v - (v * other).sum() * other if j != k else v
        rows.append(v / v.norm())
    return torch.stack(rows)


def projected_at_once(vectors):
    shares = vectors @ vectors.T
    shares.fill_diagonal_(0)
    return F.normalize(vectors - shares @ vectors, dim=1)


SIGNS = dict(TASKS["progan_signs"].expected)
SIGN = [*SIGNS]
uniform = TASKS["mixing_weights"].answer


ANSWERS = {
    "mixing_weights": Answers(
        right=[
            lambda real: real.new_empty(len(real)).uniform_().view(-1, 1, 1, 1),
            weights_by_numpy,
            lambda real: torch.distributions.Uniform(0.0, 1.0).sample((len(real), 1, 1, 1)),
        ],
        wrong=[
            (torch.randn_like, r"Each pixel has a weight.+Drawn from a normal"),
            (torch.rand_like, r"Each pixel has a weight"),
            (lambda real: torch.randn(len(real), 1, 1, 1), r"Drawn from a normal"),
            (lambda real: torch.rand(1), r"One weight serves the whole batch"),
            (lambda real: torch.rand(1).item(), r"a float; a tensor"),
            (lambda real: torch.full((len(real), 1, 1, 1), 0.5), r"All are 0.5"),
            (lambda real: torch.rand(len(real)), r"\(N, 1, 1, 1\).+came \(4000,\)"),
            (lambda real: torch.rand(len(real), 3, 1, 1), r"Each channel"),
            (lambda real: torch.randn(len(real), 1, 1, 1).sigmoid(), r"not evenly"),
            (lambda real: torch.randn(len(real), 1, 1, 1).clamp(0, 1), r"not evenly"),
            (lambda real: torch.linspace(0, 1, len(real)).view(-1, 1, 1, 1), r"the same weights"),
            (lambda real: 2 * uniform(real) - 1, r"between 0 and 1"),
        ],
    ),
    "gp_critic": Answers(
        right=[
            nn.Conv2d(3, 1, 8),  # scores (N, 1, 1, 1)
            critic_of(nn.LeakyReLU(0.2)),
            Squeezed(),
            critic_of(nn.GroupNorm(1, 8), nn.LeakyReLU(0.2)),
            nn.Sequential(nn.Flatten(), nn.Linear(192, 1), nn.Flatten(0)),
            lambda images: images.mean(dim=(1, 2, 3)),
        ],
        wrong=[
            (nn.Sequential(critic_of(nn.ReLU()), nn.Softplus()), r"A Softplus stands"),
            (
                nn.Sequential(critic_of(nn.ReLU()), nn.LogSigmoid(), nn.Identity()),
                r"A LogSigmoid stands",
            ),
            (critic_of(nn.BatchNorm2d(8, 0.8), nn.LeakyReLU(0.2)), r"batch norm in it"),
            (
                nn.Sequential(critic_of(nn.BatchNorm2d(8), nn.LeakyReLU(0.2)), nn.Sigmoid()),
                r"batch norm in it.+A Sigmoid stands on the scores",
            ),
            (nn.Sequential(critic_of(nn.LeakyReLU(0.2)), nn.Sigmoid()), r"A Sigmoid stands"),
            (nn.Sequential(critic_of(nn.ReLU()), nn.LeakyReLU(0.2)), r"A LeakyReLU stands"),
            (Probable(), r"scores have bounds"),
            (Centred(), r"changes with its neighbours"),
            (Critic((16, 8), group=2), r"one exception"),
            (critic_of(nn.Dropout(0.5)), r"chance in it"),
            (nn.Conv2d(3, 1, 3), r"6 scores, .+came \(6, 1, 6, 6\)"),
            (lambda images: images.flatten(1).sum(dim=1) * 0, r"bounds|one score"),
            (Squeezed, r"pass the critic itself"),
            (0.5, r"pass the critic itself"),
        ],
    ),
    "critic_loss": Answers(
        right=[loss_with_partial, loss_in_one_batch, loss_with_drift, loss_by()],
        wrong=[
            (loss_by(place=lambda real: torch.randn(len(real), 1, 1, 1)), r"beyond the real"),
            (loss_by(place=torch.rand_like), r"off the straight line"),
            (
                loss_by(place=lambda real: torch.rand(1, 1, 1, 1)),
                r"One weight serves the whole batch",
            ),
            (loss_by(place=lambda real: 1.0), r"at real or generated"),
            (loss_as_found, r"do not fade.+detach is missing.+share a name"),
            (loss_with_two_alphas, r"share a name"),
            (loss_by(see=lambda real, fade: real), r"real images do not fade"),
            (lambda *inputs: loss_by()(*inputs).item(), r"graph was cut"),
        ],
    ),
    "averaged": Answers(
        right=[
            average_of(),
            average_by_state,
            average_with_buffers_at_the_end,
            average_of(start=lambda generator: copy.deepcopy(generator).requires_grad_(False)),
        ],
        wrong=[
            (average_of(rebuilt=True), r"rebuilt when a phase begins"),
            (average_of(buffers="forgotten"), r"buffers are forgotten"),
            (
                average_of(rebuilt=True, buffers="forgotten"),
                r"rebuilt when a phase begins.+[Bb]uffers",
            ),
            (average_of(buffers="averaged"), r"copied, not averaged"),
            (average_of(decay=lambda decay: 1 - decay), r"changed places"),
            (average_of(start=lambda generator: generator), r"is the generator itself"),
            (average_of(decay=lambda decay: 0), r"without an average"),
            (average_without_a_step, r"0 ran"),
            (average_trained_twice, r"24 ran"),
            (average_by_course, r"decay · average"),
            (lambda *inputs: average_of()(*inputs).state_dict(), r"averaged generator is expected"),
        ],
    ),
    "progan_signs": Answers(
        right=[SIGNS],
        wrong=[(SIGNS | {SIGN[8]: "pixels"}, r"bright and shifted")],
    ),
    "trained_progan": Answers(
        right=[
            Dealer(),
            Dealer(lambda images: images + 0.05 * torch.randn_like(images)),
            Dealer(lambda images: images.flip(0)),
        ],
        wrong=[
            (Generator(16, (16, 8)), r"One mean portrait for everybody"),
            (Generator(16, (16,)), r"came \(2000, 3, 4, 4\)"),
            (Dealer(alike), r"collapsed"),
            # A distance of 9.7 over 8 seeds: above the bar of 7, below the mean portrait at 12.6.
            (Dealer(lambda images: images + 0.25 * torch.randn_like(images)), r"Train longer"),
            (Dealer(lambda images: images / 0), r"diverged"),
            (Critic((16, 8)), r"generator itself"),
            (Generator, r"generator itself"),
            (3.5, r"generator itself"),
        ],
    ),
    "alone": Answers(
        right=[
            directions_by_inverse,
            directions_by_least_squares,
            directions_by_course,
            lambda vectors: F.normalize(torch.linalg.pinv(vectors), dim=0).T,
        ],
        wrong=[
            (schmidt_by_hand, r"the order matters"),
            (projected_in_turn, r"in turn"),
            (projected_at_once, r"taken away twice"),
            (lambda vectors: directions_by_inverse(vectors).T, r"exchanged|shape"),
        ],
    ),
    "pixel_norm": Answers(
        right=[
            lambda x: F.rms_norm(x.movedim(1, -1), (x.shape[1],), eps=1e-8).movedim(-1, 1),
            PixelNorm(),
            pixel_norm_by_einsum,
            pixel_norm_in_place,
            lambda x: F.normalize(x, dim=1) * math.sqrt(x.shape[1]),
        ],
        wrong=[
            (lambda x: F.normalize(x, dim=1), r"vectors of length 1"),
            (lambda x: x * torch.rsqrt(x.pow(2).mean(dim=1, keepdim=True) + 1e8), r"1e8"),
            (lambda x: F.layer_norm(x, x.shape[1:]), ""),
        ],
    ),
    "minibatch_std": Answers(
        right=[std_of_neighbours, std_as_karras, std_by_hand],
        wrong=[
            (std_by(lambda variance: (variance + 1e8).sqrt()), r"1e8"),
            (std_by(lambda variance: (variance + 1e-8).square()), r"square stands where the root"),
            (std_of_the_image, r"within one image"),
        ],
    ),
    "equalised_linear": Answers(
        right=[
            lambda x, w, b, gain: F.linear(x, w * gain / math.sqrt(w.shape[1]), b),
            linear_by_einsum,
            linear_in_place,
            lambda x, w, b, gain: torch.addmm(b, x * (gain * w.shape[1] ** -0.5), w.T),
        ],
        wrong=[
            (
                lambda x, w, b, gain: F.linear(x, w, b) * gain / math.sqrt(w.shape[1]),
                r"bias is scaled too",
            ),
            (lambda x, w, b, gain: F.linear(x, w * gain / math.sqrt(w.shape[1])), r"bias is miss"),
            (lambda x, w, b, gain: (x @ w) * gain / math.sqrt(w.shape[1]) + b, r"cannot be mult"),
        ],
    ),
    "fade_in": Answers(
        right=[
            torch.lerp,
            lambda old, new, fade: old + fade * (new - old),
            fade_in_place,
            lambda old, new, fade: new * fade - (fade - 1) * old,
        ],
        wrong=[
            (lambda old, new, fade: torch.lerp(old, new, fade * fade), r"squared"),
            (lambda old, new, fade: torch.lerp(new, old, fade), r"inverted"),
            (lambda old, new, fade: torch.tanh(torch.lerp(old, new, fade)), r"tanh"),
        ],
    ),
    "gradient_penalty": Answers(
        right=[penalty_with_ones, penalty_the_other_way, penalty_image_by_image],
        wrong=[
            (penalty(lambda g: g.norm()), r"whole batch; the penalty needs one norm per image"),
            (penalty(lambda g: g.norm(2, dim=1)), r"over the channels"),
            (penalty_with_its_own_eps, r"random numbers"),
            (lambda *inputs: penalty_with_ones(*inputs).item(), r"create_graph|detached"),
        ],
    ),
}

"""ProGAN as in the paper: its layers, how it grows, its losses, its recipe, and sampling."""

import dataclasses
import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from course_lib import data, losses, metrics, recipes, training, zoo
from course_lib.layers import downsample_kernel
from course_lib.models.progan import (
    Critic,
    EqualisedConv2d,
    EqualisedDownsample,
    EqualisedLinear,
    EqualisedUpsample,
    Generator,
    MinibatchStd,
    PixelNorm,
    faded,
    with_fitted_colours,
)
from course_lib.recipes import progan_personas
from course_lib.recipes.gan import Players
from course_lib.recipes.progan_personas import Schedule
from course_lib.recipes.runner import run
from course_lib.sampling import latents

CHANNELS = (16, 8, 8)  # at 4, 8 and 16 pixels


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return Generator(8, CHANNELS)


@pytest.fixture
def critic():
    torch.manual_seed(1)
    return Critic(CHANNELS)


# The layers

EQUALISED = {
    "linear": (EqualisedLinear(6, 5), torch.randn(2, 6)),
    "3x3": (EqualisedConv2d(6, 5), torch.randn(2, 6, 4, 4)),
    "1x1": (EqualisedConv2d(6, 5, 1, gain=1), torch.randn(2, 6, 4, 4)),
    "up": (EqualisedUpsample(6, 5), torch.randn(2, 6, 4, 4)),
    "down": (EqualisedDownsample(6, 5), torch.randn(2, 6, 4, 4)),
}


@pytest.mark.parametrize("name", EQUALISED)
def test_the_bias_is_not_scaled(name):
    layer, x = EQUALISED[name]
    assert not layer.bias.any()
    with torch.no_grad():
        zeroed = {"weight": torch.zeros_like(layer.weight), "bias": torch.ones_like(layer.bias)}
        assert (torch.func.functional_call(layer, zeroed, (x,)) == 1).all(), "exactly"


@pytest.mark.parametrize("layer", [EqualisedLinear(100, 200), EqualisedConv2d(30, 70)])
def test_weights_are_standard_normal_and_the_output_keeps_the_variance(layer):
    count = layer.weight.numel()
    assert layer.weight.mean().abs() < 5 / math.sqrt(count)
    assert (layer.weight.std() - 1).abs() < 5 / math.sqrt(2 * count)
    torch.manual_seed(0)
    x = torch.randn(200, *((100,) if isinstance(layer, nn.Linear) else (30, 8, 8)))
    out = layer(x)
    out = out if out.ndim == 2 else out[..., 1:-1, 1:-1]  # padding takes from the border
    # gain² is what a rectifier takes away again; 10%: 70 channels and more share one input.
    assert out.square().mean().item() == pytest.approx(2, rel=0.1)


def test_the_gains():
    def gain(layer):
        return layer.scale * math.sqrt(layer.weight[0].numel())

    root = math.sqrt(2)
    g, d = Generator(), Critic()
    gains = {
        name: gain(layer)
        for network in (g, d)
        for name, layer in (
            (f"{type(network).__name__} {n}", m) for n, m in network.named_modules()
        )
        if isinstance(layer, EqualisedConv2d | EqualisedLinear)
    }
    other = {name: value for name, value in gains.items() if value != pytest.approx(root)}
    linear = [name for name in other if name.startswith("Generator blocks.0")]
    assert len(linear) == 1 and other.pop(linear[0]) == pytest.approx(root / 4)
    last = [name for name in other if name.startswith("Critic blocks.0")]
    assert len(last) == 1 and other.pop(last[0]) == pytest.approx(1), "the last dense layer"
    assert other == {f"Generator to_rgb.{i}": pytest.approx(1) for i in range(5)}
    assert len(gains) == 2 * (2 + 5 + 2 * 4) + 1, "every layer with weights is equalised"


@pytest.mark.parametrize(
    ("fused", "plain"),
    [
        (EqualisedUpsample, lambda conv, x: conv(interpolate(x, scale_factor=2, mode="nearest"))),
        (EqualisedDownsample, lambda conv, x: avg_pool2d(conv(x), 2)),
    ],
)
def test_fused_equals_unfused(fused, plain):
    torch.manual_seed(0)
    layer, conv, x = fused(6, 5).double(), EqualisedConv2d(6, 5).double(), torch.randn(2, 6, 4, 4)
    nn.init.normal_(layer.bias)
    conv.load_state_dict(layer.state_dict())
    assert layer.scale == conv.scale
    torch.testing.assert_close(layer(x.double()), plain(conv, x.double()))


def test_pixel_norm():
    x = torch.randn(3, 5, 4, 4)
    normed = PixelNorm()(x)
    torch.testing.assert_close(normed.square().mean(dim=1), torch.ones(3, 4, 4))
    torch.testing.assert_close(normed, PixelNorm()(7 * x))
    assert PixelNorm()(torch.zeros(1, 5)).isfinite().all()


def test_the_minibatch_standard_deviation():
    std = MinibatchStd(2)
    group = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    joined = std(group)
    assert joined.shape == (2, 4, 4, 4) and torch.equal(joined[:, :3], group)
    torch.testing.assert_close(joined[:, 3], torch.ones(2, 4, 4))
    same = MinibatchStd()(torch.full((8, 3, 4, 4), 0.7))
    torch.testing.assert_close(same[:, 3], torch.full((8, 4, 4), 1e-4))


def test_groups_are_four_neighbours_and_do_not_mix():
    x = torch.cat([torch.zeros(4, 1, 2, 2), torch.randn(4, 1, 2, 2)])
    channel = MinibatchStd()(x)[:, 1]
    torch.testing.assert_close(channel[:4], torch.full((4, 2, 2), 1e-4))
    expected = x[4:].std(dim=0, correction=0).mean()
    torch.testing.assert_close(channel[4:], expected.expand(4, 2, 2))
    assert MinibatchStd()(x[:3]).shape == (3, 2, 2, 2), "a small batch is one group"
    with pytest.raises(ValueError, match="multiple of 4 images, got 6"):
        MinibatchStd()(x[:6])


# The networks


def test_shapes_at_every_stage(generator, critic):
    z = torch.randn(4, 8)
    for stage, size in enumerate((4, 8, 16)):
        images = generator(z, stage)
        assert images.shape == (4, 3, size, size)
        assert critic(images, stage).shape == (4,)
    assert torch.equal(generator(z), generator(z, 2)), "the last stage by default"
    assert Generator().sizes == (4, 8, 16, 32, 64)
    large = Generator(8, (8, 8, 8, 8, 8, 8))(torch.randn(1, 8))
    assert large.shape == (1, 3, 128, 128)
    assert Critic((8, 8, 8, 8, 8, 8))(large).shape == (1,)


def test_no_batch_norm_no_tanh_no_sigmoid_and_the_ends_are_linear(generator, critic):
    kinds = {type(m) for network in (generator, critic) for m in network.modules()}
    assert not kinds & {nn.BatchNorm2d, nn.Tanh, nn.Sigmoid, nn.ReLU}
    assert not any(isinstance(m, PixelNorm) for m in critic.modules())
    assert all(isinstance(layer, EqualisedConv2d) for layer in generator.to_rgb)
    assert isinstance(critic.blocks[0][-1], EqualisedLinear)
    assert generator(100 * torch.randn(50, 8)).abs().max() > 1
    scaled = generator(3 * torch.ones(1, 8)), generator(torch.ones(1, 8))
    torch.testing.assert_close(*scaled), "pixel norm on z"
    slopes = {m.negative_slope for m in critic.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}


def test_convolutions_read_multiples_of_eight_channels(critic):
    critic = Critic()
    widths = [m.in_channels for m in critic.modules() if isinstance(m, EqualisedConv2d)]
    assert all(width % 8 == 0 for width in widths if width != 3), "3: the colours"
    assert sum(isinstance(m, MinibatchStd) for m in critic.modules()) == 1


def test_the_critic_sees_the_whole_batch(critic):
    torch.manual_seed(0)
    images = torch.randn(4, 3, 16, 16)
    alike = images[:1].expand(4, 3, 16, 16)
    assert not torch.allclose(critic(images)[0], critic(alike)[0])


@pytest.mark.parametrize("stage", [1, 2])
def test_a_new_stage_begins_where_the_old_one_ended(stage, generator, critic):
    z, images = torch.randn(4, 8), torch.randn(4, 3, 4 << stage, 4 << stage)
    torch.testing.assert_close(
        generator(z, stage, 0.0),
        interpolate(generator(z, stage - 1), scale_factor=2, mode="nearest"),
    )
    torch.testing.assert_close(critic(images, stage, 0.0), critic(avg_pool2d(images, 2), stage - 1))


def test_the_fade_is_linear_in_colours(generator):
    z = torch.randn(4, 8)
    old, new = generator(z, 2, 0.0), generator(z, 2, 1.0)
    torch.testing.assert_close(generator(z, 2, 0.3), 0.7 * old + 0.3 * new)
    assert torch.equal(generator(z, 0, 0.3), generator(z, 0)), "nothing to fade from"


def test_the_critic_fades_features(critic):
    images = torch.randn(4, 3, 8, 8)
    features = torch.lerp(
        critic.from_rgb[0](avg_pool2d(images, 2)),
        critic.blocks[1](critic.from_rgb[1](images)),
        0.3,
    )
    torch.testing.assert_close(critic(images, 1, 0.3), critic.blocks[0](features).squeeze(1))


@pytest.mark.parametrize("fade", [0.5, 1.0])
def test_at_fade_one_no_gradient_reaches_the_old_colours(fade, generator, critic):
    critic(generator(torch.randn(4, 8), 2, fade), 2, fade).sum().backward()
    fading = fade < 1
    for colours in (generator.to_rgb, critic.from_rgb):
        reached = [any(p.grad is not None for p in layer.parameters()) for layer in colours]
        assert reached == [False, fading, True]


def test_later_stages_get_no_gradient(generator, critic):
    critic(generator(torch.randn(4, 8), 1), 1).sum().backward()
    for network in (generator, critic):
        assert all(p.grad is None for p in network.blocks[2].parameters())
        assert all(p.grad is not None for p in network.blocks[1].parameters())


def test_real_images_fade_too():
    real = torch.randn(2, 3, 8, 8)
    doubled = interpolate(avg_pool2d(real, 2), scale_factor=2, mode="nearest")
    torch.testing.assert_close(faded(real, 0.0), doubled)
    torch.testing.assert_close(faded(real, 0.25), 0.75 * doubled + 0.25 * real)
    assert torch.equal(faded(real, 1.0), real)


# The losses


def linear_critic(shape, norm):
    w = torch.randn(shape).double()
    w = norm * w / w.norm()
    return lambda x: (x * w).flatten(1).sum(dim=1)


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_the_penalty_of_a_linear_critic(batch):
    torch.manual_seed(0)
    real, fake = torch.randn(2, batch, 3, 4, 4).double()
    penalty = losses.gradient_penalty(linear_critic((3, 4, 4), 3.0), real, fake)
    assert penalty.item() == pytest.approx(40), "10 · (3 − 1)²"
    free = losses.gradient_penalty(linear_critic((3, 4, 4), 1.0), real, fake)
    assert free.item() == pytest.approx(0, abs=1e-12)


def test_the_penalty_is_taken_between_real_and_fake():
    seen = []

    def critic(x):
        seen.append(x)
        return x.flatten(1).square().sum(dim=1) / 2  # its slope at x is ‖x‖

    real, fake = torch.ones(3, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    eps = torch.tensor([0.0, 0.5, 1.0])
    penalty = losses.gradient_penalty(critic, real, fake, eps)
    expected = 10 * torch.tensor([(0 - 1) ** 2, (1 - 1) ** 2, (2 - 1) ** 2]).float().mean()
    torch.testing.assert_close(penalty, expected)
    assert torch.equal(seen[0].detach(), eps.view(3, 1, 1, 1).expand(3, 1, 2, 2))


def test_epsilon_is_uniform_and_one_per_sample():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.flatten(1).sum(dim=1)

    torch.manual_seed(0)
    real, fake = torch.ones(4000, 1, 2, 2), torch.zeros(4000, 1, 2, 2)
    losses.gradient_penalty(critic, real, fake)
    eps = seen[0].flatten(1)
    assert (eps == eps[:, :1]).all()
    # The largest gap between the distribution of 4,000 uniform numbers and the diagonal is above
    # 1.95/√4000 once in a thousand draws (Kolmogorov).
    gap = (eps[:, 0].sort().values - torch.linspace(0, 1, 4000)).abs().max()
    assert gap < 1.95 / math.sqrt(4000)


def test_the_penalty_trains_the_critic_and_not_the_generator(generator, critic):
    fake = generator(torch.randn(4, 8))
    losses.gradient_penalty(critic, torch.randn(4, 3, 16, 16), fake).backward()
    assert all(p.grad is None for p in generator.parameters())
    weights = [m.weight for m in critic.blocks.modules() if hasattr(m, "scale")]
    assert all(weight.grad.abs().sum() > 0 for weight in weights)


def test_bad_arguments_of_the_penalty_are_named():
    x = torch.zeros(4, 3, 4, 4)
    with pytest.raises(ValueError, match="one shape"):
        losses.gradient_penalty(linear_critic((3, 4, 4), 1.0), x, x[:2])
    with pytest.raises(ValueError, match=r"eps has shape \(4,\), got \(4, 1, 1, 1\)"):
        losses.gradient_penalty(linear_critic((3, 4, 4), 1.0), x, x, torch.rand(4, 1, 1, 1))


def test_the_wasserstein_losses():
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([1.0, -2.0])
    assert losses.wgan_critic_loss(real, fake).item() == -4.5
    assert losses.wgan_generator_loss(fake).item() == 0.5
    assert losses.drift(real).item() == pytest.approx(0.017)


# The recipe

STAGES = [
    {"fade": 0, "stabilise": 16, "batch": 8},
    {"fade": 12, "stabilise": 8, "batch": 4},
]


def test_the_schedule():
    schedule = Schedule(STAGES)
    assert schedule.steps == 7
    at = [schedule.at(i) for i in range(7)]
    assert [m.stage for m in at] == [0, 0, 1, 1, 1, 1, 1]
    assert [m.fade for m in at] == pytest.approx([1, 1, 0, 1 / 3, 2 / 3, 1, 1])
    assert [m.begins for m in at] == [True, False, True, False, False, True, False]
    assert [m.batch for m in at] == [8, 8, 4, 4, 4, 4, 4]
    with pytest.raises(ValueError, match="step is 0 to 6, not 7"):
        schedule.at(7)
    with pytest.raises(ValueError, match="nothing to fade from"):
        Schedule(STAGES[1:])


def test_phases_are_rounded_up_to_whole_batches():
    assert Schedule([{"fade": 0, "stabilise": 5, "batch": 4}]).steps == 2


def test_the_recipe_follows_the_paper():
    recipe = recipes.recipe("progan-personas")
    assert (recipe.objective, recipe.penalty_every, recipe.ema) == ("wgan-gp", 1, 0.999)
    assert recipe.learning_rate == 1e-3
    schedule = Schedule(recipe.stages)
    at = [schedule.at(i) for i in range(recipe.steps)]
    assert all(a.stage <= b.stage for a, b in pairwise(at)) and at[-1].stage == 4
    assert at[-1].fade == 1, "it ends stabilised"


def test_the_rate_is_raised_once_and_falls_at_the_end():
    recipe = dataclasses.replace(
        recipes.recipe("progan-personas"),
        stages=[{"fade": 0, "stabilise": 100, "batch": 1}],
        falling=0.2,
        raised=(40, 3.0),
    )
    players = Players(Generator(8, (4,)), Critic((8,)), recipe)
    rates = []
    for _ in range(100):
        rates.append({group["lr"] for o in players.optimisers.values() for group in o.param_groups})
        for optimiser in players.optimisers.values():
            optimiser.step()
        players.end_step()
    (first,), (before,), (after,), (amid,), (last,) = (rates[i] for i in (0, 39, 40, 90, 99))
    assert (first, before, after) == pytest.approx((1e-3, 1e-3, 3e-3))
    assert (amid, last) == pytest.approx((1.5e-3, 0.15e-3))


def test_the_race_is_between_the_same_networks():
    grown, straight = (progan_personas.RACE[name] for name in ("grown", "straight"))
    assert dataclasses.replace(grown, stages=straight.stages) == straight
    assert grown.objective == "wgan-gp" and grown.penalty_every == 1
    sizes = [Schedule(recipe.stages).at(0).stage for recipe in (grown, straight)]
    assert sizes == [0, 3] and Schedule(straight.stages).at(0).fade == 1
    last = Schedule(grown.stages).at(10_000)
    assert (last.stage, last.fade) == (3, 1), "it reaches 32×32 and stabilises"


@pytest.fixture
def short(monkeypatch):
    images, attributes = data.personas("test")
    few = images[:40], attributes[:40]
    monkeypatch.setattr(data, "personas", lambda split: few)
    monkeypatch.setattr(metrics, "portraits_report", lambda samples, judge: {"n": len(samples)})
    return dataclasses.replace(
        recipes.recipe("progan-personas"),
        arguments={"z_dim": 8, "channels": [8, 8]},
        stages=STAGES,
    )


def moments(optimiser):
    return {id(p): state["step"].item() for p, state in optimiser.state.items()}


def test_adam_is_reset_at_phases_and_the_average_is_not(short, monkeypatch):
    work = short.begin()
    ema, optimisers = work.parts["ema"], [work.parts[f"optimiser_{name}"] for name in "gd"]
    assert {group["betas"] for o in optimisers for group in o.param_groups} == {(0.0, 0.99)}
    assert {group["lr"] for o in optimisers for group in o.param_groups} == {1e-3}
    average, counts = work.model, []
    assert average is ema.model
    for i in range(short.steps):
        work.step(i)
        counts.append({count for o in optimisers for count in moments(o).values()})
        assert ema.model is average and ema.updates == i + 1, "one average, never rebuilt"
    assert [max(count) for count in counts] == [1, 2, 1, 2, 3, 1, 2]
    late = work.parts["generator"].to_rgb[1].weight
    assert optimisers[0].state[late]["step"] == 2, "all of the last phase's weights are in it"


def test_critic_and_generator_see_the_same_stage_and_the_reals_fade(short, monkeypatch):
    seen = []
    true_forward = Critic.forward

    def forward(self, images, stage=None, fade=1.0):
        seen.append((images.detach().clone(), stage, fade))
        return true_forward(self, images, stage, fade)

    monkeypatch.setattr(Critic, "forward", forward)
    work = short.begin()
    for i in range(2, 4):
        seen.clear()
        work.step(i)
        moment = Schedule(STAGES).at(i)
        assert {(stage, fade) for _, stage, fade in seen} == {(moment.stage, moment.fade)}
        real = seen[0][0]
        difference = (real - faded(real, 0.0)).abs().max()
        assert (difference < 1e-6) == (moment.fade == 0), "blocks of four at fade 0, not later"


@pytest.mark.parametrize(("objective", "penalty"), [("wgan-gp", 10 * 2**2), ("r1", 0.5 * 4.5)])
def test_penalties_act_in_every_third_step_and_weigh_three_times(short, objective, penalty):
    """As of the second ProGAN: of a critic with slope 3 everywhere."""
    lazy, never = (
        dataclasses.replace(short, objective=objective, penalty_every=k, r1=0.5) for k in (3, 99)
    )
    real, fake = torch.randn(2, 5, 3, 2, 2, generator=torch.Generator().manual_seed(0))

    def critic(images):
        return images.flatten(1) @ torch.full((12,), 3 / 12**0.5)

    for i in range(1, 5):
        more, less = (r.critic_loss(critic, real.clone(), fake, i)[0].item() for r in (lazy, never))
        assert more - less == pytest.approx(3 * penalty if i == 3 else 0, rel=1e-4), i


@pytest.mark.parametrize("objective", ["wgan-gp", "r1"])
def test_a_step_moves_both_networks_and_leaves_the_critic_trainable(short, objective):
    work = dataclasses.replace(short, objective=objective, penalty_every=2).begin()
    parts = work.parts["generator"], work.parts["discriminator"]
    before = [{key: value.clone() for key, value in part.state_dict().items()} for part in parts]
    for i in range(2):
        assert all(value.isfinite() for value in work.step(i).values())
    for part, old in zip(parts, before, strict=True):
        moved = {
            key for key, value in part.state_dict().items() if not torch.equal(value, old[key])
        }
        assert "blocks.0.1.weight" in moved or "blocks.0.1.0.weight" in moved
        assert not any(key.startswith(("blocks.1", "to_rgb.1", "from_rgb.1")) for key in moved)
        assert all(p.requires_grad for p in part.parameters())


def test_the_recipe_resumes_to_the_bit(short, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name: None)
    straight = run(short, tmp_path / "straight", resume=False, every=3)
    real_fit = training.fit

    def stopped_fit(step, steps, **options):
        def interrupted(i):
            if i == 5:
                raise KeyboardInterrupt
            return step(i)

        return real_fit(interrupted, steps, **options)

    monkeypatch.setattr(training, "fit", stopped_fit)
    out = tmp_path / "resumed"  # stops amid a fade
    assert run(short, out, resume=False, every=3) is None
    monkeypatch.setattr(training, "fit", real_fit)
    run(short, out, resume=True, every=3)
    first, second = (
        (folder / "progan-personas.safetensors").read_bytes() for folder in (straight, out)
    )
    assert first == second
    monkeypatch.undo()
    monkeypatch.setattr(zoo, "FOLDER", out)
    assert zoo.card("progan-personas")["steps"] == 7
    assert zoo.load("progan-personas").sample(2).shape == (2, 3, 8, 8)


def test_the_kernel_is_scaled_before_it_is_summed():
    """Fused and equalised, the fan-in is that of the 3×3 kernel, not of the 4×4 one."""
    layer, x = EqualisedDownsample(6, 5), torch.randn(1, 6, 4, 4)
    kernel = downsample_kernel(layer.weight) * math.sqrt(2) / math.sqrt(6 * 9)
    torch.testing.assert_close(layer(x), conv2d(x, kernel, layer.bias, stride=2, padding=1))


# Sampling


def test_the_sample_contract(generator):
    with torch.no_grad():
        generator.to_rgb[2].weight.mul_(3)
    generator.train()
    images = generator.sample(10, seed=3)
    assert images.shape == (10, 3, 16, 16) and images.dtype == torch.float32
    assert images.abs().max() == 1, "clipped: the network itself leaves the range"
    assert not images.requires_grad and generator.training
    for batch in (1, 3):
        # Weights three times as large make rounding show: 1e-5 was seen, a pixel of 255 is 8e-3.
        again = generator.sample(10, seed=3, batch=batch)
        torch.testing.assert_close(again, images, atol=1e-4, rtol=0)
    torch.testing.assert_close(generator.sample(4, seed=3), images[:4], atol=1e-4, rtol=0)
    assert not torch.allclose(generator.sample(10, seed=4), images)
    assert generator.sample(2, stage=1, fade=0.5).shape == (2, 3, 8, 8)
    state = torch.get_rng_state()
    generator.sample(2)
    assert torch.equal(torch.get_rng_state(), state), "the caller's random numbers stay"


def test_bad_input_is_named(generator, critic):
    with pytest.raises(ValueError, match=r"z has shape \(N, 8\), got \(2, 7\)"):
        generator(torch.zeros(2, 7))
    with pytest.raises(ValueError, match=r"stage is 0 to 2 \(4 to 16 pixels\), not 3"):
        generator(torch.zeros(2, 8), 3)
    with pytest.raises(ValueError, match="stage is 0 to 2"):
        generator.sample(2, stage=-1)
    with pytest.raises(ValueError, match=r"fade is between 0 and 1, not 1\.5"):
        critic(torch.zeros(2, 3, 16, 16), 2, 1.5)
    with pytest.raises(ValueError, match=r"images has shape \(N, 3, 8, 8\), got \(2, 3, 16, 16\)"):
        critic(torch.zeros(2, 3, 16, 16), 1)
    with pytest.raises(ValueError, match="n is 1 or more, not 0"):
        generator.sample(0)


def test_fitted_colours_bring_the_earlier_stages_up_to_date():
    trained = zoo.load("progan-personas")
    fitted = with_fitted_colours(trained, n=32)
    z = latents(16, trained.z_dim, seed=9)
    with torch.no_grad():
        last = trained(z)
        torch.testing.assert_close(fitted(z), last)  # the last stage stays as it is
        for stage, size in enumerate(trained.sizes[:-1]):
            target = avg_pool2d(last, last.shape[2] // size)
            before, after = ((g(z, stage) - target).square().mean() for g in (trained, fitted))
            assert after < 0.1 * before and after < 0.05

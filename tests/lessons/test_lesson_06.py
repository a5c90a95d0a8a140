"""Lesson 06 defines what the library holds: same weights, same outputs, same training."""

import pytest
import torch
from cells import definitions

from course_lib import data, losses, sampling, zoo
from course_lib.models import stackgan, text
from course_lib.training import EMA, seed_everything


@pytest.fixture(scope="module")
def lesson():
    return definitions("06_stackgan.ipynb")


def equal(theirs, ours, *inputs):
    """Copy the lesson's weights into the library's network and compare all outputs, to the bit."""
    ours.load_state_dict(theirs.state_dict())
    for mode in (True, False):
        theirs.train(mode)
        ours.train(mode)
        torch.testing.assert_close(theirs(*inputs), ours(*inputs), rtol=0, atol=0)


def test_the_text_encoder(lesson):
    tokens = data.Tokeniser().encode(["a person with a pink bob", "", "someone in a red beanie"])
    torch.manual_seed(0)
    equal(lesson.TextEncoder(192, 16, 8), text.TextEncoder(192, 16, 8), tokens)


def test_conditioning_augmentation(lesson):
    ours = stackgan.ConditioningAugmentation(16, 8)
    equal(lesson.ConditioningAugmentation(16, 8), ours, torch.randn(5, 16), torch.randn(5, 8))


def test_the_generators(lesson):
    torch.manual_seed(0)
    z, c = torch.randn(6, 8), torch.randn(6, 8)
    equal(lesson.StageIGenerator(16, 8, 8, 4), stackgan.StageIGenerator(16, 8, 8, 4), z, c)
    small = torch.rand(6, 3, 16, 16) * 2 - 1
    equal(lesson.StageIIGenerator(16, 8, 4, 2), stackgan.StageIIGenerator(16, 8, 4, 2), small, c)


@pytest.mark.parametrize(("size", "channels"), [(16, (4, 8)), (64, (4, 8, 16, 16))])
def test_the_discriminators(lesson, size, channels):
    torch.manual_seed(0)
    images, texts = torch.rand(6, 3, size, size) * 2 - 1, torch.randn(6, 16)
    ours = stackgan.Discriminator(size, width=4, text_dim=16, compressed=8)
    equal(lesson.Discriminator(channels, text_dim=16, compressed=8), ours, images, texts)


def test_the_initial_weights(lesson):
    for theirs, ours in (
        (lesson.StageIGenerator, stackgan.StageIGenerator),
        (lesson.StageIIGenerator, stackgan.StageIIGenerator),
        (lambda: lesson.Discriminator((32, 64)), lambda: stackgan.Discriminator(16)),
    ):
        torch.manual_seed(3)
        a = theirs().state_dict()
        torch.manual_seed(3)
        b = ours().state_dict()
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_the_losses(lesson):
    torch.manual_seed(0)
    images, texts, logits = torch.randn(9, 5), torch.randn(9, 5), torch.randn(3, 9)
    torch.testing.assert_close(
        lesson.contrastive_loss(images, texts, 0.07), losses.contrastive_loss(images, texts, 0.07)
    )
    torch.testing.assert_close(lesson.matching_loss(*logits), losses.matching_loss(*logits))


@pytest.fixture(scope="module")
def portraits():
    images, attributes = data.personas("test")
    return data.shrunk(images[:48], 16), attributes[:48]


def encode(captions):
    """A stand-in for the text encoder: different for every caption, and the same every time."""
    tokens = data.Tokeniser().encode(captions).float()  # (N, 64)
    return torch.sin(tokens[:, :16] + tokens[:, 16:32])


def fresh():
    seed_everything(1)
    generator = stackgan.StageIGenerator(16, 8, 8, 4)
    return generator, stackgan.Discriminator(16, width=4, text_dim=16, compressed=8)


def test_the_lessons_step_by_hand(lesson, portraits):
    """Five steps equal Adam's: D on right, wrong and generated, R1 in every fourth; then G."""
    generator, discriminator = fresh()
    batches, average = data.batches(*portraits, size=16), EMA(generator)
    step = lesson.make_step(
        generator, discriminator, batches, encode, lesson.drawn_from_noise, average, r1=0.3
    )
    seed_everything(2)
    for i in range(5):
        values = step(i)
    assert set(values) == {"loss_d", "loss_g", "KL"}

    g, d = fresh()
    adam_g = torch.optim.Adam(g.parameters(), 6e-4, betas=(0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 6e-4, betas=(0.5, 0.999), fused=True)
    batches, expected = data.batches(*portraits, size=16), EMA(g)
    seed_everything(2)
    for i in range(5):
        real, attributes = next(batches)
        told = data.mentioned(attributes, seed=i)
        texts = encode(data.captions(attributes, seed=i))
        others = texts[data.wrong_captions(attributes, told)]
        z = torch.randn(16, 8)
        c, mu, log_sigma = g.augment(texts)
        fake = g(z, c)
        real.requires_grad_(i % 4 == 0)
        features = d.features(real)
        right = d.match(features, texts)
        wrong = d.match(features, others)
        loss = losses.matching_loss(right, wrong, d(fake.detach(), texts))
        if i % 4 == 0:
            loss = loss + 4 * 0.3 * losses.r1_penalty(right, real)
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        kl = losses.kl_divergence(mu, 2 * log_sigma)
        (losses.generator_loss(d(fake, texts)) + 0.002 * kl).backward()
        adam_g.step()
        expected.update(g)
    for ours, theirs in ((g, generator), (d, discriminator), (expected.model, average.model)):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_lessons_step_shows_d_three_kinds_of_pairs(lesson, portraits, monkeypatch):
    """Reals with their captions, the same reals with lies, fakes with what they were drawn from."""
    generator, discriminator = fresh()
    heard, match = [], discriminator.match
    monkeypatch.setattr(discriminator, "match", lambda f, t: heard.append(t.clone()) or match(f, t))
    batches = data.batches(*portraits, size=16)
    lesson.make_step(
        generator, discriminator, batches, encode, lesson.drawn_from_noise, EMA(generator), r1=0.2
    )(0)
    _, attributes = next(data.batches(*portraits, size=16))
    captions = data.captions(attributes, seed=0)
    texts, told = encode(captions), data.mentioned(attributes, seed=0)
    right, wrong, fake, again = heard
    assert torch.equal(right, texts) and torch.equal(fake, texts) and torch.equal(again, texts)
    lies = data.contradictions(attributes, told)
    for i, text_of in enumerate(wrong):
        rows = (texts == text_of).all(dim=1).nonzero().squeeze(1)
        assert len(rows) and all(lies[i, j] for j in rows)


def test_the_shipped_embedding_is_what_the_lessons_encoder_gives(lesson):
    ours = zoo.load("text-encoder-personas").text
    theirs = lesson.TextEncoder()
    theirs.load_state_dict(ours.state_dict())
    tokens = data.Tokeniser().encode(["a bald person with a pacifier"])
    vector = sampling.in_batches(theirs, tokens, batch=1)
    torch.testing.assert_close(vector, sampling.in_batches(ours, tokens, batch=1))
    assert vector.norm().item() == pytest.approx(128**0.5, rel=1e-5)

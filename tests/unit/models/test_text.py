"""The text encoder: padding, length, retrieval, and how well the shipped one reads."""

import math

import pytest
import torch

from course_lib import data, losses, metrics, zoo
from course_lib.models.text import ImageEncoder, JointEmbedding, TextEncoder
from course_lib.training import evaluating

SENTENCES = ["a person with a pink bob", "someone wearing a green checked shirt", "a wink"]


@pytest.fixture
def small():
    torch.manual_seed(0)
    return JointEmbedding(dim=16, hidden=8, width=2)


def test_shapes_and_the_length_of_an_embedding(small):
    tokens = data.Tokeniser().encode(SENTENCES)
    embeddings = small.text(tokens)
    assert embeddings.shape == (3, 16)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.full((3,), 4.0))
    assert small.image(torch.zeros(2, 3, 64, 64)).shape == (2, 16)
    cosines = small(torch.randn(2, 3, 64, 64), tokens)
    assert cosines.shape == (2, 3) and cosines.abs().max() <= 1
    assert TextEncoder().words.num_embeddings == len(data.Tokeniser())


def test_neither_padding_nor_neighbours_change_an_embedding(small):
    tokens = data.Tokeniser().encode(SENTENCES)
    together = small.text(tokens)
    for row, expected in zip(tokens, together, strict=True):
        length = int((row != 0).sum())
        torch.testing.assert_close(small.text(row[None, :length])[0], expected)
        torch.testing.assert_close(small.text(row[None])[0], expected)
    assert small.text(torch.zeros(1, 5, dtype=torch.int64)).isfinite().all(), "an empty caption"


def test_the_order_of_words_counts(small):
    one, other = data.Tokeniser().encode(["red hair and a blue top", "blue hair and a red top"])
    assert not torch.allclose(small.text(one[None]), small.text(other[None]))


def test_wrong_shapes_are_named(small):
    with pytest.raises(ValueError, match=r"tokens has shape \(N, N\), got \(3,\)"):
        small.text(torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"images has shape \(N, 3, 64, 64\)"):
        ImageEncoder()(torch.zeros(1, 3, 32, 32))


# The contrastive loss


def test_contrastive_loss_of_equal_and_of_perfect_embeddings():
    same = torch.ones(8, 4)
    assert losses.contrastive_loss(same, same).item() == pytest.approx(math.log(8))
    apart = torch.eye(8)
    assert losses.contrastive_loss(apart, 3 * apart, 0.01).item() == pytest.approx(0, abs=1e-6)


def test_contrastive_loss_by_hand_and_symmetric():
    torch.manual_seed(0)
    images, texts = torch.randn(2, 5, 3)
    unit = [x / x.norm(dim=1, keepdim=True) for x in (images, texts)]
    logits = unit[0] @ unit[1].T / 0.2
    expected = -0.5 * (logits.log_softmax(1).diagonal() + logits.log_softmax(0).diagonal()).mean()
    found = losses.contrastive_loss(images, texts, 0.2)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(losses.contrastive_loss(texts, images, 0.2), found)
    everything = torch.ones(5, 5, dtype=torch.bool)
    torch.testing.assert_close(losses.contrastive_loss(images, texts, 0.2, everything), found)


def test_a_caption_that_occurs_twice_costs_nothing():
    images = torch.eye(4)[[0, 0, 1, 2]]
    twice = losses.contrastive_loss(images, images, 0.05)
    assert twice.item() > 0.3, "two equal pairs cannot be told apart"
    negatives = (images @ images.T) == 0
    masked = losses.contrastive_loss(images.requires_grad_(), images, 0.05, negatives)
    assert masked.item() < 1e-6
    masked.backward()
    assert images.grad.isfinite().all()
    alone = torch.zeros(4, 4, dtype=torch.bool)
    assert losses.contrastive_loss(images, images, 0.05, alone).item() == 0


def test_contrastive_loss_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"one shape \(N, F\), got \(2, 3\) and \(2, 4\)"):
        losses.contrastive_loss(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ValueError, match=r"negatives have shape \(2, 2\), got \(2,\)"):
        losses.contrastive_loss(torch.ones(2, 3), torch.ones(2, 3), 1.0, torch.ones(2) > 0)


# Retrieval


def test_ranks():
    perfect = torch.eye(5)
    assert metrics.ranks(perfect).tolist() == [1] * 5
    assert metrics.ranks(-perfect).tolist() == [5] * 5
    assert metrics.ranks(torch.zeros(5, 5)).tolist() == [3] * 5, "who cannot tell is in the middle"
    of_each_text = torch.tensor([[3, 9, 0], [1, 5, 0], [0, 0, 4]])  # text 1: image 0 is above
    assert metrics.ranks(of_each_text).tolist() == [1, 2, 1]
    with pytest.raises(ValueError, match=r"shape \(N, N\), got \(2, 3\)"):
        metrics.ranks(torch.zeros(2, 3))


def test_retrieval_of_a_reader_who_understands_everything():
    _, attributes = data.personas("test")
    attributes = attributes[:300]
    told = data.mentioned(attributes)
    fits = ~data.contradictions(attributes, told)
    found = metrics.retrieval_report(fits.double() + 0.1 * torch.eye(300), attributes, told)
    assert found["mean rank among 100"] == 1 and found["recall@1"] == 1
    found = metrics.retrieval_report(
        fits + torch.rand(300, 300, generator=torch.Generator().manual_seed(0)) / 2,
        attributes,
        told,
    )
    assert found["recall@1"] == pytest.approx(found["recall@1 of a perfect reader"], abs=0.03)
    with pytest.raises(ValueError, match="do not make groups of 100"):
        metrics.retrieval_report(fits[:150, :150].double(), attributes[:150], told[:150])


# The shipped encoder


def test_the_shipped_encoder_finds_portraits_as_its_card_says():
    model = zoo.load("text-encoder-personas")
    figures = zoo.card("text-encoder-personas")["figures"]
    images, attributes = data.personas("test")
    images, attributes = images[:500], attributes[:500]
    tokens = data.Tokeniser().encode(data.captions(attributes))
    with evaluating(model):
        similarity = model(data.to_float(images), tokens)
    found = metrics.retrieval_report(similarity, attributes, data.mentioned(attributes))
    assert found["recall@1"] >= 0.85 and found["median rank among 100"] == 1
    assert found["recall@1"] == pytest.approx(figures["recall@1"], abs=0.04)

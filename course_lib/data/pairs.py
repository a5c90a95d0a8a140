"""Portraits with captions of other portraits: which do not fit, and how to choose such ones."""

import torch

from course_lib.data.portraits import visible


def contradictions(attributes: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """Return which captions say something of which portraits that these do not show.

    Args:
        attributes: integers, (N, 9), as `personas` returns them.
        told: bool, (N, 9), which of its attributes portrait j's caption names: `mentioned`.

    Returns:
        bool, (N, N): entry [i, j] is True where portrait i differs from what caption j names, in
        one attribute or more. Never on the diagonal, nor for two equal captions.

    Raises:
        ValueError: another shape, an index outside its tuple, or a caption that names what its
            own portrait does not show.
    """
    seen = visible(attributes)
    if told.shape != attributes.shape or told.dtype != torch.bool:
        raise ValueError(
            f"told is bool with shape {tuple(attributes.shape)}, like attributes, "
            f"got {told.dtype} with {tuple(told.shape)}"
        )
    if (told & ~seen).any():
        raise ValueError("told marks an attribute that its portrait does not show")
    # What a portrait does not show has no value here, so it differs from every named one.
    shown = attributes.masked_fill(~seen, -1)
    differs = shown[:, None] != shown[None]  # (N, N, 9): portrait i against portrait j
    return (differs & told[None]).any(dim=2)


def wrong_captions(
    attributes: torch.Tensor, told: torch.Tensor, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Return for each portrait of a batch the row of a caption that does not describe it.

    Rolling a batch by one, as public code does, pairs some portraits with captions that are true
    of them ("a person with a bun" fits every bun); the discriminator would be told that they do
    not match. Here the row is drawn from those whose caption contradicts the portrait.

    Args:
        attributes, told: as `contradictions` takes them.
        generator: draws the rows; by default PyTorch's own.

    Returns:
        int64, (N,): entry i is the row of the wrong caption for portrait i.

    Raises:
        ValueError: as `contradictions`, or every caption fits some portrait (batches of a few).
    """
    wrong = contradictions(attributes, told)
    fitted = (~wrong.any(dim=1)).nonzero()
    if len(fitted):
        raise ValueError(
            f"no caption of the batch is wrong for portrait {fitted[0].item()}; use a larger batch"
        )
    return torch.multinomial(wrong.float(), 1, generator=generator).squeeze(1)

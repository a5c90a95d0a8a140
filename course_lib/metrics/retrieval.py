"""How well texts find their images: ranks among a hundred."""

import torch

from course_lib.data import contradictions


def ranks(similarity: torch.Tensor) -> torch.Tensor:
    """Return the rank of the right image for every text, float (N,); 1 is the best, N the worst.

    Args:
        similarity: (N images, N texts); image i belongs to text i. Equal values share the mean of
            their ranks, so that a model which cannot tell gets (N + 1)/2.

    Raises:
        ValueError: the matrix is not square.
    """
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise ValueError(f"similarity has shape (N, N), got {tuple(similarity.shape)}")
    right = similarity.diagonal()
    above, level = (similarity > right).sum(dim=0), (similarity == right).sum(dim=0)
    return above + (level + 1) / 2


def retrieval_report(
    similarity: torch.Tensor, attributes: torch.Tensor, told: torch.Tensor, among: int = 100
) -> dict:
    """Return how well captions find their portraits among `among` of them, in groups of rows.

    Args:
        similarity: (N images, N texts), N a multiple of `among`.
        attributes, told: (N, 9), as `data.contradictions` takes them. They tell how often a
            reader who understands everything would be right: captions often fit several portraits.
        among: portraits to choose from; group by group of so many rows.

    Returns:
        Mean and median rank of the right portrait, the share of captions that rank it first
        (recall@1), and this share for the perfect reader, who draws among all that fit.

    Raises:
        ValueError: N is not a multiple of `among`, or the shapes differ.
    """
    n = len(similarity)
    if n % among or len(attributes) != n:
        raise ValueError(f"{n} texts and {len(attributes)} portraits do not make groups of {among}")
    found, best = [], []
    for i in range(0, n, among):
        rows = slice(i, i + among)
        found.append(ranks(similarity[rows, rows]))
        fitting = (~contradictions(attributes[rows], told[rows])).sum(dim=0)
        best.append(1 / fitting.double())
    found = torch.cat(found)
    return {
        f"mean rank among {among}": round(found.mean().item(), 2),
        f"median rank among {among}": round(found.median().item(), 1),
        "recall@1": round((found == 1).double().mean().item(), 4),
        "recall@1 of a perfect reader": round(torch.cat(best).mean().item(), 4),
    }

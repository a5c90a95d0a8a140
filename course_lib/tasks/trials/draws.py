"""Random draws: is what comes allowed, and does it come as often as it should?"""

from collections.abc import Callable

import torch

from course_lib.tasks.comparing import read
from course_lib.tasks.inputs import uniform


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


def draws_wrong_captions(draw: Callable) -> str:
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

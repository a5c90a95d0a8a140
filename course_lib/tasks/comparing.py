"""One call of a function on one input: what came back, its gradients, and whether two agree."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from course_lib.tasks.running import TookTooLong, kept_state, left_open

# Of an answer's own size. Sums of some thousand float32 numbers, in whatever order, agree to
# about 1e-6; the mistakes that the checks look for change a number by more than a hundredth.
# float64 answers may have been computed in float32 on their way.
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-5}
# Where the right answer is 0, what counts as 0 is this times the tolerance.
FLOOR = 0.01


@dataclass(frozen=True)
class Case:
    """One input of a check.

    Attributes:
        inputs: what the function is called with; each call gets copies of its own.
        where: says in a few words what the input is; by default names and shapes.
        gradients: positions of the inputs (tensors or modules) to which gradients must flow.
        tolerance: of the answer's own size; by default that of the inputs' dtype.
        in_place: True where an answer may change its input in place at the cost of its backward
            pass; its gradients are then not looked at.
    """

    inputs: tuple
    where: str = ""
    gradients: tuple[int, ...] = ()
    tolerance: float | None = None
    in_place: bool = False

    def fresh(self) -> tuple[list, list[torch.Tensor]]:
        """Return copies of the inputs, and the leaves whose gradients count."""
        inputs, leaves = [], []
        for position, value in enumerate(self.inputs):
            if isinstance(value, torch.Tensor):
                value = value.detach().clone()
                if position in self.gradients:
                    leaves.append(value.requires_grad_())
                    value = value.clone()  # no leaf: the answer may change it in place
            else:
                value = copy.deepcopy(value)
                if position in self.gradients and isinstance(value, nn.Module):
                    leaves += value.parameters()
            inputs.append(value)
        return inputs, leaves

    def told(self, names: Sequence[str]) -> str:
        """Return in words what the input is, whose parts have these names."""
        if self.where:
            return self.where
        shapes: dict[tuple, list[str]] = {}
        others, dtypes = [], []
        for name, value in zip(names, self.inputs, strict=True):
            if isinstance(value, torch.Tensor):
                shapes.setdefault(tuple(value.shape), []).append(name)
                dtypes += [value.dtype] if value.is_floating_point() else []
            else:
                shown = f"{value:.4g}" if isinstance(value, float) else value
                others.append(f"{name} = {shown}")
        parts = [f"{_listed(some)} of shape {shape}" for shape, some in shapes.items()]
        return ", ".join([*parts, *others, *(str(dtype)[6:] for dtype in dtypes[:1])])

    def limit(self) -> float:
        """Return the tolerance that holds for this input."""
        if self.tolerance is not None:
            return self.tolerance
        dtypes = [value.dtype for value in self.inputs if isinstance(value, torch.Tensor)]
        return TOLERANCE.get(dtypes[0], 1e-5) if dtypes else 1e-5


def _listed(words: Sequence[str]) -> str:
    return " and ".join(", ".join(words).rsplit(", ", 1))


@dataclass
class Attempt:
    """What one call gave.

    Attributes:
        value: the answer as a tensor, or None where there is none.
        gradients: by leaf, None where none arrives; the whole is None where none was asked for.
        cut: True where gradients were asked for and the answer has no graph.
        empty: True where the function returned nothing, `...`, or said it is not implemented.
        problem: says why the answer cannot be read as numbers.
        error: what the call raised.
    """

    value: torch.Tensor | None = None
    gradients: Sequence[torch.Tensor | None] | None = None
    cut: bool = False
    empty: bool = False
    problem: str = ""
    error: BaseException | None = field(default=None, repr=False)


def attempt(function: Callable, case: Case, seed: int = 0) -> Attempt:
    """Call the function on a copy of the input and return what came; only a time limit raises."""
    with kept_state():
        return attempted(function, case, seed)


def attempted(function: Callable, case: Case, seed: int = 0, gradients: bool = True) -> Attempt:
    """Call the function as `attempt` does, in the modes and at the state that there are."""
    torch.default_generator.manual_seed(seed)  # torch.manual_seed also formats a trace, for CUDA
    inputs, leaves = case.fresh()
    try:
        returned = function(*inputs)
    except TookTooLong:
        raise
    except BaseException as error:  # a student's SystemExit is an error like any other
        empty = isinstance(error, NotImplementedError) and left_open(error)
        return Attempt(empty=empty, error=error)
    if returned is None or returned is ...:
        return Attempt(empty=True, problem="It returns nothing.")
    try:
        value, problem = read(returned)
        if value is None:
            return Attempt(problem=problem)
        made = Attempt(value=value.detach().clone())
        if leaves and gradients:
            _add_gradients(made, value, leaves)
    except TookTooLong:
        raise
    except BaseException as error:  # a backward pass that the answer itself has broken
        if not (case.in_place and "inplace operation" in _text(error)):
            return Attempt(error=error)
    return made


def _add_gradients(made: Attempt, value: torch.Tensor, leaves: list[torch.Tensor]) -> None:
    if not value.requires_grad:
        made.cut, made.gradients = True, [None] * len(leaves)
        return
    # Unequal weights, so that gradients that cancel in a sum are told apart.
    weights = 1 + 0.5 * torch.cos(torch.arange(value.numel(), dtype=value.dtype))
    total = (value.flatten() * weights).sum()
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    made.gradients = [None if part is None else part.detach() for part in found]


def read(returned: object) -> tuple[torch.Tensor | None, str]:
    """Return an answer as a real, dense tensor on the CPU, or None and why that is impossible."""
    kind = type(returned).__name__
    if isinstance(returned, torch.Tensor):
        value = returned
        if value.device.type == "meta":
            return None, "It returns a tensor on the device 'meta', which holds no numbers."
        if value.layout != torch.strided:
            value = value.to_dense()
        value = value.cpu()
    elif isinstance(returned, int | float | complex | np.ndarray | np.generic | list | tuple):
        if isinstance(returned, tuple | list) and any(
            isinstance(part, torch.Tensor) and part.ndim for part in returned
        ):
            return None, f"It returns a {kind} of {len(returned)} tensors; one tensor is expected."
        try:
            value = torch.as_tensor(returned)
        except (TypeError, ValueError, RuntimeError):
            return None, f"It returns a {kind} that does not hold only numbers."
    else:
        article = "an" if kind[:1].lower() in "aeiou" else "a"
        hint = " (is it called, with parentheses?)" if callable(returned) else ""
        return None, f"It returns {article} {kind}{hint}; a tensor of numbers is expected."
    if value.is_complex():
        # The root of a product of matrices may come out complex with nothing imaginary in it.
        imaginary = value.imag.abs().max().item() if value.numel() else 0.0
        if imaginary > 1e-3 * (value.real.abs().max().item() if value.numel() else 0.0) + 1e-6:
            return None, "It returns complex numbers; real ones are expected."
        value = value.real
    return (value if value.is_floating_point() else value.double()), ""


def agree(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> bool:
    """Return whether the answer a equals the expected b, NaN and infinity included."""
    if a.shape != b.shape:
        # A number is a number, whatever number of axes of length 1 it comes in.
        if not a.numel() == b.numel() == 1:
            return False
        a = a.reshape(b.shape)
    return bool(~_wrong(a, b, tolerance).any())


def _wrong(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> torch.Tensor:
    a, b = a.double(), b.double()
    finite = b[b.isfinite()].abs()
    size = finite.mean() if finite.numel() else torch.zeros(())
    near = (a - b).abs() <= tolerance * (b.abs() + size + FLOOR)
    same = (a == b) | (a.isnan() & b.isnan())
    return ~torch.where(a.isfinite() & b.isfinite(), near, same)


def gradients_agree(a: Attempt, b: Attempt, tolerance: float) -> list[bool]:
    """Return, leaf by leaf, whether gradients agree; a missing one is as good as zeros."""
    if a.gradients is None or b.gradients is None:
        return []
    pairs = zip(a.gradients, b.gradients, strict=True)
    return [_gradient_agrees(one, other, tolerance) for one, other in pairs]


def _gradient_agrees(a: torch.Tensor | None, b: torch.Tensor | None, tolerance: float) -> bool:
    if a is None:
        return b is None or agree(torch.zeros_like(b), b, 5 * tolerance)
    b = torch.zeros_like(a) if b is None else b
    return agree(a, b, 5 * tolerance)  # a derivative is less exact than what it derives


def same(a: Attempt, b: Attempt, tolerance: float) -> bool:
    """Return whether two attempts came to the same: answer and gradients, or error, or problem."""
    if a.error or b.error:
        return type(a.error) is type(b.error) and _text(a.error) == _text(b.error)
    if a.value is None or b.value is None:
        return a.value is b.value and a.problem == b.problem and a.empty == b.empty
    if not agree(a.value, b.value, tolerance) or a.cut != b.cut:
        return False
    return a.cut or all(gradients_agree(a, b, tolerance))


def _text(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def number(value: float | torch.Tensor) -> str:
    """Return a number with four digits, and a whole one without a point."""
    value = float(value)
    if math.isfinite(value) and value == round(value) and abs(value) < 1e6:
        return str(round(value)).replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def contrast(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> str:
    """Return "expected …, came …" for an answer a that differs from the expected b."""
    if a.shape != b.shape and not a.numel() == b.numel() == 1:
        return f"expected a tensor of shape {tuple(b.shape)}, came {tuple(a.shape)}"
    a = a.reshape(b.shape)
    if b.numel() == 1:
        return "expected {}, came {}".format(*_told_apart(b.reshape(()), a.reshape(())))
    position = _wrong(a, b, tolerance).nonzero()[0]
    index = tuple(position.tolist())
    place = ", ".join(map(str, index))
    wanted, came = _told_apart(b[index], a[index])
    return f"expected {wanted} at [{place}], came {came}"


def _told_apart(a: torch.Tensor, b: torch.Tensor) -> tuple[str, str]:
    """Return two different numbers as text, with as many digits as tell them apart."""
    one, other = number(a), number(b)
    for digits in range(5, 18):
        if one != other:
            break
        one, other = (f"{float(x):.{digits}g}".replace("-", "−") for x in (a, b))
    return one, other


def _comes_to(reduce: Callable, a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    return a is not None and b is not None and b.numel() == 1 and agree(reduce(a), b, 1e-3)


def _reshaped(a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    if a is None or b is None or a.squeeze().shape != b.squeeze().shape:
        return False
    return agree(a.reshape(b.shape), b, 1e-3)


def diagnosis(attempts: list[Attempt], expected: list[Attempt], failed: list[int]) -> str:
    """Return a sentence on what is wrong in general: NaN, a sign, a factor; "" where unclear."""
    first = failed[0]
    a, b = attempts[first].value, expected[first].value
    if a is None or b is None:
        return ""
    if a.shape != b.shape and not a.numel() == b.numel() == 1:
        if a.ndim == b.ndim == 2 and a.T.shape == b.shape:
            return "Rows and columns are exchanged."
        pairs = [(attempts[k].value, expected[k].value) for k in failed]
        for reduce, name in ((torch.mean, "mean"), (torch.sum, "sum")):
            if all(_comes_to(reduce, *pair) for pair in pairs):
                return f"Many numbers come, and one is expected: their {name} is missing."
        if all(_reshaped(*pair) for pair in pairs):
            return "The numbers are right; axes of length 1 make another shape of them."
        return ""
    if a.isnan().any() and not b.isnan().any():
        return "There is a NaN in it: look for 0/0, 0·log 0 or the root of a negative number."
    if a.isinf().any() and not b.isinf().any():
        return "It is infinite: look for a division by 0, log 0 or an exponential that overflows."
    ratios = []
    passed = [expected[k].value for k in {*range(len(attempts))} - {*failed}]
    if any(value is not None and value.any() for value in passed):
        return ""  # what is right elsewhere is neither turned round nor scaled
    for k in failed:
        a, b = attempts[k].value, expected[k].value
        if a is None or b is None or a.numel() != b.numel() or not a.isfinite().all():
            return ""
        a, b = a.double().reshape(-1), b.double().reshape(-1)
        large = b.abs() > 1e-3 * b.abs().max()
        ratios.append(a[large] / b[large])
    ratio = torch.cat(ratios)
    if ratio.numel() < 2 or ratio.std() > 1e-3 * ratio.mean().abs():
        return ""
    factor = ratio.mean().item()
    if abs(factor + 1) < 1e-3:
        return "The sign is the wrong way round."
    if abs(factor) < 1e-3 or abs(factor - 1) < 1e-3:
        return ""
    return f"It is {number(factor)} times what it should be, every time: look for that factor."

"""Receptive fields: which pixels of the input a value in some layer's map can see."""

from typing import NamedTuple

from torch import nn

WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
POINTWISE = (nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU, nn.Dropout, nn.Dropout2d, nn.Identity)
SHOWN = (nn.ReLU, nn.LeakyReLU, nn.MaxPool2d, nn.AvgPool2d)


class Field(NamedTuple):
    """What a layer's values see of the input, along one side.

    Value i sees the `size` pixels from start + i·jump on. Those that lie outside the image are
    padding.
    """

    size: int = 1
    jump: int = 1
    start: int = 0

    def through(self, window: int, stride: int, padding: int, dilation: int = 1) -> "Field":
        """Return the field after one more layer that slides a window."""
        return Field(
            self.size + (window - 1) * dilation * self.jump,
            self.jump * stride,
            self.start - padding * self.jump,
        )

    def seen(self, index: int, side: int) -> tuple[int, int]:
        """Return the first pixel that value `index` sees, and the one after the last."""
        first = self.start + index * self.jump
        return max(0, first), min(side, first + self.size)


class Layer(NamedTuple):
    """A layer to look at: its name, how many of the leaf modules lead to it, and its field."""

    name: str
    depth: int
    field: Field


def _one(value: int | tuple[int, int], name: str) -> int:
    """Return a setting that must be the same for height and width."""
    sides = set(value) if isinstance(value, tuple) else {value}
    if len(sides) != 1 or not isinstance(value, int | tuple):
        raise ValueError(f"{name} is one number for height and width, got {value}")
    return sides.pop()


def _title(path: str, module: nn.Module) -> str:
    """Return a name for people: a layer's own, or one made of its block's number and its kind."""
    if not path.replace(".", "").isdigit():
        return path
    kind = "pooling" if isinstance(module, nn.MaxPool2d | nn.AvgPool2d) else "after ReLU"
    return f"block {int(path.split('.')[0]) + 1}, {kind}"


def layers(convolutions: nn.Module) -> tuple[list[nn.Module], list[Layer]]:
    """Return the leaf modules in order, and the layers whose maps are shown: ReLU and pooling.

    Raises:
        ValueError: there is a kind of module whose receptive field is not known here, or no
            layer to show.
    """
    leaves, found, field = [], [], Field()
    for path, module in convolutions.named_modules():
        if next(module.children(), None) is not None:
            continue
        leaves.append(module)
        if isinstance(module, WINDOWS):
            settings = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}
            field = field.through(
                *(_one(getattr(module, k, default), k) for k, default in settings.items())
            )
        elif not isinstance(module, POINTWISE):
            raise ValueError(
                "expected convolutions, pooling, batch norm and ReLU one after the other, got "
                f"{type(module).__name__} at {path!r}"
            )
        if isinstance(module, SHOWN):
            found.append(Layer(_title(path, module), len(leaves), field))
    if not found or not any(isinstance(leaf, nn.Conv2d) for leaf in leaves):
        raise ValueError("expected convolutions with ReLU or pooling after them, got none")
    return leaves, found

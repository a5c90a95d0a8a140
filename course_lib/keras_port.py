"""What appendix A needs beside its own code: weights and images between PyTorch and Keras.

Keras is imported by the functions that use it, after `prepare` and never with the module. Its
networks here take images as (N, H, W, channels), whatever the framework underneath; PyTorch and the
rest of the course take (N, channels, H, W).
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from course_lib import threads
from course_lib.training import History, View, stop_button

if TYPE_CHECKING:
    import keras

BACKENDS = ("torch", "tensorflow")


def prepare() -> str:
    """Ready the backend that the environment variable KERAS_BACKEND names, and return its name.

    PyTorch where the variable is not set. Call it before Keras is imported. Both backends compute
    on the CPU, with as many threads as cores are granted; on a GPU they would agree to fewer
    digits. Of TensorFlow only errors are printed.

    Raises:
        ValueError: the variable names another framework than these two.
        ModuleNotFoundError: TensorFlow is asked for and missing; the message says what to do.
    """
    name = os.environ.setdefault("KERAS_BACKEND", "torch")
    if name not in BACKENDS:
        raise ValueError(f"KERAS_BACKEND is {' or '.join(BACKENDS)}, not {name!r}")
    os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")
    if find_spec("tensorflow"):  # on PyTorch too, Keras imports it wherever it is installed
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # Triton, PyTorch's compiler for GPUs, and TensorFlow each bring an LLVM of their own, and
        # loading Triton's second crashes the process. The course compiles nothing with Triton.
        sys.modules.setdefault("triton", None)  # pyright: ignore[reportArgumentType]
        with _silent_start():
            import keras  # noqa: F401
            import tensorflow as tf
        tf.config.threading.set_intra_op_parallelism_threads(threads.most())
        tf.config.threading.set_inter_op_parallelism_threads(1)
    elif name == "tensorflow":
        raise ModuleNotFoundError(
            "TensorFlow is not installed. `make test-keras` makes an environment that has it, "
            "in .venv-keras; or unset KERAS_BACKEND to run on PyTorch."
        )
    return name


@contextmanager
def _silent_start():
    """Hide what the block's compiled code writes to standard error; exceptions are still raised.

    TensorFlow's messages on how it was built come before its own settings can silence them.
    """
    with tempfile.TemporaryFile() as hidden:
        kept = os.dup(2)
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def to_keras(images: torch.Tensor) -> np.ndarray:
    """Return images (N, C, H, W) as an array (N, H, W, C), which every backend takes."""
    return images.detach().cpu().permute(0, 2, 3, 1).contiguous().numpy()


def to_torch(images) -> torch.Tensor:
    """Return a backend's images (N, H, W, C) as a tensor of PyTorch's (N, C, H, W), on the CPU."""
    from keras import ops

    array = np.asarray(ops.convert_to_numpy(images))
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2)))


class AsModule(nn.Module):
    """A generator of Keras's as the rest of the course expects one: z (N, z_dim) to (N, C, H, W).

    It samples only, without gradients and as in eval mode.
    """

    def __init__(self, generator: "keras.Model"):
        super().__init__()
        # In a tuple, so that PyTorch does not register the network's weights a second time.
        self._generator, self.z_dim = (generator,), generator.z_dim
        self.device_of = nn.Parameter(torch.zeros(0), requires_grad=False)

    @torch.no_grad()
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        (generator,) = self._generator
        # Part by part: whatever the backend, 250 images at once would take 150 MB for a moment.
        parts = [generator(part.numpy(), training=False) for part in z.cpu().split(50)]
        return torch.cat([to_torch(part) for part in parts])


def _kernel(module: nn.Module) -> torch.Tensor:
    """Return a layer's weight with its axes in Keras's order."""
    if isinstance(module, nn.Linear):
        return module.weight.T  # (out, in) -> (in, out)
    # (out, in, H, W) -> (H, W, in, out); transposed, (in, out, H, W) -> (H, W, out, in)
    return module.get_parameter("weight").permute(2, 3, 1, 0)


def carry(network: nn.Module, model: "keras.Model") -> None:
    """Give a Keras model the weights and running statistics of a PyTorch network.

    Both list their layers in order: the network in `layers`, the model in `stack`. Where PyTorch
    unflattens (C, H, W) after a dense layer, or flattens it before one, Keras has (H, W, C), and
    the dense layer's rows or columns change places accordingly.

    Args:
        network: a `Sequential` in `layers` of dense, convolutional and batch-norm layers.
        model: the same layers, built, in a `Sequential` named `stack`.

    Raises:
        ValueError: the layers with weights differ in number or shape.
    """
    modules = list(cast(Iterable[Any], network.layers))  # of many kinds, with weights or without
    layers = [layer for layer in model.stack.layers if layer.weights]
    weighty = [i for i, module in enumerate(modules) if list(module.parameters())]
    if len(layers) != len(weighty):
        raise ValueError(f"{len(weighty)} layers with weights in PyTorch, {len(layers)} in Keras")
    channels = 1
    for i, layer in zip(weighty, layers, strict=True):
        module = modules[i]
        if isinstance(module, nn.BatchNorm2d):
            arrays = [module.weight, module.bias, module.running_mean, module.running_var]
        else:
            kernel = _kernel(module)
            after = modules[i + 1] if i + 1 < len(modules) else None
            if isinstance(after, nn.Unflatten):
                kernel = kernel.unflatten(1, after.unflattened_size).permute(0, 2, 3, 1).flatten(1)
            elif isinstance(modules[i - 1], nn.Flatten):
                side = round((module.in_features / channels) ** 0.5)  # square maps
                kernel = (
                    kernel.unflatten(0, (channels, side, side)).permute(1, 2, 0, 3).flatten(0, 2)
                )
            arrays = [kernel] if module.bias is None else [kernel, module.bias]
            channels = getattr(module, "out_channels", channels)
        layer.set_weights([array.detach().cpu().contiguous().numpy() for array in arrays])


def callback(view: View, every: int, batch: int) -> "keras.callbacks.Callback":
    """Return what Keras's `fit(callbacks=[…])` shows: the same live picture as `training.fit`.

    The stop button ends the training after its step. On PyTorch the number of threads follows the
    machine's other work, as in `training.fit`; TensorFlow's number is fixed when it starts.

    Args:
        view: from `figures.live`.
        every: steps between two pictures.
        batch: images in a step, for the speed.

    Its attribute `history` is the course's `History` of every value that `train_step` returned.
    """
    import keras

    class Show(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.history = History()

        def on_train_begin(self, logs=None):
            self.began, self.chooser = time.perf_counter(), threads.Chooser()
            self.button = stop_button()
            self.pressed = self.button.__enter__()

        def on_train_batch_end(self, step, logs=None):
            self.chooser.tick()
            self.history.add({name: float(value) for name, value in (logs or {}).items()})
            if self.history.steps % every == 0:
                self.history.seconds = time.perf_counter() - self.began
                view.update(self.history)
            model = cast("keras.Model", self.model)  # Keras sets it before a training begins
            model.stop_training = self.pressed.is_set()

        def on_train_end(self, logs=None):
            self.button.__exit__(None, None, None)
            threads.begin()
            self.history.interrupted = self.pressed.is_set()
            seconds = time.perf_counter() - self.began
            self.history.seconds = seconds
            self.history.images_per_second = self.history.steps * batch / seconds
            view.finish(self.history)

    return Show()

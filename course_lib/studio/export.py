"""Take a generator elsewhere: as ONNX, which runs without PyTorch and without the course.

ONNX is a graph of operators with the weights inside. Browsers, game engines and telephones have
runtimes for it. The file says where it comes from (`provenance.read`), in its metadata.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import nn

from course_lib import machine, output, zoo
from course_lib.sampling import codes_of, latents, reads, size_of
from course_lib.studio import provenance
from course_lib.zoo import generators as generators


class _Graph(nn.Module):
    """A generator as a graph: z, and labels or text where it reads them, to images in [-1, 1]."""

    one_hot: torch.Tensor

    def __init__(self, model: nn.Module):
        super().__init__()
        # Of an autoencoder it is the decoder that draws.
        self.network = getattr(model, "decoder", model)
        if reads(model) == "label":
            self.register_buffer("one_hot", torch.eye(cast(int, model.classes)))

    def forward(
        self,
        z: torch.Tensor,
        labels: torch.Tensor | None = None,
        text: torch.Tensor | None = None,
    ) -> torch.Tensor:
        # A graph cannot raise errors about values: a row of the table instead of a check.
        codes = text if labels is None else self.one_hot[labels]
        return (self.network(z) if codes is None else self.network(z, codes)).clamp(-1, 1)


def _generator(model: str | nn.Module) -> nn.Module:
    if not isinstance(model, str):
        generator = copy.deepcopy(model)  # yours keeps its layout and its mode
    elif model in zoo.generators():
        generator = cast(nn.Module, zoo.load(model))
    else:
        raise ValueError(f"{model!r} is no generator of the zoo; those are {zoo.generators()}")
    # Kernels stored channel by channel: the order in which ONNX has them.
    return generator.to(memory_format=torch.contiguous_format).eval()


def inputs(
    model: str | nn.Module,
    n: int | None = None,
    seed: int = 0,
    *,
    labels: Sequence[int] | None = None,
    captions: Sequence[str] | None = None,
) -> dict[str, torch.Tensor]:
    """Return what goes into a generator's ONNX file, to draw the same images as its `sample`.

    Args:
        model: one of `zoo.generators()`, or a generator of your own that `sampling.draw` takes.
        n: number of images; where None, as many as labels or captions, or 1.
        seed: of the latents.
        labels: a class for each image, where the generator reads labels; else 0, 1, 2 … in turn.
        captions: one for each image, where it reads captions; else the one that leaves all open.

    Returns:
        By name: "z" (N, `sampling.size_of`); "labels" int64 (N,); or the captions' codes "text"
        (N, D).

    Raises:
        ValueError: no generator has this name, it does not read what is given, or not n of them
            are given.
    """
    generator = _generator(model)
    kind = reads(generator)
    for given, name in ((labels, "label"), (captions, "caption")):
        if given is not None and kind != name:
            called = model if isinstance(model, str) else type(model).__name__
            raise ValueError(f"{called} reads no {name}s")
    given = labels if captions is None else captions
    n = n or (1 if given is None else len(given))
    if given is not None and len(given) != n:
        raise ValueError(f"{n} images need {n} labels or captions, got {len(given)}")
    found = {"z": latents(n, size_of(generator), seed)}
    if (codes := codes_of(generator, given)) is not None:
        name = "labels" if kind == "label" else "text"
        found[name] = codes[torch.arange(n) % len(codes)]
    return found


def export_onnx(model: str | nn.Module, path: Path | str) -> Path:
    """Write a generator as ONNX, for any number of images at a time; return its path.

    The file holds graph, weights and provenance. Its inputs are those of `inputs`; its output
    "images" is float (N, C, H, W) in [-1, 1]. A label that is no class makes the runtime raise an
    error.

    Args:
        model: one of `zoo.generators()`, or a generator of your own that `sampling.draw` takes.
        path: ends in .onnx; its folder is made where it is missing.

    Raises:
        ValueError: no generator has this name, or the path another suffix.
        NotWritten: the file or its folder cannot be written.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise ValueError(f"a path that ends in .onnx is needed, not {path.name}")
    generator = _generator(model)
    # Two images: PyTorch takes a batch of one for a number that never changes.
    example = inputs(generator, 2)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program = torch.onnx.export(
            _Graph(generator).eval(),
            kwargs=example,
            dynamo=True,
            dynamic_shapes={key: {0: batch} for key in example},
            input_names=list(example),
            output_names=["images"],
            verbose=False,
        )
    assert program is not None  # only the older exporter returns None
    facts = provenance.facts(model if isinstance(model, str) else zoo.name_of(model))
    program.model.metadata_props[provenance.KEY] = provenance.text(facts)
    if "labels" in example:  # a graph does not say how many there are
        program.model.metadata_props["classes"] = str(generator.classes)
    with output.writing(path) as file:
        program.save(file, external_data=False)
    machine.give_back_memory()
    return path


def run_onnx(path: Path | str, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the outputs of an ONNX file by name, computed by onnxruntime on one core.

    Args:
        path: the file.
        inputs: its inputs by name, such as `inputs` makes them.
    """
    import onnxruntime  # only here: the rest of the studio does without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    arrays = session.run(None, {key: tensor.numpy() for key, tensor in inputs.items()})
    names = [output.name for output in session.get_outputs()]
    return {key: torch.from_numpy(array) for key, array in zip(names, arrays, strict=True)}

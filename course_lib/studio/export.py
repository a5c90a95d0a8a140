"""Take a generator elsewhere: as ONNX, which runs without PyTorch and without the course.

ONNX is a graph of operators with the weights inside. Browsers, game engines and telephones have
runtimes for it. The file says where it comes from (`provenance.read`), in its metadata.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from course_lib import machine, zoo
from course_lib.models import cgan
from course_lib.models.stackgan import StackGAN
from course_lib.sampling import latents, z_dim_of
from course_lib.studio import provenance


class _Plain(nn.Module):
    """z (N, z_dim) to images in [-1, 1]."""

    outputs = ("images",)

    def __init__(self, model: nn.Module):
        super().__init__()
        # Of an autoencoder it is the decoder that draws.
        self.draws, self.z_dim = getattr(model, "decoder", model), z_dim_of(model)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.draws(z).clamp(-1, 1)

    def inputs(self, n: int, seed: int, labels, captions) -> dict[str, torch.Tensor]:
        return {"z": latents(n, self.z_dim, seed)}


class _Labelled(nn.Module):
    """z (N, z_dim) and labels (N,) to images in [-1, 1]."""

    outputs = ("images",)
    one_hot: torch.Tensor

    def __init__(self, model: cgan.Generator):
        super().__init__()
        self.model, self.classes = model, model.classes
        self.register_buffer("one_hot", torch.eye(model.classes))

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # A graph cannot raise errors about values: a row of the table instead of a check.
        return self.model(z, self.one_hot[labels])

    def inputs(self, n: int, seed: int, labels, captions) -> dict[str, torch.Tensor]:
        chosen = torch.arange(n) % self.classes if labels is None else torch.as_tensor(labels)
        cgan.check_labels(chosen, n, self.classes)
        return {"z": latents(n, self.model.z_dim, seed), "labels": chosen}


class _Described(nn.Module):
    """z (N, z_dim), text codes (N, text_dim) and noise to the images of all stages."""

    CAPTION = "a smiling person"  # where none is given

    def __init__(self, model: StackGAN):
        super().__init__()
        self.model = model
        self.outputs = ("images",) if model.stage2 is None else ("images", "small")

    def forward(self, z: torch.Tensor, text: torch.Tensor, noise: torch.Tensor):
        first = self.model.c_dim
        condition = self.model.stage1.augment(text, noise[:, :first])[0]
        small = self.model.stage1(z, condition)
        if self.model.stage2 is None:
            return small
        condition = self.model.stage2.augment(text, noise[:, first:])[0]
        return self.model.stage2(small, condition), small

    def inputs(self, n: int, seed: int, labels, captions) -> dict[str, torch.Tensor]:
        sizes = self.model.z_dim, self.model.c_dim + self.model.c_dim2
        z, noise = latents(n, sum(sizes), seed).split(sizes, dim=1)
        return {"z": z, "text": self.model.encode(captions or n * [self.CAPTION]), "noise": noise}


_ADAPTERS = {
    "dcgan.Generator": _Plain,
    "progan.Generator": _Plain,
    "vae.VAE": _Plain,
    "cgan.Generator": _Labelled,
    "stackgan.StackGAN": _Described,
}


def generators() -> list[str]:
    """Return the names of the zoo's models that can be exported, sorted: all that draw pictures.

    Not the drums, whose pictures are sounds, nor textures, which have no size of their own.
    """
    return [name for name in zoo.names() if zoo.card(name)["model"] in _ADAPTERS]


def _adapted(name: str) -> _Plain | _Labelled | _Described:
    if name not in generators():
        raise ValueError(f"{name!r} is no generator of the zoo; those are {generators()}")
    # Kernels stored channel by channel: the order in which ONNX has them.
    model = zoo.load(name).to(memory_format=torch.contiguous_format)
    return _ADAPTERS[zoo.card(name)["model"]](model).eval()


def inputs(
    name: str,
    n: int | None = None,
    seed: int = 0,
    *,
    labels: Sequence[int] | None = None,
    captions: Sequence[str] | None = None,
) -> dict[str, torch.Tensor]:
    """Return what goes into a generator's ONNX file, to draw the same images as its `sample`.

    Args:
        name: one of `generators()`.
        n: number of images; where None, as many as labels or captions, or 1.
        seed: of the latents.
        labels: a class for each image, where the generator reads labels; else 0, 1, 2 … in turn.
        captions: one for each image, where it reads text; else one sentence for all.

    Returns:
        By name: "z" (N, z_dim); "labels" int64 (N,); or the captions' codes "text" (N, text_dim)
        and the conditioning "noise" (N, c_dim) for each stage, side by side.

    Raises:
        ValueError: no generator has this name, it does not read what is given, or not n of them
            are given.
    """
    model = _adapted(name)
    for given, kind, adapter in (
        (labels, "labels", _Labelled),
        (captions, "captions", _Described),
    ):
        if given is not None and not isinstance(model, adapter):
            raise ValueError(f"{name} reads no {kind}")
    given = labels if captions is None else captions
    n = n or (1 if given is None else len(given))
    if given is not None and len(given) != n:
        raise ValueError(f"{n} images need {n} labels or captions, got {len(given)}")
    return model.inputs(n, seed, labels, None if captions is None else list(captions))


def export_onnx(name: str, path: Path | str) -> Path:
    """Write a generator of the zoo as ONNX, for any number of images at a time; return its path.

    The file holds graph, weights and provenance. Its inputs are those of `inputs`; its output
    "images" is float (N, C, H, W) in [-1, 1], and StackGAN's also "small", Stage I's images. A
    label that is no class makes the runtime raise an error.

    Args:
        name: one of `generators()`.
        path: ends in .onnx; its folder is made where it is missing.

    Raises:
        ValueError: no generator has this name, or the path another suffix.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise ValueError(f"a path that ends in .onnx is needed, not {path.name}")
    model = _adapted(name)
    # Two images: PyTorch takes a batch of one for a number that never changes.
    example = model.inputs(2, 0, None, None)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program = torch.onnx.export(
            model,
            kwargs=example,
            dynamo=True,
            dynamic_shapes={key: {0: batch} for key in example},
            input_names=list(example),
            output_names=model.outputs,
            verbose=False,
        )
    assert program is not None  # only the older exporter returns None
    facts = provenance.facts(name)
    program.model.metadata_props[provenance.KEY] = provenance.text(facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    program.save(path, external_data=False)
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

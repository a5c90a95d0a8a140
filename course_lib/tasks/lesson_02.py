"""Tasks of lesson 02: convolutions up and down, a classifier, Gram matrices, and measures."""

import torch
from torch import nn
from torch.nn import functional as F

from course_lib import data
from course_lib.tasks.comparing import Case
from course_lib.tasks.inputs import DTYPES, covariance, normal, told, with_axes
from course_lib.tasks.kinds import FunctionTask, Prediction, Trial
from course_lib.training import evaluating

BAR = 0.84  # of the test images; people who are no experts reach 0.835, says the data's own page


def conv2d(image, kernel, padding, stride):
    k = kernel.shape[-1]
    padded = F.pad(image, (padding,) * 4)  # zeros on all four sides
    windows = padded.unfold(2, k, stride).unfold(3, k, stride)  # (N, C, H', W', k, k)
    return torch.einsum("nchwij,ocij->nohw", windows, kernel)


def receptive_field(layers):
    field, jump = 1, 1  # in pixels of the image: what a position sees; the step between two
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def upsampling_kernel(w):
    w0, w1, w2 = w.unbind(dim=-1)
    return torch.stack([w2, w1 + w2, w0 + w1, w0], dim=-1)


def trained_classifier():
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 10)),  # logits: nothing comes after them
    )
    adam, batches = torch.optim.Adam(network.parameters(), 2e-3), data.batches(*data.fashion())
    for _ in range(500):
        images, labels = next(batches)  # (64, 1, 28, 28), (64,)
        loss = F.cross_entropy(network(images), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


def gram_matrix(features):
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.transpose(1, 2) / (c * h * w)


def frechet_distance(mu1, cov1, mu2, cov2):
    values, vectors = torch.linalg.eigh(cov1)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    # The eigenvalues of cov1·cov2 are those of this symmetric matrix.
    product = torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0)
    trace = cov1.trace() + cov2.trace() - 2 * product.sqrt().sum()
    return (mu1 - mu2).square().sum() + trace


def _conv_numbers() -> list[tuple[int, int, int]]:
    """Return triples of kernel size, padding and stride that tell the usual mistakes apart."""
    return [(3, 0, 1), (3, 1, 1), (3, 1, 2), (5, 2, 1), (2, 0, 2), (3, 2, 3)]


def _conv_cases() -> list[Case]:
    cases = []
    for seed, (k, padding, stride) in enumerate(_conv_numbers()):
        dtype = DTYPES[seed % 2]
        image, kernel = normal(seed, 2, 3, 8, 9, dtype=dtype), normal(9, 4, 3, k, k, dtype=dtype)
        where = (
            f"an image (2, 3, 8, 9) and a kernel (4, 3, {k}, {k}), padding {padding}, stride "
            f"{stride}, {told(dtype)}"
        )
        cases.append(Case((image, kernel, padding, stride), where))
    return cases


def _plane_cases() -> list[Case]:
    cases = []
    for seed, (k, padding, stride) in enumerate(_conv_numbers()):
        dtype = DTYPES[seed % 2]
        image, kernel = normal(seed, 8, 9, dtype=dtype), normal(9, k, k, dtype=dtype)
        where = (
            f"an image (8, 9) and a kernel ({k}, {k}), padding {padding}, stride {stride}, "
            f"{told(dtype)}"
        )
        cases.append(Case((image, kernel, padding, stride), where))
    return cases


def _layer_cases() -> list[Case]:
    lists = [
        [(3, 1)],
        [(3, 1), (3, 1)],
        [(3, 1), (2, 2)] * 3,
        [(4, 2), (4, 2), (3, 2)],
        [(7, 2), (3, 2), (3, 1), (1, 1), (5, 1)],
        [],
    ]
    return [Case((layers,), f"layers = {layers}") for layers in lists]


def _kernel_cases() -> list[Case]:
    return [
        Case((normal(n, n, 3, dtype=dtype),), f"w ({n}, 3), {told(dtype)}", gradients=(0,))
        for n in (1, 2, 5)
        for dtype in DTYPES
    ]


def _one_kernel_cases() -> list[Case]:
    return [
        Case((normal(9, 3, dtype=dtype),), f"w (3,), {told(dtype)}", gradients=(0,))
        for dtype in DTYPES
    ]


def _features_cases() -> list[Case]:
    shapes = [(2, 3, 4, 5), (1, 4, 6, 6), (3, 5, 2, 7)]
    return [
        Case(
            (0.5 + normal(seed, *shape, dtype=dtype),),
            f"features {shape}, {told(dtype)}",
            gradients=(0,),
            in_place=True,
        )
        for seed, shape in enumerate(shapes)
        for dtype in DTYPES
    ]


def _gaussian_cases() -> list[Case]:
    cases = []
    for seed, size in enumerate((2, 4, 6)):
        for dtype in DTYPES:
            inputs = (
                normal(seed, size, dtype=dtype),
                covariance(seed + 10, size, dtype),
                normal(seed + 20, size, dtype=dtype),
                covariance(seed + 30, size, dtype),
            )
            where = f"two Gaussians of {size} features, {told(dtype)}"
            # Roots of small eigenvalues cost digits: float32 keeps three.
            cases.append(Case(inputs, where, tolerance=1e-3))
    same = (normal(1, 3), covariance(2, 3, torch.float64))
    cases.append(Case((*same, *same), "twice the same Gaussian, float64", tolerance=1e-3))
    return cases


def _conv_mistake(function, sentence):
    return with_axes(function), sentence


def _depthwise(image, kernel, padding, stride):
    c = image.shape[1]
    if kernel.shape[1] == 1:
        raise ValueError
    parts = [
        F.conv2d(image[:, i : i + 1], kernel[:, i : i + 1], padding=padding, stride=stride)
        for i in range(c)
    ]
    return sum(parts) / c


def _early_jump(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        jump *= stride
        field += (kernel - 1) * jump
    return field


def _all_fields(layers):
    return [receptive_field(layers[: k + 1]) for k in range(len(layers))]


def _last_stride(layers):
    field, previous = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * previous
        previous = stride
    return field


def _kernel_times_jump(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += kernel * jump
        jump *= stride
    return field


def _product(layers):
    field = 1
    for kernel, _ in layers:
        field *= kernel
    return field


def _jump(layers):
    jump = 1
    for _, stride in layers:
        jump *= stride
    return jump


def _doubled(w):
    return w[..., [0, 1, 1, 2]]


def _turned_round(w):
    return upsampling_kernel(w).flip(-1)


def _padded(w):
    return F.pad(w, (0, 1))


def _last_calls(network: nn.Module, images: torch.Tensor) -> tuple[object, list[nn.Module]]:
    """Return what a network gives in eval mode, and its innermost layers as they were called."""
    called: list[nn.Module] = []
    leaves = [module for module in network.modules() if not [*module.children()]]
    hooks = [
        leaf.register_forward_hook(lambda module, given, made: called.append(module))
        for leaf in leaves
    ]
    try:
        with evaluating(network):
            return network(images), called
    finally:
        for hook in hooks:
            hook.remove()


def _faults_of(network: nn.Module, called: list[nn.Module]) -> list[str]:
    """Return a sentence for each mistake that a network's layers show, whatever it has learnt."""
    found = []
    ends = [layer for layer in called if not isinstance(layer, nn.Dropout | nn.Identity)]
    if ends and isinstance(ends[-1], nn.Softmax):
        found.append(_SOFTMAX)
        ends.pop()
    if ends and isinstance(ends[-1], _ACTIVATIONS):
        found.append(
            f"A {type(ends[-1]).__name__} stands on the logits: they have to be free to go down as "
            "far as up."
        )
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    if any(layer.eps > 1e-2 for layer in norms):
        found.append(
            "BatchNorm2d's second argument is eps, the number under the root, and not the "
            "momentum: 0.8 there keeps channels from being normalised."
        )
    return found


_SOFTMAX = (
    "It returns probabilities: cross_entropy does the softmax itself. With two of them the loss "
    "cannot fall below 1.46."
)
_ACTIVATIONS = (nn.LeakyReLU, nn.ReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh)


def _names_garments(network: object) -> str:
    """Return what is wrong with a classifier of Fashion-MNIST, or ""; 2,000 test images."""
    if isinstance(network, type) or not callable(network):
        return f"This is a {type(network).__name__}; pass the trained network itself."
    images, labels = data.fashion("test")
    images, labels = data.to_float(images[:2000]), labels[:2000]
    if isinstance(network, nn.Module):
        logits, called = _last_calls(network, images)
        faults = _faults_of(network, called)
    else:
        with torch.no_grad():
            logits, faults = network(images), []
    if not isinstance(logits, torch.Tensor) or logits.shape != (len(images), 10):
        came = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        return f"For 2,000 images (N, 1, 28, 28) come ten logits each, (2000, 10); came {came}."
    if not logits.isfinite().all():
        return "There are NaN or infinite logits: the training has diverged. Lower the rate."
    sums = logits.sum(dim=1)
    if not faults and (logits >= 0).all() and torch.allclose(sums, torch.ones_like(sums)):
        faults = [_SOFTMAX]
    right = (logits.argmax(dim=1) == labels).double().mean().item()
    told = f"It names {right:.1%} of 2,000 test images; the bar is {BAR:.0%}."
    if faults:
        return " ".join([*faults, told])
    if right >= BAR:
        return ""
    if right < 0.2:
        return (
            "That is as good as guessing: was it trained, and did images and labels stay "
            f"together? {told}"
        )
    return f"Train longer, or at another rate: after a few hundred steps it is enough. {told}"


def _sum_of_products(features):
    return gram_matrix(features) * features[0].numel()


def _batch_gram(features):
    n, c, h, w = features.shape
    flat = features.transpose(0, 1).reshape(c, n * h * w)
    return flat @ flat.T / (c * h * w)


def _places(features):
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat.transpose(1, 2) @ flat / (c * h * w)


def _centred_gram(features):
    return gram_matrix(features - features.mean(dim=(2, 3), keepdim=True))


def _channels_last_gram(features):
    n, c, h, w = features.shape
    flat = features.permute(0, 2, 3, 1).reshape(n, c, h * w)  # the mistake: not the channels' rows
    return flat @ flat.transpose(1, 2) / (c * h * w)


def _root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T


def _trace_of_root(cov1, cov2):
    root = _root(cov1)
    return torch.linalg.eigvalsh(root @ cov2 @ root).clamp(min=0).sqrt().sum()


def _frechet(difference, cov1, cov2, cross):
    return difference + cov1.trace() + cov2.trace() - 2 * cross


TASKS = [
    Prediction(
        name="signs",
        lesson="02",
        why="A number, a curve or a pattern alone proves little; which of them moves together with "
        "which gives the illness away.",
        hints=(
            "Which measure falls only if images lie off the cloud, and which if some are missing?",
            "The seven answers are: noise, class missing, few repeated, too few, kernel and "
            "stride, softmax twice, no prior.",
            "Density far below 1: noise. Coverage 0.88 or 0.22 with density near 1: class missing, "
            "few repeated. KID around 0: too few.",
        ),
        explanation="Noisy images lie off the cloud, so density falls, and coverage with it. With "
        "density near 1 a coverage below 0.97 means that something is missing: a little for one "
        "class of ten, most of the world for a hundred images. An FID of 14 at a KID around 0 is "
        "the bias of few images. Stamps that overlap unevenly make a chessboard; a second softmax "
        "keeps the loss above 1.46; and without a prior, images from features are noise.",
        expected={
            "KID 103, FID 84, density 0.55, coverage 0.26": "noise",
            "KID 14, FID 22, density 1.02, coverage 0.88": "class missing",
            "KID 10, FID 18, density 1.03, coverage 0.22": "few repeated",
            "KID -2 (-23 to 32), FID 14, density 0.96, coverage 0.97": "too few",
            "a chessboard on flat areas": "kernel and stride",
            "a loss of ten classes that stays above 1.46": "softmax twice",
            "grey noise, and the judge is sure of a boot": "no prior",
        },
        mistakes=[
            (
                "KID 103, FID 84, density 0.55, coverage 0.26",
                "few repeated",
                "Coverage falls here because the images lie off the cloud: look at the density.",
            ),
            (
                "KID 103, FID 84, density 0.55, coverage 0.26",
                "class missing",
                "Coverage falls here because the images lie off the cloud: look at the density.",
            ),
            (
                "KID 14, FID 22, density 1.02, coverage 0.88",
                "few repeated",
                "Nine tenths of the world are covered; a few images could not do that.",
            ),
            (
                "KID 14, FID 22, density 1.02, coverage 0.88",
                "noise",
                "Noisy images lie off the cloud; a density of 1 says that these do not.",
            ),
            (
                "KID 10, FID 18, density 1.03, coverage 0.22",
                "class missing",
                "One class of ten would leave nine tenths covered; here it is a fifth.",
            ),
            (
                "KID 10, FID 18, density 1.03, coverage 0.22",
                "noise",
                "Noisy images lie off the cloud; a density of 1 says that these do not.",
            ),
            (
                "KID -2 (-23 to 32), FID 14, density 0.96, coverage 0.97",
                "class missing",
                "Coverage is as good as it gets; look at KID and its interval.",
            ),
            (
                "KID -2 (-23 to 32), FID 14, density 0.96, coverage 0.97",
                "noise",
                "Density and coverage are those of real images; look at KID and its interval.",
            ),
            (
                "a chessboard on flat areas",
                "no prior",
                "That would be noise; a regular pattern comes from how stamps overlap.",
            ),
            (
                "a loss of ten classes that stays above 1.46",
                "noise",
                "1.46 is −log(e/(e + 9)): the best that probabilities, read as logits, can reach.",
            ),
            (
                "grey noise, and the judge is sure of a boot",
                "noise",
                "Nobody has damaged this image: it was made to raise a logit, and by nothing else.",
            ),
        ],
    ),
    Trial(
        name="trained_classifier",
        lesson="02",
        why="Three mistakes that run without an error and cost accuracy in silence: you saw them "
        "in the code, before any curve could show them.",
        hints=(
            "What does cross_entropy want, and what is the second argument of BatchNorm2d?",
            "Two layers after the last linear one do not belong there, and 0.8 is no eps.",
            "BatchNorm2d(16), BatchNorm2d(32), end with the linear layer; Adam with rate 2e-3, 500 "
            "steps of 64 images with cross_entropy on the logits.",
        ),
        explanation="cross_entropy takes logits and does the softmax itself; logits need both "
        "signs, so no LeakyReLU stands on them; and BatchNorm2d(c, 0.8) sets eps, where 1e-5 "
        "belongs. 500 steps bring the network to about 86%.",
        answer=trained_classifier,
        trial=_names_garments,
    ),
    FunctionTask(
        name="upsampling_kernel",
        lesson="02",
        answer=upsampling_kernel,
        cases=_kernel_cases,
        other_cases=_one_kernel_cases,
        why="Repeat-then-convolve at 2.25 times less work, and exact: the larger networks of "
        "lessons 06 and 07 are built of it.",
        hints=(
            "Repeated, u₂ᵢ = u₂ᵢ₊₁ = xᵢ. Which four outputs does one xᵢ reach?",
            "Write down y₂ᵢ₋₁, y₂ᵢ, y₂ᵢ₊₁ and y₂ᵢ₊₂ with yⱼ = w₀uⱼ₋₁ + w₁uⱼ + w₂uⱼ₊₁, and collect "
            "what stands before xᵢ.",
            "In that order: w₂, then w₁ + w₂, then w₀ + w₁, then w₀; torch.stack(…, dim=-1) "
            "keeps the graph.",
        ),
        explanation="xᵢ stands at 2i and 2i + 1 of the repeated row. y₂ᵢ₋₁ reads only the first of "
        "them, with w₂; y₂ᵢ reads both, with w₁ + w₂; y₂ᵢ₊₁ both, with w₀ + w₁; y₂ᵢ₊₂ only the "
        "second, with w₀.",
        mistakes=[
            (
                lambda w: torch.stack(
                    [w[..., 2], w[..., 0] + w[..., 1], w[..., 1] + w[..., 2], w[..., 0]], -1
                ),
                "The two inner weights have changed places: the second output meets the pixel "
                "with w1 and w2.",
            ),
            (
                lambda w: torch.stack(
                    [
                        w[..., 2],
                        (w[..., 1] + w[..., 2]) / 2,
                        (w[..., 0] + w[..., 1]) / 2,
                        w[..., 0],
                    ],
                    -1,
                ),
                "The inner weights are averaged: two equal pixels add their weights.",
            ),
            (
                lambda w: w * 1,
                "These are the three weights as they came; one pixel reaches four outputs.",
            ),
            (
                _turned_round,
                "It is turned round: a stamp writes what a window reads, so the order is reversed "
                "and w₂ comes first.",
            ),
            (
                lambda w: upsampling_kernel(w) / 2,
                "It is half of it: pixels are repeated, not shared out, so weights are added.",
            ),
            (
                _doubled,
                "A weight is doubled where two neighbours are to be added: the two copies of a "
                "pixel meet two different weights.",
            ),
            (
                lambda w: _doubled(w.flip(-1)),
                "A weight is doubled where two neighbours are to be added: the two copies of a "
                "pixel meet two different weights.",
            ),
            (
                _padded,
                "This is w with a zero: that inserts zeros between the pixels and repeats nothing.",
            ),
            (
                lambda w: _padded(w.flip(-1)),
                "This is w with a zero: that inserts zeros between the pixels and repeats nothing.",
            ),
            (
                lambda w: upsampling_kernel(w)[..., 1:3],
                "The first and the last are missing: a pixel also reaches one output to each side, "
                "so there are four numbers.",
            ),
            (
                lambda w: upsampling_kernel(w.detach()),
                "The numbers are right, but detached: the network learns w through them.",
            ),
        ],
    ),
    FunctionTask(
        name="conv2d",
        lesson="02",
        answer=conv2d,
        also_right=(with_axes(conv2d),),
        cases=_conv_cases,
        other_cases=_plane_cases,
        why="Every layer of every network in this course is this sum of products, or its reverse.",
        hints=(
            "Which pixels does the output at one position see, and where does the next window "
            "begin?",
            "Pad with zeros first. The window of output (i, j) begins at row i·stride and column "
            "j·stride of the padded image; multiply it by the kernel, as it is, and add up.",
            "F.pad(image, (padding,) * 4), then .unfold(2, k, stride).unfold(3, k, stride) gives "
            "all windows (N, C, H', W', k, k); sum their products with the kernel over C and "
            "both k.",
        ),
        explanation="The image (N, C, H, W) is padded with zeros, cut into windows, and each "
        "window is multiplied by each kernel of (O, C, k, k) and added up over channels and "
        "window. The kernel is not turned: networks compute the cross-correlation and call it "
        "convolution.",
        mistakes=[
            (
                lambda x, w, p, s: conv2d(F.pad(x, (p,) * 4, mode="circular"), w, 0, s),
                "The image goes round at its edges; padding here is zeros.",
            ),
            (
                lambda x, w, p, s: conv2d(F.pad(x, (p,) * 4, value=1.0), w, 0, s),
                "The padding is ones; padding here is zeros.",
            ),
            (
                lambda x, w, p, s: conv2d(F.pad(x, (p, p)), w, 0, s),
                "Padding is added on the left and the right only; it goes on all four sides.",
            ),
            (
                lambda x, w, p, s: conv2d(x, w, p, 1)[..., ::s, :],
                "The stride holds for rows only; columns have it too.",
            ),
            (
                lambda x, w, p, s: conv2d(x, w, 2 * p, s),
                "The padding is counted twice: p pixels on each side.",
            ),
            (
                lambda x, w, p, s: conv2d(x, w.flip(3), p, s),
                "The kernel is turned round from left to right; it is laid down as it is.",
            ),
            (
                lambda x, w, p, s: conv2d(x[:, :1], w[:, :1], p, s),
                "The first channel alone is read; the sum runs over all of them.",
            ),
            (
                lambda x, w, p, s: conv2d(x, w, p, s).relu(),
                "A ReLU follows; the convolution alone is wanted.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(x, w.flip(2, 3), p, s),
                "The kernel is flipped: that is the convolution of mathematics. PyTorch's conv2d, "
                "and this task, lay the kernel on the image as it is.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(x, w, 0, s),
                "The padding is forgotten: zeros belong around the image before it is cut into "
                "windows.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(x, w, p, 1),
                "The stride is ignored: neighbouring windows begin `stride` pixels apart.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(x, w, 0, 1),
                "Padding and stride are both ignored.",
            ),
            _conv_mistake(
                lambda x, w, p, s: F.conv2d(x, w, None, p, s),
                "Padding and stride have changed places; F.conv2d takes the stride first.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(x, w.transpose(2, 3), p, s),
                "The kernel is transposed: its rows and columns are exchanged.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(F.pad(x, (p,) * 4, mode="replicate"), w, 0, s),
                "The border repeats the image's edge; the padding here is zeros.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(F.pad(x, (p,) * 4, mode="reflect"), w, 0, s),
                "The border mirrors the image; the padding here is zeros.",
            ),
            _conv_mistake(
                lambda x, w, p, s: conv2d(F.pad(x, (0, p, 0, p)), w, 0, s),
                "Zeros stand at the right and at the bottom only; they belong on all four sides.",
            ),
            _conv_mistake(
                _depthwise,
                "The channels are averaged; a convolution adds them up.",
            ),
        ],
    ),
    FunctionTask(
        name="receptive_field",
        lesson="02",
        answer=receptive_field,
        cases=_layer_cases,
        why="What lies outside of it, a unit can neither see nor explain: it bounds the size of "
        "the patterns that a layer can know.",
        hints=(
            "A kernel of 3 sees how many positions more than one of its inputs? And how many "
            "pixels of the image apart do those inputs lie?",
            "Keep two numbers: the field, and the jump between two neighbours, both 1 at first.",
            "For each (kernel, stride): field += (kernel − 1)·jump, and only then jump *= stride.",
        ),
        explanation="A kernel of size k adds k − 1 neighbours, each of them one jump away, in "
        "pixels of the image. Each stride multiplies the jump of all layers after it.",
        mistakes=[
            (
                lambda layers: receptive_field(layers) ** 2,
                "This is the number of pixels in the square; one direction is asked for.",
            ),
            (
                lambda layers: sum(kernel * stride for kernel, stride in layers),
                "Kernels times strides are added up; a layer adds (kernel − 1) · jump, and the "
                "jump is the product of the strides before it.",
            ),
            (
                lambda layers: (
                    1
                    + sum(
                        (kernel - 1) * max(1, sum(stride for _, stride in layers[:k]))
                        for k, (kernel, _) in enumerate(layers)
                    )
                ),
                "Strides are added up; steps of steps multiply.",
            ),
            (
                lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers),
                "The strides are ignored: after a stride of 2, a step on the map is worth two "
                "pixels.",
            ),
            (
                _early_jump,
                "The stride is multiplied in too early: a layer's own stride only spreads the "
                "layers after it.",
            ),
            (
                _last_stride,
                "Only the last stride counts here; the strides of all layers before multiply.",
            ),
            (
                lambda layers: sum(kernel for kernel, _ in layers),
                "The kernels are added up; a kernel of k adds k − 1, since one pixel is already "
                "seen, and strides spread it.",
            ),
            (
                _kernel_times_jump,
                "Each kernel adds k·jump here; it adds k − 1 neighbours: one is already seen.",
            ),
            (_product, "The kernels are multiplied; fields grow by (kernel − 1)·jump, a sum."),
            (_jump, "This is the jump, the product of the strides; the field adds up kernels."),
            (
                lambda layers: receptive_field(layers) - 1,
                "It is 1 too small: before any layer, a pixel sees itself, so the field starts at "
                "1.",
            ),
            (
                lambda layers: receptive_field(layers[::-1]),
                "The layers are taken from the last to the first; begin at the image.",
            ),
            (
                _all_fields,
                "This is the list of the fields after every layer; the last one is wanted, as a "
                "number.",
            ),
        ],
    ),
    FunctionTask(
        name="gram_matrix",
        lesson="02",
        answer=gram_matrix,
        cases=_features_cases,
        why="It keeps which features occur together and forgets where: that is what style "
        "transfer calls style. (The lesson divides by H·W only; this task by C·H·W.)",
        hints=(
            "Position does not matter. Which axes can you flatten into one?",
            "With features as (N, C, H·W), entry [i, j] is the sum over positions of channel i "
            "times channel j. Which product of matrices is that?",
            "flat @ flat.transpose(1, 2), divided by C·H·W.",
        ),
        explanation="Flatten the positions, multiply the matrix (C, H·W) of each image by its "
        "transpose, and divide by C·H·W, so that sizes can be compared. Each image has its own.",
        mistakes=[
            (
                lambda f: gram_matrix(f) / f.shape[1],
                "C is in the divisor twice: divide by C·H·W.",
            ),
            (
                lambda f: gram_matrix(f).mean(dim=0),
                "The matrices of the batch are averaged; each image has its own, (N, C, C).",
            ),
            (
                lambda f: gram_matrix(f).diagonal(dim1=1, dim2=2),
                "This is each channel with itself; all pairs of channels are wanted, (N, C, C).",
            ),
            (
                lambda f: F.normalize(f.flatten(2), dim=2) @ F.normalize(f.flatten(2), dim=2).mT,
                "These are cosines: the channels have been brought to length 1.",
            ),
            (
                lambda f: gram_matrix(f) * f.shape[1],
                "This is divided by H·W, as in the lesson; the task divides by C·H·W.",
            ),
            (_sum_of_products, "The division by C·H·W is missing."),
            (
                lambda f: gram_matrix(f) * f.shape[2] * f.shape[3],
                "This is divided by C only; the task divides by C·H·W.",
            ),
            (
                lambda f: gram_matrix(f) / len(f),
                "This is also divided by the batch size N; each image has a Gram matrix of its "
                "own, divided by C·H·W.",
            ),
            (
                _batch_gram,
                "This is one matrix for the whole batch; each image has its own, (N, C, C).",
            ),
            (
                _places,
                "This compares positions, (N, H·W, H·W); a Gram matrix compares channels, "
                "(N, C, C).",
            ),
            (
                _channels_last_gram,
                "The channels were moved last before flattening, so rows are no longer channels; "
                "flatten (N, C, H, W) as it is.",
            ),
            (
                _centred_gram,
                "The mean of each channel is subtracted: that is a covariance. A Gram matrix keeps "
                "the mean.",
            ),
            (
                lambda f: gram_matrix(f.detach()),
                "The value is right, but detached: style transfer needs the gradient with respect "
                "to the features.",
            ),
        ],
    ),
    FunctionTask(
        name="frechet_distance",
        lesson="02",
        answer=frechet_distance,
        cases=_gaussian_cases,
        why="With features of the judge in it, this is the FID by which the course compares "
        "generators.",
        hints=(
            "Which two things tell two Gaussians apart, and which of them has an easy distance?",
            "‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½). The root is that of a matrix, not of its "
            "entries. What are the eigenvalues of a matrix's root?",
            "The trace of (Σ₁Σ₂)^½ is the sum of the roots of the eigenvalues of Σ₁Σ₂: "
            "torch.linalg.eigvals(cov1 @ cov2), their real part, at least 0.",
        ),
        explanation="The squared distance of the means plus tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½). The trace of "
        "the root is the sum of the roots of the eigenvalues of Σ₁Σ₂, which are those of the "
        "symmetric Σ₁^½·Σ₂·Σ₁^½, so that nothing complex arises.",
        mistakes=[
            (
                lambda m, a, n, b: frechet_distance(m, a, m, b),
                "The means are missing: add the squared length of mu1 − mu2.",
            ),
            (
                lambda m, a, n, b: (m - n).square().sum() + (a + b).trace(),
                "The root of cov1·cov2 is missing: equal Gaussians would not have distance 0.",
            ),
            (
                lambda m, a, n, b: (m - n).abs().sum() + frechet_distance(m, a, m, b),
                "The means' difference is not squared.",
            ),
            (
                lambda m, a, n, b: frechet_distance(m, a, n, b) / len(m),
                "There is no mean over the features here.",
            ),
            (
                lambda m, a, n, b: -frechet_distance(m, a, n, b),
                "The sign is the wrong way round: a distance is never negative.",
            ),
            (
                lambda m, a, n, b: frechet_distance(m, a, n, b).clamp(min=0).sqrt(),
                "This is the root: the distance itself. The FID is its square.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).square().sum(), a, b, (a @ b).sqrt().trace()),
                "The root is taken entry by entry; (Σ₁Σ₂)^½ is the root of the matrix, which "
                "multiplied by itself gives Σ₁Σ₂.",
            ),
            (
                lambda m, a, n, b: _frechet(
                    (m - n).square().sum(), a, b, (a @ b).abs().sqrt().trace()
                ),
                "The root is taken entry by entry; (Σ₁Σ₂)^½ is the root of the matrix, which "
                "multiplied by itself gives Σ₁Σ₂.",
            ),
            (
                lambda m, a, n, b: _frechet(
                    (m - n).square().sum(), a, b, (a * b).clamp(min=0).sqrt().trace()
                ),
                "Σ₁ and Σ₂ are multiplied entry by entry, so that only the variances enter, as if "
                "the features were uncorrelated; the formula multiplies matrices, with @.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).square().sum(), a, b, _trace_of_root(a, b) / 2),
                "The factor 2 before the root (Σ₁Σ₂)^½ is missing.",
            ),
            (
                lambda m, a, n, b: _frechet(
                    (m - n).square().sum(), a, b, (_root(a) @ _root(b)).trace()
                ),
                "Σ₁^½·Σ₂^½ equals (Σ₁Σ₂)^½ only where the two commute; take the root of the "
                "product.",
            ),
            (
                lambda m, a, n, b: _frechet(
                    (m - n).square().sum(), a, b, (a @ b).trace().clamp(min=0).sqrt()
                ),
                "This is the root of the trace; the formula has the trace of the root.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).square().sum(), a, b, (a @ b).trace()),
                "The root of Σ₁Σ₂ is forgotten.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).norm(), a, b, _trace_of_root(a, b)),
                "The distance of the means is not squared.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).square().mean(), a, b, _trace_of_root(a, b)),
                "The squared differences of the means are averaged; they are summed.",
            ),
            (
                lambda m, a, n, b: _frechet((m - n).square().sum(), a, b, -_trace_of_root(a, b)),
                "The root is added; it is subtracted: equal Gaussians have distance 0.",
            ),
            (
                lambda m, a, n, b: (m - n).square().sum(),
                "Only the means are compared; the covariances are missing.",
            ),
            (
                lambda m, a, n, b: (m - n).square().sum() + (a - b).square().sum(),
                "The covariances are compared entry by entry; the formula is "
                "tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½).",
            ),
        ],
    ),
]

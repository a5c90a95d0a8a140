"""Networks that a student has trained, measured against a bar."""

import math
from collections.abc import Callable

import torch
from torch import nn

from course_lib import data, zoo
from course_lib.metrics import agreement, confusion
from course_lib.sampling import in_batches, latents
from course_lib.training import evaluating

VAE_BAR = 800  # nats; 400 steps of width 8 come to about 710, training without a KL to about 800
VAE_MAKES = "the copies (n, 1, 28, 28), mu and logvar (n, z_dim)"
OBEDIENT = 0.65  # share of samples that the judge sees as what was asked for
# Standard deviation of a pixel among 100 images of a class, on average: 0.37 for the shipped model.
LEAST_VARIETY = 0.15
NEAR = 0.7  # of a flow's points; the solution reaches 0.9, and four steps of Euler's rule 0.6
MODES = 6  # of eight; the lesson's training reaches six to eight after 1,200 steps
CLASSIFIER = (
    0.84  # of the test images; people who are no experts reach 0.835, says the data's own page
)


def near_the_best(network: object) -> str:
    """Return what is wrong with a discriminator of N(1, 1) against N(−1, 1), or ""."""
    if isinstance(network, type) or not callable(network):
        return "Pass the trained network: it takes x (n, 1) and returns n logits."
    x = torch.linspace(-3, 3, 121)[:, None]  # (121, 1)
    with torch.no_grad():
        logits = network(x.clone())  # it may change its input in place
    if not isinstance(logits, torch.Tensor) or logits.numel() != len(x):
        return "Pass the trained network: it takes x (n, 1) and returns n logits."
    if not logits.isfinite().all():
        return "Its logits are not finite: the training has diverged. Lower the rate."
    answer, best = logits.reshape(-1).sigmoid(), torch.sigmoid(2 * x[:, 0])
    error = (answer - best).abs().mean().item()
    if error < 0.05:
        return ""
    told = f"It is {error:.3f} from D* on average, between −3 and 3; the bar is 0.05."
    known = (
        (1 - best, "Real and fake have changed places: D is to be high where the data are."),
        (torch.full_like(best, 0.5), "It says ½ everywhere: it has not been trained."),
        (best.sigmoid(), "It returns probabilities, and softplus wants logits: leave the sigmoid."),
        (torch.ones_like(best), "It calls everything real: the term of the fakes is missing."),
        (torch.zeros_like(best), "It calls everything fake: the term of the reals is missing."),
    )
    distance, sentence = min(((answer - wrong).abs().mean().item(), said) for wrong, said in known)
    if distance < 0.12:
        return f"{sentence} {told}"
    return told


def finds_the_modes(generator: Callable) -> str:
    """Return what is wrong with a generator of the ring of eight clusters, or ""; 1,000 points."""
    if isinstance(generator, type) or not callable(generator):
        return "Pass the trained generator: it takes z (n, 2) and returns points (n, 2)."
    networks = [generator] if isinstance(generator, nn.Module) else []
    with evaluating(*networks), torch.no_grad():
        points = generator(latents(1000, 2, seed=7))
    if not isinstance(points, torch.Tensor) or points.shape != (1000, 2):
        came = tuple(points.shape) if isinstance(points, torch.Tensor) else type(points).__name__
        return f"The generator takes z (1000, 2) and returns points (1000, 2); here came {came}."
    if not points.isfinite().all():
        return "There are NaN or infinite points: the training has diverged. Lower the rate."
    (_, modes), spread = _on_the_ring(points, least=20), points.std(dim=0).mean().item()
    told = f"Modes with 20 or more of 1,000 points: {modes} of 8; the bar is {MODES}."
    if modes >= MODES:
        return ""
    if spread < 0.5 and points.norm(dim=1).mean() < 1:
        return f"The points have not left the middle: does G's optimiser take its steps? {told}"
    if spread < 0.5:
        return f"All points lie on one spot: G moves faster than D. One step each, in turn. {told}"
    if points.abs().max() > 20:
        return f"Points run far away from the ring: does D see real points at all? {told}"
    return (
        "The points are spread, and miss the clusters. Has each network a bend (ReLU) between its "
        f"layers? Then train it for longer, at a rate near 0.002. {told}"
    )


def flows_to_the_clusters(flow: Callable) -> str:
    """Return what is wrong with a flow from noise to the ring of eight clusters, or ""."""
    said = "Pass the flow itself: it takes noise z (n, 2) and returns points (n, 2)."
    if isinstance(flow, type) or not callable(flow):
        return said
    z = latents(1000, 2, seed=7)
    networks = [flow] if isinstance(flow, nn.Module) else []
    with evaluating(*networks), torch.no_grad():
        points = flow(z.clone())
    if isinstance(points, list | tuple) and len(points) and isinstance(points[-1], torch.Tensor):
        return f"{said} Here came {len(points)} of them: return the last one."
    if points is None or points is ...:
        raise NotImplementedError
    if not isinstance(points, torch.Tensor) or points.shape != z.shape:
        came = tuple(points.shape) if isinstance(points, torch.Tensor) else type(points).__name__
        return f"The flow takes z (1000, 2) and returns points (1000, 2); here came {came}."
    if not points.isfinite().all():
        return "There are NaN or infinite points: the training has diverged. Lower the rate."
    with evaluating(*networks), torch.no_grad():
        again = flow(z.clone())
    if not torch.equal(points, again):
        return "The same noise leads to other points the second time: the flow begins at z itself."
    near, modes = _on_the_ring(points, least=40)
    radii = points.norm(dim=1)
    told = (
        f"Points within 0.2 of a cluster: {near:.0%}; the bar is {NEAR:.0%}. Clusters with 40 or "
        f"more of 1,000 points: {modes} of 8; the bar is 8."
    )
    if near >= NEAR and modes == 8:
        return ""
    if (points - z).norm(dim=1).mean() < 0.2:
        return (
            "The points are still the noise that came in. Was the network trained, and does each "
            f"step of the loop add h·v to the points? {told}"
        )
    if radii.mean() < 0.6 and radii.max() < 3:
        return (
            "The points gather in the middle. At t = 0 the velocity leads to the mean of the data. "
            f"Are there ten steps or more, and does t grow from step to step? {told}"
        )
    if points.std(dim=0).mean() < 0.05:
        return f"All points lie on one spot: is each step multiplied by its size h? {told}"
    if radii.max() > 5:
        return (
            "Some points run away from the ring. Is the target x − z, is noise at t = 0 in the "
            "path, and does the loop add h·v from t = 0 to t = 1? Is there a ReLU between the "
            f"layers, and was the training long enough? {told}"
        )
    if near < 0.3:
        return (
            "The points have moved, and they miss the clusters. Was the training long enough: some "
            "2,000 steps of 256 points, at a rate near 0.005, with zero_grad in each step? Does "
            "the network see t beside x, with a t of its own for each point? Is the target x − z, "
            "and is noise at t = 0, in the path and in the loop? Is there a ReLU between layers "
            f"that are wide enough, 128 say? {told}"
        )
    return (
        "Some points arrive. Train for some 2,000 steps of 256 points at a rate near 0.005, or "
        f"follow the velocity in more steps, all the way from t = 0 to t = 1. {told}"
    )


def _on_the_ring(points: torch.Tensor, least: int) -> tuple[float, int]:
    """Return which part of the points is near a cluster, and how many have `least` or more."""
    angles = torch.arange(8) * (math.pi / 4)
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)  # (8, 2)
    distance, nearest = torch.cdist(points, centres).min(dim=1)
    hits = nearest[distance < 0.2].bincount(minlength=8)
    return (distance < 0.2).float().mean().item(), int((hits >= least).sum())


def copies_garments(vae: Callable) -> str:
    """Return what is wrong with a VAE of Fashion-MNIST, or "", by its loss on test images."""
    torch.manual_seed(0)
    images = data.to_float(data.fashion("test")[0][:500])  # (500, 1, 28, 28)
    networks = [vae] if isinstance(vae, nn.Module) else []
    weights = [weight for network in networks for weight in network.parameters()]
    device = weights[0].device if weights else torch.device("cpu")
    with evaluating(*networks), torch.no_grad():
        made = vae(images.to(device, copy=True))
    if not (isinstance(made, tuple | list) and len(made) == 3):
        return f"Pass the trained VAE: it takes images and returns {VAE_MAKES}."
    copies, mu, logvar = (part.cpu() for part in made)
    if copies.shape != images.shape or mu.shape != logvar.shape or mu.ndim != 2:
        return f"Pass the trained VAE: it takes images and returns {VAE_MAKES}."

    def error(copies: torch.Tensor) -> float:
        return (copies - images).square().flatten(1).sum(dim=1).mean().item()

    misfit = error(copies) / 0.08  # 2·0.2²
    of_mean = error(images.mean(0)) / 0.08
    kl = (0.5 * (mu.square() + logvar.exp() - 1 - logvar)).sum(dim=1).mean().item()
    told = f"On test images: reconstruction {misfit:.0f} + KL {kl:.1f}; the bar is {VAE_BAR} nats."
    if not math.isfinite(misfit + kl):
        return f"Its loss is not finite: the rate is too high, or logvar has run away. {told}"
    if copies.min() >= 0:
        return f"No copy has a pixel below 0, and images lie in [-1, 1]: end in tanh. {told}"
    if misfit > 1.2 * of_mean:
        return f"One mean image for all would be nearer: it has hardly been trained. {told}"
    if kl < 0.5:
        return (
            "The posterior has collapsed: the code says nothing, and all copies are one image. Is "
            f"the error averaged over pixels while the KL is summed? {told}"
        )
    if kl > 100:
        return f"This is an autoencoder: nothing in its loss makes it pay for the KL. {told}"
    if misfit + kl >= VAE_BAR and kl < 30:
        return (
            "A nat is too dear, or the codes too short: is the squared error summed over pixels "
            f"and divided by 2·0.2², and the KL taken once? {told}"
        )
    return "" if misfit + kl < VAE_BAR else f"On the right way; train it for longer. {told}"


def obeys(generator: object) -> str:
    """Return what is wrong with a conditional generator of Fashion-MNIST, or ""; 1,000 samples."""
    if isinstance(generator, type) or not isinstance(generator, nn.Module):
        return f"This is a {type(generator).__name__}; pass the trained generator itself."
    size = getattr(generator, "z_dim", None)
    if not isinstance(size, int):
        return "The generator needs an attribute z_dim, the length of its latent vectors."
    asked = torch.arange(1000) % 10
    images = in_batches(generator, latents(1000, size, seed=1), asked, batch=100)
    if images.shape != (1000, 1, 28, 28):
        return f"Expected images of shape (1000, 1, 28, 28), came {tuple(images.shape)}."
    if not images.isfinite().all():
        return "There are NaN or infinite pixels: the training has diverged. Lower the rate."
    if images.abs().max() > 1.001:
        return f"Pixels lie in [−1, 1]; the largest here is {images.abs().max():.3g}."
    counts = confusion(zoo.load("fashion-cnn"), images, asked)
    share, _ = agreement(counts)
    said = f"The judge agrees on {share:.1%} of 1,000 samples; the bar is {OBEDIENT:.0%}."
    variety = images.view(100, 10, -1).std(dim=0).mean().item()
    if share >= OBEDIENT:
        if variety >= LEAST_VARIETY:
            return ""
        return (
            f"It draws nearly one picture for each class, whatever z is: a pixel varies by "
            f"{variety:.2g} within a class. Does z reach the generator? {said}"
        )
    for shift in range(1, 10):
        if agreement(counts.roll(-shift, dims=1))[0] >= OBEDIENT:
            return f"Asked for class y it draws class y + {shift}: labels off by {shift}. {said}"
    if share < 0.2:
        return (
            "That is as good as guessing: nobody obeys. Do images and labels still belong "
            f"together, in the data and beside the fakes, and do both networks use them? {said}"
        )
    return f"Train longer, or at another rate: some hundred steps of 32 are enough. {said}"


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


def names_garments(network: object) -> str:
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
    told = f"It names {right:.1%} of 2,000 test images; the bar is {CLASSIFIER:.0%}."
    if faults:
        return " ".join([*faults, told])
    if right >= CLASSIFIER:
        return ""
    if right < 0.2:
        return (
            "That is as good as guessing: was it trained, and did images and labels stay "
            f"together? {told}"
        )
    return f"Train longer, or at another rate: after a few hundred steps it is enough. {told}"

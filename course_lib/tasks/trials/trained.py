"""Networks that a student has trained, measured against a bar."""

import math
from collections.abc import Callable

import torch
from torch import nn

from course_lib import data
from course_lib.training import evaluating

VAE_BAR = 800  # nats; 400 steps of width 8 come to about 710, training without a KL to about 800
VAE_MAKES = "the copies (n, 1, 28, 28), mu and logvar (n, z_dim)"


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

"""Loss functions of the course: tensors in, a scalar out.

Those of the GANs take logits, those of the Wasserstein GAN scores without bounds. A logit a
stands for the probability sigmoid(a). In logits, −log D is softplus(−a) and −log(1 − D) is
softplus(a); both are exact where sigmoid followed by a logarithm overflows. Those of the VAE take
what its networks return and count in nats per image. That of the text encoder takes embeddings.
"""

import math
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy, normalize, softplus


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return −E log D(x) − E log(1 − D(G(z))), to be minimised by D; 2·ln 2 at logits 0.

    Goodfellow et al. 2014, equation 1, with its sign turned. Logits of any shape; means are taken.
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return −E log D(G(z)), the non-saturating loss; ln 2 at logits 0.

    Goodfellow et al. 2014, section 3, last paragraph. Its gradient stays near −1 where D rejects
    a sample with certainty.
    """
    return softplus(-fake_logits).mean()


def saturating_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return E log(1 − D(G(z))), the generator's side of the minimax game; −ln 2 at logits 0.

    Goodfellow et al. 2014, equation 1. Its gradient vanishes where D rejects a sample.
    """
    return -softplus(fake_logits).mean()


def matching_loss(
    real_right: torch.Tensor, real_wrong: torch.Tensor, fake_right: torch.Tensor
) -> torch.Tensor:
    """Return the loss of a discriminator that also judges whether image and text match.

    −E log D(x, t) − ½ (E log(1 − D(x, t')) + E log(1 − D(G(z, t), t))), where t' is the text of
    another image; 2·ln 2 at logits 0. Reed et al. 2016, algorithm 1 (GAN-CLS), which StackGAN
    (Zhang et al. 2017, section 3.4) trains both of its discriminators with.

    Args:
        real_right: logits of real images with their own texts.
        real_wrong: logits of real images with texts that do not describe them.
        fake_right: logits of generated images with the texts they were generated from.
    """
    negatives = softplus(real_wrong).mean() + softplus(fake_right).mean()
    return softplus(-real_right).mean() + 0.5 * negatives


def r1_penalty(real_logits: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Return half the mean squared norm of D's gradient at real images; it keeps D smooth there.

    ½ E ‖∇ₓ a(x)‖², Mescheder et al. 2018, equation 9, without its weight γ. With the logits of
    images and their own texts it is the matching-aware penalty of Tao et al. 2022 (DF-GAN), whose
    power is another and which reaches the text too.

    Args:
        real_logits: (N,), computed from `real` with a graph.
        real: images (N, C, H, W) that require gradients.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
    return 0.5 * gradient.square().sum(dim=(1, 2, 3)).mean()


def r2_penalty(fake_logits: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return half the mean squared norm of D's gradient at generated images, which is R2.

    ½ E ‖∇ₓ a(G(z))‖², Mescheder et al. 2018, equation 10, without its weight γ. With R1 it keeps D
    smooth on both sides; Huang et al. 2024 (R3GAN) need both where images are compared in pairs.

    Args:
        fake_logits: (N,), computed from `fake` with a graph.
        fake: generated images (N, C, H, W), detached from G, that require gradients.
    """
    return r1_penalty(fake_logits, fake)


def relativistic_discriminator_loss(
    real_logits: torch.Tensor, fake_logits: torch.Tensor
) -> torch.Tensor:
    """Return −E log sigmoid(a(x) − a(G(z))), to be minimised by D; ln 2 at equal logits.

    Each real image is compared with one generated image: Jolicoeur-Martineau 2019, section 4.1
    (RSGAN). D only has to place the real image above the other, not above a fixed 0.

    Args:
        real_logits, fake_logits: (N,); row i of both is a pair.
    """
    return softplus(fake_logits - real_logits).mean()


def relativistic_generator_loss(
    real_logits: torch.Tensor, fake_logits: torch.Tensor
) -> torch.Tensor:
    """Return −E log sigmoid(a(G(z)) − a(x)), the generator's side; ln 2 at equal logits.

    Args:
        real_logits, fake_logits: (N,); row i of both is a pair.
    """
    return softplus(real_logits - fake_logits).mean()


def wgan_critic_loss(real_scores: torch.Tensor, fake_scores: torch.Tensor) -> torch.Tensor:
    """Return E f(G(z)) − E f(x), to be minimised by the critic f; 0 where it tells no difference.

    Arjovsky et al. 2017, equation 2, with its sign turned: where f is 1-Lipschitz, the negative
    loss is at most the Wasserstein distance W1, and equals it for the best f. Scores of any shape.
    """
    return fake_scores.mean() - real_scores.mean()


def wgan_generator_loss(fake_scores: torch.Tensor) -> torch.Tensor:
    """Return −E f(G(z)), the generator's side; its slope is −1 however bad the samples are.

    Arjovsky et al. 2017, theorem 3 and algorithm 1.
    """
    return -fake_scores.mean()


def gradient_penalty(
    critic: Callable[[torch.Tensor], torch.Tensor],
    real: torch.Tensor,
    fake: torch.Tensor,
    eps: torch.Tensor | None = None,
    weight: float = 10.0,
    target: float = 1.0,
) -> torch.Tensor:
    """Return weight · E (‖∇ₓ f(x)‖ − target)², between real and generated images.

    Gulrajani et al. 2017, equation 3, with x = ε·real + (1 − ε)·fake and one ε ~ U(0, 1) for each
    sample. The norm is taken over all channels and pixels of one sample. It keeps the critic
    1-Lipschitz where it matters: between the two distributions the best one has slope 1.

    Args:
        critic: maps images to scores (N,).
        real, fake: images (N, …) of one shape; no gradient reaches them, nor what made them.
        eps: (N,), in [0, 1]; drawn where None.
        weight: λ of the paper.
        target: slope that is not penalised.

    Raises:
        ValueError: shapes differ, or eps is not (N,).
    """
    if real.shape != fake.shape:
        raise ValueError(
            f"real and fake have one shape, got {tuple(real.shape)} and {tuple(fake.shape)}"
        )
    eps = real.new_empty(len(real)).uniform_() if eps is None else eps
    if eps.shape != (len(real),):
        raise ValueError(f"eps has shape ({len(real)},), got {tuple(eps.shape)}")
    share = eps.view(-1, *[1] * (real.ndim - 1))
    mixed = torch.lerp(fake.detach(), real.detach(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    slopes = torch.linalg.vector_norm(gradient.flatten(1), dim=1)  # (N,)
    return weight * (slopes - target).square().mean()


def drift(real_scores: torch.Tensor, weight: float = 1e-3) -> torch.Tensor:
    """Return weight · E f(x)², which keeps the critic's scores near 0.

    Karras et al. 2018, appendix A.1. Only differences of scores count for the game; without this
    term their common level drifts away.
    """
    return weight * real_scores.square().mean()


def contrastive_loss(
    images: torch.Tensor,
    texts: torch.Tensor,
    temperature: float | torch.Tensor = 0.07,
    negatives: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the symmetric InfoNCE of N pairs of embeddings, in nats; ln N where all are equal.

    The mean of two cross-entropies: which of the N texts is image i's, and which of the N images
    is text i's; logits are cosines divided by the temperature. Van den Oord et al. 2018, equation
    4; Radford et al. 2021, figure 3.

    Args:
        images, texts: (N, F); row i of both is a pair. Their lengths do not matter.
        temperature: the smaller, the more the closest wrong ones count.
        negatives: bool, (N, N), [i, j] True where text j does not describe image i; others, such
            as a caption that occurs twice or fits two images, are not held against the pair. All
            but the pairs themselves by default.

    Raises:
        ValueError: the shapes do not fit.
    """
    n = len(images)
    if images.ndim != 2 or images.shape != texts.shape:
        raise ValueError(
            f"images and texts have one shape (N, F), got {tuple(images.shape)} "
            f"and {tuple(texts.shape)}"
        )
    logits = normalize(images) @ normalize(texts).T / temperature
    pairs = torch.eye(n, dtype=torch.bool, device=logits.device)
    if negatives is not None:
        if negatives.shape != (n, n):
            raise ValueError(f"negatives have shape ({n}, {n}), got {tuple(negatives.shape)}")
        logits = logits.masked_fill(~(negatives | pairs), -torch.inf)
    answers = torch.arange(n, device=logits.device)
    return 0.5 * (cross_entropy(logits, answers) + cross_entropy(logits.T, answers))


def kl_divergence(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Return KL(N(mu, diag exp(logvar)) ‖ N(0, I)) in nats, a scalar; 0 at mu = logvar = 0.

    ½ Σ(mu² + exp(logvar) − 1 − logvar), summed over the latents of an image and averaged over the
    batch: Kingma and Welling 2014, appendix B. logvar is log σ², not log σ; both are (N, z_dim).
    """
    return kl_per_dimension(mu, logvar).sum()


def kl_per_dimension(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Return the KL of each latent in nats, (z_dim,), averaged over the batch; it sums to the KL.

    A dimension with a KL near 0 carries nothing of the image: it has collapsed to the prior.

    Raises:
        ValueError: mu and logvar do not have one shape (N, z_dim).
    """
    if mu.ndim != 2 or mu.shape != logvar.shape:
        raise ValueError(
            f"mu and logvar have one shape (N, z_dim), got {tuple(mu.shape)} "
            f"and {tuple(logvar.shape)}"
        )
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(dim=0)


def gaussian_nll(
    reconstruction: torch.Tensor, images: torch.Tensor, sigma: float = 1.0
) -> torch.Tensor:
    """Return −log N(images; reconstruction, σ²I) in nats, a scalar, with its constant.

    ‖x − x̂‖²/(2σ²) + D/2·log(2πσ²) with D pixels in an image, summed over the pixels and averaged
    over the batch, as the KL is summed over latents: a mean over pixels would make the KL weigh D
    times too much. Kingma and Welling 2014, appendix C.2, with one fixed σ.

    Args:
        reconstruction, images: (N, …), the same shape.
        sigma: standard deviation of a pixel, on the scale of the images.

    Raises:
        ValueError: the shapes differ (they must not be broadcast), or sigma is not positive.
    """
    if reconstruction.shape != images.shape or images.ndim < 2:
        raise ValueError(
            f"reconstruction and images have one shape (N, …), got {tuple(reconstruction.shape)} "
            f"and {tuple(images.shape)}"
        )
    if not sigma > 0:
        raise ValueError(f"sigma is a positive number, not {sigma}")
    constant = images[0].numel() * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    errors = (reconstruction - images).square().flatten(1).sum(dim=1)
    return errors.mean() / (2 * sigma**2) + constant

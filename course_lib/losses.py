"""Loss functions of the course: logits in, a scalar out.

A logit a stands for the probability sigmoid(a). In logits, −log D is softplus(−a) and
−log(1 − D) is softplus(a); both are exact where sigmoid followed by a logarithm overflows.
"""

import torch
from torch.nn.functional import relu, softplus


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


def hinge_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return E max(0, 1 − a(x)) + E max(0, 1 + a(G(z))); 2 at logits 0.

    Lim and Ye 2017, "Geometric GAN".
    """
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def hinge_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return −E a(G(z)), the generator's side of the hinge game; 0 at logits 0."""
    return -fake_logits.mean()

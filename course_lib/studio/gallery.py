"""The strip that opens lesson 00: what the course's models draw, each at its best."""

import torch

from course_lib import data, figures, sampling, zoo

CAPTION = "a person with short red hair and glasses in a red shirt"


def best_of_each_unit() -> dict[str, torch.Tensor]:
    """Return images (N, C, H, W) in [-1, 1] under the number and the name of their lesson.

    The seeds were chosen by eye: these are good pictures, and not usual ones.
    """
    vae, portraits = zoo.load("vae16-fashion"), zoo.load("progan-personas")
    photos = data.to_float(data.fashion("test")[0][[9, 2]])  # a sneaker and trousers
    with sampling.eval_mode(vae), torch.no_grad():
        copies = vae.decode(vae.encode(photos)[0])
    garments = sampling.sample(zoo.load("cgan-fashion"), 60, seed=0)[[20, 13, 28, 59]]
    told = sampling.sample(zoo.load("stackgan-personas"), 8, seed=0, asked=CAPTION)[[7]]
    mosaic = zoo.load("texture-mosaic").sample(1, seed=1, height=192, width=192)
    return {
        "03 VAE: two photographs\nand their copies": torch.cat([photos, copies]),
        "05 Conditional GAN:\ngarments by their class": garments,
        "06 StackGAN: “a person\nwith short red hair and\nglasses in a red shirt”": told,
        "07 ProGAN: a portrait\nfrom random numbers": sampling.sample(portraits, 1, seed=90),
        "08 The studio: a tile whose\nrepeats show no seam": mosaic,
    }


def show() -> None:
    """Show these images as a strip."""
    figures.strip(
        best_of_each_unit(),
        alt="Five blocks: a sneaker and trousers above their blurred copies; a drawn T-shirt, "
        "dress, handbag and ankle boot; a drawn person with red hair and glasses; another one "
        "with yellow hair; and a mosaic of red, yellow, white and blue stones.",
        caption="By the course's own models. Chosen by eye: most pictures are less good.",
    )

"""The explorers: pictures under sliders, one file per kind."""

from course_lib.explorers.game import gan_game
from course_lib.explorers.latent import latent

__all__ = ["gan_game", "latent"]

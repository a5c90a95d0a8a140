"""The explorers: pictures under sliders, one file per kind."""

from course_lib.explorers.autoencoder import autoencoder
from course_lib.explorers.completion import complete
from course_lib.explorers.conditional import (
    all_classes,
    class_interpolation,
    class_menu,
    variations,
)
from course_lib.explorers.drums import drum_machine
from course_lib.explorers.feature_maps import feature_maps
from course_lib.explorers.game import gan_game
from course_lib.explorers.growth import growth
from course_lib.explorers.icons import icon_sheet
from course_lib.explorers.interpolation import interpolation
from course_lib.explorers.latent import latent
from course_lib.explorers.latent_map import latent_map
from course_lib.explorers.loop import loop
from course_lib.explorers.sentence import sentence, two_sentences
from course_lib.explorers.sheets import pages
from course_lib.explorers.style import style
from course_lib.explorers.texture import room, tiles

__all__ = [
    "all_classes",
    "autoencoder",
    "class_interpolation",
    "class_menu",
    "complete",
    "drum_machine",
    "feature_maps",
    "gan_game",
    "growth",
    "icon_sheet",
    "interpolation",
    "latent",
    "latent_map",
    "loop",
    "pages",
    "room",
    "sentence",
    "style",
    "tiles",
    "two_sentences",
    "variations",
]

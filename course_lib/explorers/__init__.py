"""The explorers: pictures under sliders. Each is a class, under the name that lessons call."""

from course_lib.explorers.channels import FeatureMaps as feature_maps
from course_lib.explorers.completion import Complete as complete
from course_lib.explorers.conditional import AllClasses as all_classes
from course_lib.explorers.conditional import ClassInterpolation as class_interpolation
from course_lib.explorers.conditional import ClassMenu as class_menu
from course_lib.explorers.conditional import Variations as variations
from course_lib.explorers.drums import DrumMachine as drum_machine
from course_lib.explorers.films import Loop as loop
from course_lib.explorers.flows import NoiseToImage as noise_to_image
from course_lib.explorers.game import GanGame as gan_game
from course_lib.explorers.guessing import Guess as guess
from course_lib.explorers.icons import IconSheet as icon_sheet
from course_lib.explorers.sentences import Sentence as sentence
from course_lib.explorers.sentences import TwoSentences as two_sentences
from course_lib.explorers.sheets import Pages as pages
from course_lib.explorers.stages import Growth as growth
from course_lib.explorers.texture import Room as room
from course_lib.explorers.texture import Tiles as tiles
from course_lib.explorers.transfer import Style as style
from course_lib.explorers.two_images import Interpolation as interpolation
from course_lib.explorers.vae_code import Autoencoder as autoencoder
from course_lib.explorers.vae_plane import LatentMap as latent_map
from course_lib.explorers.walks import Latent as latent

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
    "guess",
    "icon_sheet",
    "interpolation",
    "latent",
    "latent_map",
    "loop",
    "noise_to_image",
    "pages",
    "room",
    "sentence",
    "style",
    "tiles",
    "two_sentences",
    "variations",
]

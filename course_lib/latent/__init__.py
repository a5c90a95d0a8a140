"""Latent space: walks on the sphere, easings, directions with a meaning, a z for a portrait."""

from course_lib.latent.directions import (
    CONTRASTS,
    Contrast,
    Directions,
    balanced_accuracy,
    effects,
    find,
    logistic,
    share_of_step,
    steered,
    success,
    turned,
)
from course_lib.latent.easings import EASINGS, eased
from course_lib.latent.search import (
    Completion,
    complete,
    diversity,
    measured,
    rectangle,
    visible_error,
)
from course_lib.latent.sphere import circle, great_circle, lerp, on_sphere, slerp, turns

"""Measuring generated images in the feature space of one of the course's classifiers, the judge.

A judge is a module with `features(images)`, (N, C, H, W) -> (N, F). If it also has `to_logits`,
which maps features to the logits (N, classes) of one classification, class probabilities can be
told; one that names several classifications in `attributes` has several, and is not asked.

`compare` measures sets of images side by side; KID is the figure to read first, because its mean
does not depend on how many images there are. The Fréchet distance in a judge's space is called
FID-course. It must never be compared with the FID of the literature, which uses the features of
another network; nor may figures by two judges.
"""

from course_lib.metrics.comparison import FLOOR, compare
from course_lib.metrics.damage import damaged
from course_lib.metrics.distances import density_coverage, frechet_distance, kernel_distance
from course_lib.metrics.intervals import share
from course_lib.metrics.judge import features, fid_course, judged, probabilities
from course_lib.metrics.labels import (
    agreement,
    conditional_fashion_report,
    confusion,
    coverage_per_class,
)
from course_lib.metrics.neighbours import nearest
from course_lib.metrics.reports.drums import drum_measures, drums_report
from course_lib.metrics.reports.fashion import closest_pair, fashion_report, fashion_reports
from course_lib.metrics.reports.personas import (
    beards_where_silent,
    certainty,
    certainty_by,
    combination_shares,
    enlarged,
    evenness,
    obeyed,
    obeyed_whole,
    personas_report,
    portraits_report,
    read,
    two_coloured,
    whole_captions_report,
)
from course_lib.metrics.retrieval import ranks, retrieval_report
from course_lib.metrics.table import Comparison, Estimate

__all__ = [
    "FLOOR",
    "Comparison",
    "Estimate",
    "agreement",
    "beards_where_silent",
    "certainty",
    "certainty_by",
    "closest_pair",
    "combination_shares",
    "compare",
    "conditional_fashion_report",
    "confusion",
    "coverage_per_class",
    "damaged",
    "density_coverage",
    "drum_measures",
    "drums_report",
    "enlarged",
    "evenness",
    "fashion_report",
    "fashion_reports",
    "features",
    "fid_course",
    "frechet_distance",
    "judged",
    "kernel_distance",
    "nearest",
    "obeyed",
    "obeyed_whole",
    "personas_report",
    "portraits_report",
    "probabilities",
    "ranks",
    "read",
    "retrieval_report",
    "share",
    "two_coloured",
    "whole_captions_report",
]

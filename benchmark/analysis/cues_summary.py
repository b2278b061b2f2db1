"""The numbers of a run on a data set that knows its cues."""

import math

import numpy as np
import numpy.typing as npt
from torch import Tensor

from benchmark.analysis.cues_accuracy import cue_accuracy
from benchmark.analysis.cues_decodability import decodability

CAPTURED = 0.6
"""The accuracy from which on a cue is said to be captured."""
ACCURACY = "cue_accuracy."
"""What the name of the accuracy of a single cue begins with."""


def halves(saliency: npt.NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """The numbers of the major cues, the more salient half rounded down, and of the subtle ones."""
    order = np.argsort(-saliency, kind="stable").tolist()
    middle = len(order) // 2
    return sorted(order[:middle]), sorted(order[middle:])


def cue_metrics(
    features: Tensor,
    labels: npt.NDArray[np.int64],
    names: tuple[str, ...],
    saliency: npt.NDArray[np.float64],
    values: npt.NDArray[np.int64],
) -> dict[str, float]:
    """The metrics by name, each in [0, 1] but for decodability, which may be below 0.

    `subtle_cues` and `major_cues` are the means of the cue accuracies of either half,
    `captured_cues` the share of cues with an accuracy of at least 0.6, `decodable_subtle_cues` the
    mean decodability of the subtle ones; `cue_accuracy.NAME` is that of a single cue. `features`
    [N, D], `labels` [N], `saliency` [cues] and `values` [N, cues] are those of the query images;
    where cosines are compared, features must have unit length.
    """
    accuracies = [found.mean for found in cue_accuracy(features, labels, values)]
    major, subtle = halves(saliency)
    decodable = decodability(features, labels, values)
    return {
        "subtle_cues": _mean([accuracies[cue] for cue in subtle]),
        "major_cues": _mean([accuracies[cue] for cue in major]),
        "captured_cues": _mean([float(one >= CAPTURED) for one in accuracies]),
        "decodable_subtle_cues": _mean([decodable[cue] for cue in subtle]),
        **{ACCURACY + name: one for name, one in zip(names, accuracies, strict=True)},
    }


def _mean(values: list[float]) -> float:
    """The mean of those that are defined."""
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan

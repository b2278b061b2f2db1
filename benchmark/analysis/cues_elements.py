"""Which elements of an embedding carry which cue: shares of variance."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.analysis.cues_accuracy import class_tuples, single_changes

Integers = npt.NDArray[np.int64]

CARRIES = 0.05
"""The share of an element's variance from which on it is said to carry a cue."""


@torch.no_grad()
def variance_shares(features: Tensor, labels: Integers, values: Integers) -> Tensor:
    """The share of each element's variance that each cue explains by itself, float64 [cues, D].

    For `features` [N, D], `labels` [N] and cue `values` [N, cues]. An analysis of variance on the
    P pairs of classes (a, b) that differ in cue k alone: with the mean m_c of an element over the
    n_c images of class c, their variance s_c² (n_c - 1 in the denominator), V values of the cue,
    and the variance v of the element over all N images,

        share = (1 - 1 / V) / (2 P v) * Σ_(a, b) ((m_a - m_b)² - s_a² / n_a - s_b² / n_b),

    kept between 0 and 1. What is taken off is what the square is expected to be if the cue changes
    nothing. Classes that differ in other cues too are not compared: a cue isn't credited with what
    others do that happen to go with it. For an element that is a sum of functions of single cues
    and of noise, with all values of a cue in its pairs equally often, it is the share of the cue's
    term; few pairs of many values make it a rough estimate. A constant element has shares of 0; a
    cue without pairs has NaN. Raises ValueError where a class of such a pair has a single image.
    """
    classes, tuples = class_tuples(labels, values)
    f = features.detach().double().cpu()
    f = f - f[:1]
    total = f.var(0, correction=0)
    of_class = [f[torch.from_numpy(np.flatnonzero(labels == label))] for label in classes]
    sums = torch.zeros(values.shape[1], f.shape[1], dtype=f.dtype)
    pairs = torch.zeros(values.shape[1], 1, dtype=f.dtype)
    for a, b, cue in single_changes(tuples):
        if min(len(of_class[a]), len(of_class[b])) < 2:
            raise ValueError("a class with a single image has no variance within it")
        one, other = of_class[a], of_class[b]
        chance = one.var(0) / len(one) + other.var(0) / len(other)
        sums[cue] += (one.mean(0) - other.mean(0)).square() - chance
        pairs[cue] += 1
    sizes = torch.tensor([[len(np.unique(column))] for column in tuples.T], dtype=f.dtype)
    share = (1 - 1 / sizes) * sums / (2 * pairs) / total
    return torch.where(total > 0, share.clamp(0, 1), torch.where(pairs > 0, 0.0, torch.nan))


def carriers(shares: Tensor, level: float = CARRIES) -> Tensor:
    """How many elements carry each cue [cues]: those with at least the share `level` [cues, D]."""
    return (shares >= level).sum(1)


def spread(shares: Tensor) -> Tensor:
    """Over how many elements each cue is spread [cues], from shares [cues, D].

    The participation ratio (Σ_k s_k)² / Σ_k s_k²: 1 where a single element holds it, D where all
    hold the same, and 0 where none does.
    """
    squares = shares.square().sum(1)
    return torch.where(squares > 0, shares.sum(1).square() / squares, 0.0)

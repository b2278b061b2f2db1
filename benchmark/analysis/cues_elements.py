"""Which elements of an embedding carry which cue: shares of variance."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.analysis.cues_accuracy import class_tuples

Integers = npt.NDArray[np.int64]

CARRIES = 0.1
"""The share of an element's variance from which on it is said to carry a cue."""


@torch.no_grad()
def variance_shares(features: Tensor, labels: Integers, values: Integers) -> Tensor:
    """The share of each element's variance that each cue explains, float64 [cues, D].

    One-way analysis of variance with the classes as the units, for `features` [N, D], `labels` [N]
    and cue `values` [N, cues]. In an element, with the mean m of all images, m_c of class c with
    n_c images, and m_v of all images with value v of the cue, V values and C classes,

        between = Σ_v n_v (m_v - m)²      beside = Σ_c n_c (m_c - m_v(c))²
        share = (between - (V - 1) beside / (C - V)) / Σ_i (f_i - m)²,  at least 0.

    The term that is taken off is what `between` is expected to be if the cue changes nothing
    (ε², Kelley, An Unbiased Correlation Ratio Measure, PNAS 1935). A share is 0 for an element
    that is constant, and NaN where a cue has as many values as there are classes.
    """
    classes, tuples = class_tuples(labels, values)
    f = features.detach().double().cpu()
    f = f - f[:1]
    f = f - f.mean(0)
    total = f.square().sum(0)
    inverse = torch.from_numpy(np.searchsorted(classes, labels))
    images = torch.bincount(inverse).double()
    means = torch.zeros(len(classes), f.shape[1], dtype=f.dtype).index_add_(0, inverse, f)
    means = means / images[:, None]
    shares = []
    for column in tuples.T:
        _, code = np.unique(column, return_inverse=True)
        value = torch.from_numpy(code)
        size = int(value.max()) + 1
        count = torch.zeros(size, dtype=f.dtype).index_add_(0, value, images)
        level = torch.zeros(size, f.shape[1], dtype=f.dtype)
        level.index_add_(0, value, images[:, None] * means)
        level = level / count[:, None]
        between = (count[:, None] * level.square()).sum(0)
        beside = (images[:, None] * (means - level[value]).square()).sum(0)
        free = len(classes) - size
        expected = (size - 1) * beside / free if free else torch.full_like(beside, torch.nan)
        share = (between - expected).clamp_min(0) / total
        shares.append(torch.where(total > 0, share, 0.0))
    return torch.stack(shares)


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

"""Decodability: can a linear probe read a cue's value from the features of unseen classes?"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.analysis.cues_accuracy import class_tuples, single_changes

Integers = npt.NDArray[np.int64]

FOLDS = 5
RIDGE = 1e-3
"""The penalty, as a multiple of the mean variance of an element."""


@torch.no_grad()
def decodability(features: Tensor, labels: Integers, values: Integers) -> list[float]:
    """How well a linear probe reads each cue [cues], corrected for chance: 0 is chance, 1 perfect.

    For `features` [N, D], `labels` [N] and cue `values` [N, cues]. A ridge regression on the
    indicators of the values, each value with the same weight, is fitted on all folds of classes
    but one and tested on that one, where its largest output counts. With V values and the share
    a_v of the images of value v that it gets right, averaged over the values,

        decodability = (mean a_v - 1 / V) / (1 - 1 / V).

    Classes that differ in a single cue, directly or through others, are in one fold: the probe
    can't know a class by its twin. NaN for a cue with a value that fewer than two folds hold, such
    as one of a hundred colours. It may be below 0.
    """
    classes, tuples = class_tuples(labels, values)
    fold = _folds(tuples)[np.searchsorted(classes, labels)]
    f = features.detach().double().cpu()
    return [_of_cue(f, fold, np.unique(column, return_inverse=True)[1]) for column in values.T]


def _of_cue(f: Tensor, fold: Integers, value: Integers) -> float:
    """The decodability of a cue with the values 0 to V - 1 [N]."""
    size = int(value.max()) + 1
    if size < 2 or min(len(np.unique(fold[value == one])) for one in range(size)) < 2:
        return float("nan")
    right = np.zeros(size)
    for tested in range(FOLDS):
        test = fold == tested
        read = _read(f[~test], torch.from_numpy(value[~test]), size, f[test])
        right += np.bincount(value[test], weights=read.numpy() == value[test], minlength=size)
    mean = float((right / np.bincount(value)).mean())
    return (mean - 1 / size) / (1 - 1 / size)


def _read(f: Tensor, value: Tensor, size: int, unseen: Tensor) -> Tensor:
    """The values that the probe reads from `unseen` features, fitted on `f` [N, D].

    Each value weighs the same in the fit, however many images have it: the probe gains nothing by
    guessing the commonest one.
    """
    weight = 1 / (size * torch.bincount(value, minlength=size).clamp_min(1))[value].to(f)
    mean = weight @ f
    x = f - mean
    covariance = (weight[:, None] * x).T @ x
    covariance.diagonal().add_(RIDGE * covariance.diagonal().mean().clamp_min(1e-30))
    targets = torch.eye(size, dtype=f.dtype)[value] - 1 / size
    weights = torch.linalg.solve(covariance, x.T @ (weight[:, None] * targets))
    return ((unseen - mean) @ weights).argmax(1)


def _folds(tuples: Integers) -> Integers:
    """The fold of each class [C]: groups of classes linked by single changes, in turn."""
    group = np.arange(len(tuples))
    for a, b, _ in single_changes(tuples):
        group[group == group[b]] = group[a]
    _, number = np.unique(group, return_inverse=True)
    return number % FOLDS

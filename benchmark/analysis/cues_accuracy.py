"""Cue accuracy: does an embedding notice a change of one cue alone?

The data must hold pairs of classes that differ in a single cue; see
`benchmark.data.dataset.KnownCues`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import special
from torch import Tensor

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CueAccuracy:
    """The accuracy of one cue on each pair of classes that differ in it alone.

    `pairs` [P, 2] holds the labels of the two classes and `values` [P] their accuracy.
    """

    pairs: Integers
    values: Floats

    @property
    def mean(self) -> float:
        """The mean over the pairs of classes; NaN where there is none."""
        return float(self.values.mean()) if len(self.values) else float("nan")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The t-interval of the mean over pairs of classes, as a sample of beetles of the kind.

        NaN with fewer than two pairs.
        """
        n = len(self.values)
        if n < 2:
            return float("nan"), float("nan")
        quantile = float(special.stdtrit(n - 1, (1 + confidence) / 2))
        half = quantile * float(self.values.std(ddof=1)) / n**0.5
        return self.mean - half, self.mean + half


@torch.no_grad()
def cue_accuracy(
    features: Tensor,
    labels: Integers,
    values: Integers,
) -> list[CueAccuracy]:
    """The accuracy of each cue, from `features` [N, D], `labels` [N] and cue `values` [N, cues].

    For classes a and b that differ in cue k alone, with images q and p of a, and n of b,

        accuracy(a, b) = P(|q - p| < |q - n|) + P(|q - p| = |q - n|) / 2

    over all q, p ≠ q and n; the accuracy of a pair is the mean of both directions. Chance is 1/2,
    which features that are all the same have exactly. Distances are Euclidean, in float64: where
    cosines are compared, features must have unit length. Raises ValueError where the images of a
    class have different values or a class in such a pair has a single image.
    """
    classes, tuples = class_tuples(labels, values)
    f = features.detach().double().cpu()
    of_class = [torch.from_numpy(np.flatnonzero(labels == label)) for label in classes]
    own: dict[int, Tensor] = {}
    found: list[list[tuple[int, int, float]]] = [[] for _ in range(values.shape[1])]
    for a, b, cue in single_changes(tuples):
        both = 0.0
        for one, other in ((a, b), (b, a)):
            if one not in own:
                own[one] = _within(f[of_class[one]], int(classes[one]))
            across = _distances(f[of_class[one]], f[of_class[other]])
            both += _wins(own[one], across) / 2
        found[cue].append((int(classes[a]), int(classes[b]), both))
    return [
        CueAccuracy(
            np.array([pair[:2] for pair in pairs], dtype=np.int64).reshape(-1, 2),
            np.array([pair[2] for pair in pairs], dtype=np.float64),
        )
        for pairs in found
    ]


def class_tuples(labels: Integers, values: Integers) -> tuple[Integers, Integers]:
    """The classes [C] and the tuple of cue values of each [C, cues], from those of images.

    Raises ValueError where the images of a class have different values.
    """
    classes, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    tuples: Integers = values[first]
    if not np.array_equal(tuples[inverse], values):
        raise ValueError("the images of a class must all have the same cue values")
    return classes, tuples


def single_changes(tuples: Integers) -> list[tuple[int, int, int]]:
    """Each pair of tuples (a, b, cue), a < b, that differ in that cue alone; by their numbers."""
    differ = tuples[:, None] != tuples[None]
    pairs = np.argwhere(np.triu(differ.sum(2) == 1)).tolist()
    return [(a, b, int(differ[a, b].argmax())) for a, b in pairs]


def _within(f: Tensor, label: int) -> Tensor:
    """Distances of the images of a class to each other one [n, n - 1]."""
    n = len(f)
    if n < 2:
        raise ValueError(f"class {label} has a single image, so that no other one can be nearer")
    others = ~torch.eye(n, dtype=torch.bool)
    return _distances(f, f)[others].view(n, n - 1)


def _wins(own: Tensor, across: Tensor) -> float:
    """The share of pairs (p, n) of each row in which p is nearer, ties counted half."""
    ordered = across.sort(1).values
    nearer = torch.searchsorted(ordered, own.contiguous())
    as_near = torch.searchsorted(ordered, own.contiguous(), right=True)
    return 1 - float((nearer + as_near).double().mean()) / (2 * across.shape[1])


def _distances(queries: Tensor, others: Tensor) -> Tensor:
    """Distances [n, m], each a sum over differences."""
    return torch.cdist(queries, others, compute_mode="donot_use_mm_for_euclid_dist")

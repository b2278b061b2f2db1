"""How well single elements of an embedding tell classes apart, and how many of them are used."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

TOGETHER = 128
"""Elements whose Recall@1 is counted together; more would take more memory and no less time."""
WELL_TRAINED = 10.0
"""F from which on an element counts as well trained, where nothing else is said."""


@torch.no_grad()
def fisher_ratio(features: Tensor, labels: Tensor | npt.NDArray[np.int64]) -> Tensor:
    """Between-class over within-class variance of each element, float64 [D].

    For `features` [N, D] and `labels` [N], with n_c samples of mean m_c in class c and the mean m
    of all (Fisher, The Use of Multiple Measurements in Taxonomic Problems, 1936):

        J_k = Σ_c n_c (m_ck − m_k)² / Σ_i (f_ik − m_{y_i}k)²

    Classes with a single sample say nothing about the variance within a class and are left out of
    both sums. J_k is 0 for an element that is constant, and infinite for one that is constant
    within every class only. Raises ValueError if features aren't finite or fewer than two classes
    have two samples.
    """
    ids = torch.as_tensor(labels, device=features.device)
    if ids.shape != features.shape[:1]:
        raise ValueError(f"{len(features)} features with {list(ids.shape)} labels")
    _, inverse, sizes = ids.unique(return_inverse=True, return_counts=True)
    kept = sizes[inverse] > 1
    if len(inverse[kept].unique()) < 2:
        raise ValueError("element statistics need two classes with at least two samples each")
    f = _shifted(features[kept])
    _, y, n = inverse[kept].unique(return_inverse=True, return_counts=True)

    means = f.new_zeros(len(n), f.shape[1]).index_add_(0, y, f) / n[:, None]
    between = (n[:, None] * (means - f.mean(0)).square()).sum(0)
    within = (f - means[y]).square().sum(0)
    # The rounding error of a mean of N values is at most N ε times the largest of them.
    rounding = len(f) * (len(f) * torch.finfo(f.dtype).eps * f.abs().amax(0)).square()
    within = within.where(within > rounding, 0)
    return torch.where(between > rounding, between / within, 0)


@torch.no_grad()
def effective_dimension(features: Tensor) -> float:
    """The number of directions that `features` [N, D] use, from 1 to min(N − 1, D).

    The participation ratio (Σλ)² / Σλ² of the eigenvalues λ of the covariance: D if all directions
    vary alike, 1 if a single one varies, and 0 if all features are the same. As Σλ is the trace
    and Σλ² the squared Frobenius norm, no eigenvalue is computed. Raises ValueError if features
    aren't finite.
    """
    f = _shifted(features)
    f = f - f.mean(0)
    peak = f.abs().max()
    if not peak:
        return 0.0
    covariance = (f / peak).T @ (f / peak)
    return float(covariance.trace().square() / covariance.square().sum())


@torch.no_grad()
def well_trained(
    features: Tensor, labels: Tensor | npt.NDArray[np.int64], threshold: float = WELL_TRAINED
) -> int:
    """The number of elements that tell classes apart well beyond chance.

    Those with F_k = J_k (N - C) / (C - 1) of at least `threshold`, where J_k is the Fisher ratio
    over N samples of C classes. F_k is the statistic of the analysis of variance, about 1 for an
    element that says nothing about the class.
    """
    return int((variance_ratio(features, labels) >= threshold).sum())


@torch.no_grad()
def variance_ratio(features: Tensor, labels: Tensor | npt.NDArray[np.int64]) -> Tensor:
    """F_k of each element, float64 [D]; see `well_trained`, and `fisher_ratio` for errors."""
    _, sizes = torch.as_tensor(labels).unique(return_counts=True)
    sizes = sizes[sizes > 1]
    freedom = (sizes.sum() - len(sizes)).double() / (len(sizes) - 1)
    return fisher_ratio(features, labels) * freedom.item()


@torch.no_grad()
def single_element_recall(features: Tensor, labels: Tensor | npt.NDArray[np.int64]) -> Tensor:
    """Recall@1 of each element by itself, float64 [D], for features [N, D] and labels [N].

    Each sample is a query among the others, which are ranked by |f_ik - f_jk|. Where several are
    nearest, it is the share of them that have the query's class. Raises ValueError if features
    aren't finite or there are fewer than two samples.
    """
    f = _shifted(features)
    if len(f) < 2:
        raise ValueError("a query needs another sample to be compared with")
    ids = torch.as_tensor(labels, device=f.device).unique(return_inverse=True)[1]
    return torch.cat([_recall_on_lines(some, ids) for some in f.T.split(TOGETHER)])


def _recall_on_lines(values: Tensor, ids: Tensor) -> Tensor:
    """For each row of values [d, N] the mean share of the nearest others that have the own class.

    `ids` [N] are classes from 0 on.
    """
    classes = int(ids.max()) + 1
    at, order = values.sort(dim=1)
    # Samples of one value stand together: a place. Neighbours are at the next place on each side.
    place = F.pad((at.diff(dim=1) != 0).cumsum(1), (1, 0))
    kind = place * classes + ids[order]  # a class at a place
    kinds = kind.sort(dim=1).values
    alike, together = _count(kinds, kind), _count(place, place)
    alone = (alike - 1) / (together - 1)  # where there are others at the place

    def beside(step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Distance to the next place on one side, its samples, and those of the own class."""
        there = place + step
        size = _count(place, there)
        first = torch.searchsorted(place, there).clamp_max(at.shape[1] - 1)
        gap = (at.gather(1, first) - at).abs().masked_fill(size == 0, torch.inf)
        return gap, size, _count(kinds, kind + step * classes)

    below, above = beside(-1), beside(1)
    nearest = torch.minimum(below[0], above[0])
    total = sum((side[1] * (side[0] == nearest) for side in (below, above)), torch.zeros(()))
    own = sum((side[2] * (side[0] == nearest) for side in (below, above)), torch.zeros(()))
    return torch.where(together > 1, alone, own / total).mean(1)


def _count(ascending: Tensor, wanted: Tensor) -> Tensor:
    """How often each of `wanted` [d, n] is in its row of `ascending` [d, N], as float64."""
    after = torch.searchsorted(ascending, wanted, right=True)
    return (after - torch.searchsorted(ascending, wanted)).double()


@torch.no_grad()
def recall_without_best(
    features: Tensor, labels: Tensor | npt.NDArray[np.int64], removed: Sequence[int]
) -> list[float]:
    """Recall@1 by the cosine of what is left when the best elements are removed.

    `removed` are numbers of elements, from 0 to D - 1; the best have the largest Fisher ratio on
    these features [N, D] and labels [N].
    """
    ids = torch.as_tensor(labels, device=features.device)
    order = fisher_ratio(features, labels).argsort(descending=True, stable=True)
    found = []
    for count in removed:
        if not 0 <= count < features.shape[1]:
            raise ValueError(f"{count} of {features.shape[1]} elements can't be removed")
        left = F.normalize(features[:, order[count:]].double())
        cosines = (left @ left.T).fill_diagonal_(-torch.inf)
        found.append(float((ids[cosines.argmax(1)] == ids).double().mean()))
    return found


def _shifted(features: Tensor) -> Tensor:
    """Features in float64 minus the first one, so that a constant element is exactly 0."""
    if features.dim() != 2 or not len(features):
        raise ValueError(f"features must be [samples, elements], not {list(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinite values: did the training diverge?")
    return features.double() - features[:1].double()

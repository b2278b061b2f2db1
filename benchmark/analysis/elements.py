"""How well single elements of an embedding tell classes apart, and how many of them are used."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


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


def _shifted(features: Tensor) -> Tensor:
    """Features in float64 minus the first one, so that a constant element is exactly 0."""
    if features.dim() != 2 or not len(features):
        raise ValueError(f"features must be [samples, elements], not {list(features.shape)}")
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinite values: did the training diverge?")
    return features.double() - features[:1].double()

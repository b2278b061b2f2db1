"""Metrics of image retrieval, as functions of the ranks of each query's positives.

Each function gives one value per query [Q], float64 in [0, 1], and NaN for a query that has no
positive; a metric is the mean of the others. R is the number of a query's positives and
r_1 < ... < r_R are their ranks.

>>> import torch
>>> ranks = Ranks(torch.tensor([[1, 4], [3, 0], [0, 0]]), torch.tensor([2, 1, 0]))
>>> recall_at_k(ranks, 1).tolist(), r_precision(ranks).tolist(), map_at_r(ranks).tolist()
([1.0, 0.0, nan], [0.5, 0.0, nan], [0.5, 0.0, nan])
>>> average_precision(ranks).tolist()
[0.75, 0.3333333333333333, nan]
"""

from functools import partial

import torch
from torch import Tensor

from benchmark.evaluation.ranking.ranks import Metric, Ranks


def recall_at_k(ranks: Ranks, k: int) -> Tensor:
    """Recall@K [Q]: whether a positive is among the first k, [r_1 ≤ k].

    Jégou et al., Product Quantization for Nearest Neighbor Search, TPAMI 2011, as used for metric
    learning since Song et al., CVPR 2016. At k = 1 it is also called Precision@1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return ranks.defined(((ranks.ranks > 0) & (ranks.ranks <= k)).any(1).double())


def r_precision(ranks: Ranks) -> Tensor:
    """R-precision [Q]: the share of positives among the first R, |{j : r_j ≤ R}| / R."""
    return ranks.defined(_within_r(ranks).sum(1).double() / ranks.counts)


def map_at_r(ranks: Ranks) -> Tensor:
    """Average precision at R [Q], 1/R · Σ_{j : r_j ≤ R} j / r_j, whose mean is MAP@R.

    Musgrave et al., A Metric Learning Reality Check, ECCV 2020, section 3.2: average precision
    that stops after the first R images.
    """
    return ranks.defined((_within_r(ranks) * precisions(ranks)).sum(1) / ranks.counts)


def average_precision(ranks: Ranks) -> Tensor:
    """Average precision [Q], 1/R · Σ_j j / r_j over the whole gallery, whose mean is mAP.

    It isn't interpolated: it is the mean of the precision at each positive.
    """
    return ranks.defined(precisions(ranks).sum(1) / ranks.counts)


def precisions(ranks: Ranks) -> Tensor:
    """The precision j / r_j [Q, P] at each positive in float64, 0 where there is none."""
    j = torch.arange(1, ranks.ranks.shape[1] + 1, device=ranks.ranks.device)
    there = ranks.ranks > 0
    return j.double().where(there, 0.0) / ranks.ranks.where(there, 1)


def _within_r(ranks: Ranks) -> Tensor:
    return (ranks.ranks > 0) & (ranks.ranks <= ranks.counts[:, None])


RETRIEVAL: dict[str, Metric] = {
    **{f"recall@{k}": partial(recall_at_k, k=k) for k in (1, 2, 4, 8)},
    "map@r": map_at_r,
    "r_precision": r_precision,
    "map": average_precision,
}
"""The metrics of image retrieval by name."""

"""Metrics of image retrieval, as functions of the ranks of each query's positives.

Every metric is a mean over the queries that have a positive; `Ranks.left_out` counts the others.
R is the number of a query's positives and r_1 < ... < r_R are their ranks.

>>> import torch
>>> ranks = Ranks(torch.tensor([[1, 4], [3, 0], [0, 0]]), torch.tensor([2, 1, 0]))
>>> recall_at_k(ranks, 1), r_precision(ranks), map_at_r(ranks), ranks.left_out
(0.5, 0.25, 0.25, 1)
>>> round(mean_average_precision(ranks), 4)
0.5417
"""

import torch
from torch import Tensor

from benchmark.evaluation.ranks import Ranks

RECALL_AT = (1, 2, 4, 8)


def recall_at_k(ranks: Ranks, k: int) -> float:
    """Recall@K: the share of queries with a positive among the first k, [r_1 ≤ k].

    Jégou et al., Product Quantization for Nearest Neighbor Search, TPAMI 2011, as used for metric
    learning since Song et al., CVPR 2016.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return ranks.mean(((ranks.ranks > 0) & (ranks.ranks <= k)).any(1))


def precision_at_1(ranks: Ranks) -> float:
    """Precision@1: the share of queries whose nearest image is a positive.

    It is Recall@1 under another name, so tables have one column for both.
    """
    return recall_at_k(ranks, 1)


def r_precision(ranks: Ranks) -> float:
    """R-precision: the share of positives among the first R, |{j : r_j ≤ R}| / R."""
    return ranks.mean(_within_r(ranks).sum(1).double() / ranks.counts)


def map_at_r(ranks: Ranks) -> float:
    """MAP@R: the mean of 1/R · Σ_{j : r_j ≤ R} j / r_j.

    Musgrave et al., A Metric Learning Reality Check, ECCV 2020, section 3.2: average precision
    that stops after the first R images.
    """
    return ranks.mean((_within_r(ranks) * precisions(ranks)).sum(1) / ranks.counts)


def mean_average_precision(ranks: Ranks) -> float:
    """The mean of 1/R · Σ_j j / r_j over the whole gallery.

    The average precision isn't interpolated: it is the mean of the precision at each positive.
    """
    return ranks.mean(precisions(ranks).sum(1) / ranks.counts)


def precisions(ranks: Ranks) -> Tensor:
    """The precision j / r_j [Q, P] at each positive in float64, 0 where there is none."""
    j = torch.arange(1, ranks.ranks.shape[1] + 1, device=ranks.ranks.device)
    there = ranks.ranks > 0
    return j.double().where(there, 0.0) / ranks.ranks.where(there, 1)


def _within_r(ranks: Ranks) -> Tensor:
    return (ranks.ranks > 0) & (ranks.ranks <= ranks.counts[:, None])


def retrieval_metrics(ranks: Ranks) -> dict[str, float]:
    """Recall@1, 2, 4 and 8, MAP@R, R-precision and the mean average precision, in [0, 1]."""
    return {
        **{f"recall@{k}": recall_at_k(ranks, k) for k in RECALL_AT},
        "map@r": map_at_r(ranks),
        "r_precision": r_precision(ranks),
        "map": mean_average_precision(ranks),
    }

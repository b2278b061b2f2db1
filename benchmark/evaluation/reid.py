"""Metrics of re-identification, as functions of the ranks of each query's positives.

The ranks must come from a search that leaves out the query's identity in its own camera and junk;
`positive_ranks` does so when it is given cameras. Queries without a positive are left out of the
mean, and `Ranks.left_out` counts them.

>>> import torch
>>> ranks = Ranks(torch.tensor([[1, 4], [6, 0]]), torch.tensor([2, 1]))
>>> cmc(ranks, 1), cmc(ranks, 10), round(mean_average_precision(ranks), 4)
(0.5, 1.0, 0.4583)
"""

from benchmark.evaluation.ranks import Ranks
from benchmark.evaluation.retrieval import precisions, recall_at_k

CMC_AT = (1, 5, 10)


def cmc(ranks: Ranks, k: int) -> float:
    """Cumulative match characteristic: the share of queries whose first positive is in the top k.

    All positives of the gallery stay in it, as in Zheng et al., ICCV 2015 (Market-1501).
    """
    return recall_at_k(ranks, k)


def mean_average_precision(ranks: Ranks) -> float:
    """The mean of 1/R · Σ_j j / r_j over a query's R positives at ranks r_1 < ... < r_R.

    The average precision isn't interpolated: it is the mean of the precision at each positive.
    """
    return ranks.mean(precisions(ranks).sum(1) / ranks.counts)


def reid_metrics(ranks: Ranks) -> dict[str, float]:
    """CMC at 1, 5 and 10 and the mean average precision, each in [0, 1]."""
    return {
        **{f"cmc@{k}": cmc(ranks, k) for k in CMC_AT},
        "map": mean_average_precision(ranks),
    }

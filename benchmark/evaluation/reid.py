"""Metrics of re-identification, as functions of the ranks of each query's positives.

The ranks must come from a search that leaves out the query's identity in its own camera and junk;
`positive_ranks` does so when it is given cameras. Queries without a positive are left out of the
mean, and `Ranks.left_out` counts them.

>>> import torch
>>> ranks = Ranks(torch.tensor([[1, 4], [6, 0]]), torch.tensor([2, 1]))
>>> cmc(ranks, 1), cmc(ranks, 10), round(mean_average_precision(ranks), 4)
(0.5, 1.0, 0.4583)
>>> round(mean_inverse_negative_penalty(ranks), 4)
0.3333
"""

import torch

from benchmark.evaluation.ranks import Ranks
from benchmark.evaluation.retrieval import mean_average_precision, precisions, recall_at_k

CMC_AT = (1, 5, 10)


def cmc(ranks: Ranks, k: int) -> float:
    """Cumulative match characteristic: the share of queries whose first positive is in the top k.

    All positives of the gallery stay in it, as in Zheng et al., ICCV 2015 (Market-1501).
    """
    return recall_at_k(ranks, k)


def mean_inverse_negative_penalty(ranks: Ranks) -> float:
    """mINP: the mean of R / r_R, where r_R is the rank of the last of a query's R positives.

    Ye et al., Deep Learning for Person Re-identification: A Survey and Outlook, TPAMI 2021: the
    share of positives in the shortest list that holds them all.
    """
    j = torch.arange(1, ranks.ranks.shape[1] + 1, device=ranks.ranks.device)
    last = j == ranks.counts[:, None]
    return ranks.mean((precisions(ranks) * last).sum(1))


def reid_metrics(ranks: Ranks) -> dict[str, float]:
    """CMC at 1, 5 and 10, the mean average precision and mINP, each in [0, 1]."""
    return {
        **{f"cmc@{k}": cmc(ranks, k) for k in CMC_AT},
        "map": mean_average_precision(ranks),
        "minp": mean_inverse_negative_penalty(ranks),
    }

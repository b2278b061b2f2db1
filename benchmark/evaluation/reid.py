"""Metrics of re-identification, as functions of the ranks of each query's positives.

The ranks must come from a search that leaves out the query's identity in its own camera and junk,
as the search does when it is given cameras. Each function gives one value per query [Q], float64
in [0, 1], and NaN for a query that has no positive; a metric is the mean of the others.

>>> import torch
>>> ranks = Ranks(torch.tensor([[1, 4], [6, 0]]), torch.tensor([2, 1]))
>>> cmc(ranks, 1).tolist(), cmc(ranks, 10).tolist()
([1.0, 0.0], [1.0, 1.0])
>>> inverse_negative_penalty(ranks).tolist()
[0.5, 0.16666666666666666]
"""

from functools import partial

import torch
from torch import Tensor

from benchmark.evaluation.ranking.ranks import Metric, Ranks
from benchmark.evaluation.retrieval import average_precision, precisions, recall_at_k


def cmc(ranks: Ranks, k: int) -> Tensor:
    """Cumulative match characteristic [Q]: whether the first positive is in the top k.

    All positives of the gallery stay in it, as in Zheng et al., ICCV 2015 (Market-1501).
    """
    return recall_at_k(ranks, k)


def inverse_negative_penalty(ranks: Ranks) -> Tensor:
    """R / r_R [Q], where r_R is the rank of the last of R positives; its mean is mINP.

    Ye et al., Deep Learning for Person Re-identification: A Survey and Outlook, TPAMI 2021: the
    share of positives in the shortest list that holds them all.
    """
    j = torch.arange(1, ranks.ranks.shape[1] + 1, device=ranks.ranks.device)
    last = j == ranks.counts[:, None]
    return ranks.defined((precisions(ranks) * last).sum(1))


REID: dict[str, Metric] = {
    **{f"cmc@{k}": partial(cmc, k=k) for k in (1, 5, 10)},
    "map": average_precision,
    "minp": inverse_negative_penalty,
}
"""The metrics of re-identification by name."""

"""Which elements the proxy mapping keeps for each pair of classes, for inspection.

Proxies must be as the objective compares them: of unit length if it normalises. The sets follow
the rules of `benchmark.dam.selection`, as in training.
"""

import torch
from torch import Tensor

from benchmark.dam.kernels.torch_selection import kept_sets
from benchmark.dam.selection import Rule, Selection
from benchmark.dam.settings import DAM

BLOCK = 1 << 20


def class_pairs(classes: int) -> Tensor:
    """All pairs (a, b) of `classes` classes with a < b, int64 [classes (classes - 1) / 2, 2]."""
    return torch.triu_indices(classes, classes, 1).T


def discriminativeness(proxies: Tensor, pairs: Tensor) -> Tensor:
    """|w_a - w_b| in each element [P, D], for proxies [C, D] and the class pairs (a, b) [P, 2]."""
    proxies = proxies.detach()
    return (proxies[pairs[:, 0]] - proxies[pairs[:, 1]]).abs()


def kept_elements(
    proxies: Tensor, pairs: Tensor, rule: Rule = "quantile", keep: float = 0.8, *, seed: int = 0
) -> Tensor:
    """The kept sets [P, D], True where kept, of the class pairs (a, b) [P, 2].

    `rule`, `keep` and `seed` are those of `benchmark.dam.proxy_similarity`; `seed` matters to the
    rule `random` alone. Raises ValueError for an unknown rule or a share outside (0, 1].
    """
    DAM(rule, keep)  # refuses what it doesn't know
    if rule == "soft":
        raise ValueError("rule='soft' keeps all elements, with weights: it has no kept sets")
    pairs = pairs.to(proxies.device)
    difference = discriminativeness(proxies, pairs)
    if rule == "all":
        return torch.ones_like(difference, dtype=torch.bool)
    selection = Selection(rule, keep, seed)
    scores = selection.scores(difference, pairs[:, 0], pairs[:, 1], None)
    return kept_sets(scores, selection).mask_(scores).bool()


def kept_share(
    proxies: Tensor,
    rule: Rule = "quantile",
    keep: float = 0.8,
    *,
    seed: int = 0,
    block: int = BLOCK,
) -> Tensor:
    """The share of all class pairs that keep each element, float64 [D], for proxies [C, D].

    With a rule that keeps k elements of every pair, the shares add up to k. The pairs are processed
    in blocks of at most `block` numbers, or one by one if D is larger. Raises ValueError for fewer
    than two classes, an unknown rule, or a share outside (0, 1].
    """
    classes, dim = proxies.shape
    if classes < 2:
        raise ValueError("a class pair needs two classes: there is one proxy or none")
    count = torch.zeros(dim, dtype=torch.int64, device=proxies.device)
    numbers = torch.arange(classes, device=proxies.device)
    for first in range(classes - 1):
        for others in numbers[first + 1 :].split(max(1, block // dim)):
            pairs = torch.stack([torch.full_like(others, first), others], dim=1)
            count += kept_elements(proxies, pairs, rule, keep, seed=seed).sum(0)
    return count.double() / (classes * (classes - 1) / 2)

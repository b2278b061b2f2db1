"""The pair objectives term by term, for float64: to read, and to compare with.

The keys of `FORMULAS` are the objectives' names in configurations, followed by the `mining` if it
isn't the default: "triplet semi_hard". `entry` returns the configuration's entry for such a key.
Each function takes S [B, N] and `positive` [B, N], with any N, and the objective's options by name,
and returns a loss (scalar) that is differentiable in S.

If an objective draws negatives, its formula draws as many numbers from torch's generator: the two
agree if both start from the same state of it.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

DIM = 8  # `dim` of distance-weighted sampling, whatever the features have


def entry(key: str) -> dict[str, Any]:
    """The configuration's entry of the objective with this key."""
    name, _, mining = key.partition(" ")
    options = {"mining": mining} if mining else {}
    if mining == "distance_weighted":
        return {"type": name, **options, "dim": DIM, "normalise": True}
    return {"type": name, **options}


def _rows(S: Tensor, positive: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Each sample's similarities to positives [p], and to negatives [n]."""
    return [(row[own], row[~own]) for row, own in zip(S, positive, strict=True)]


def _partnered(S: Tensor, positive: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The same for samples that have both."""
    return [(own, others) for own, others in _rows(S, positive) if len(own) and len(others)]


def _each(own: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Each positive with each negative, both [p * n]."""
    return own.repeat_interleave(len(others)), others.repeat(len(own))


def _joined(terms: list[Tensor], S: Tensor) -> Tensor:
    """All terms in one [t]; even without terms, the result depends on S for autograd."""
    return torch.cat([S.flatten()[:0], *(term.reshape(-1) for term in terms)])


def _mean_above_zero(terms: Tensor) -> Tensor:
    return terms[terms > 0].sum() / max(1, int((terms > 0).sum()))


def _circle(S: Tensor, positive: Tensor, margin: float = 0.4, scale: float = 80.0) -> Tensor:
    losses = []
    for own, others in _partnered(S, positive):
        p, n = _each(own, others)
        pull = scale * (1 + margin - p.detach()).clamp_min(0) * (1 - margin - p)
        push = scale * (n.detach() + margin).clamp_min(0) * (n - margin)
        losses.append(torch.cat([pull + push, S.new_zeros(1)]).logsumexp(0))
    return _joined(losses, S).sum() / len(S)


def _contrastive(
    S: Tensor, positive: Tensor, positive_margin: float = 0.0, negative_margin: float = 1.0
) -> Tensor:
    pull = _joined([-own - positive_margin for own, _ in _rows(S, positive)], S)
    push = _joined([negative_margin + others for _, others in _rows(S, positive)], S)
    return _mean_above_zero(pull) + _mean_above_zero(push)


def _lifted_structure(S: Tensor, positive: Tensor, margin: float = 1.0) -> Tensor:
    losses = [
        ((-own).exp().sum().log() + (margin + others).exp().sum().log()).clamp_min(0)
        for own, others in _partnered(S, positive)
    ]
    return _joined(losses, S).sum() / len(S)


def _triplets(S: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The similarities of all triplets' positives and negatives, both [t]."""
    pairs = [_each(own, others) for own, others in _rows(S, positive)]
    return _joined([p for p, _ in pairs], S), _joined([n for _, n in pairs], S)


def _drawn(S: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The same for triplets drawn by distance."""
    drawn = draw_triplets(S, positive, ~positive)
    return _joined([S[i, p] for i, p, _ in drawn], S), _joined([S[i, n] for i, _, n in drawn], S)


def _margin(
    S: Tensor,
    positive: Tensor,
    alpha: float = 0.2,
    beta: float | Tensor = 1.2,
    triplets: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = _triplets,
) -> Tensor:
    p, n = triplets(S, positive)
    return _mean_above_zero(torch.cat([alpha - p - beta, alpha + beta + n]))


def _multi_similarity(
    S: Tensor,
    positive: Tensor,
    alpha: float = 2.0,
    beta: float = 40.0,
    base: float = 0.5,
    epsilon: float = 0.1,
) -> Tensor:
    losses = []
    for own, others in _partnered(S, positive):
        near = own[own - epsilon < others.max()]
        far = others[others + epsilon > own.min()]
        pull = (1 + (-alpha * (near - base)).exp().sum()).log() / alpha
        push = (1 + (beta * (far - base)).exp().sum()).log() / beta
        losses.append(pull + push)
    return _joined(losses, S).sum() / len(S)


def _npair(S: Tensor, positive: Tensor) -> Tensor:
    losses = [
        (1 + (others - p).exp().sum()).log() for own, others in _rows(S, positive) for p in own
    ]
    return _joined(losses, S).sum() / max(1, len(losses))


def _triplet(S: Tensor, positive: Tensor, margin: float = 0.3) -> Tensor:
    losses = [
        (margin - own.min() + others.max()).clamp_min(0) for own, others in _partnered(S, positive)
    ]
    return _joined(losses, S).sum() / max(1, len(losses))


def _triplet_all(S: Tensor, positive: Tensor, margin: float = 0.3) -> Tensor:
    p, n = _triplets(S, positive)
    return _mean_above_zero(margin - p + n)


def _triplet_semi_hard(S: Tensor, positive: Tensor, margin: float = 0.3) -> Tensor:
    p, n = _triplets(S, positive)
    return _mean_above_zero((margin - p + n)[n < p])


def _triplet_drawn(S: Tensor, positive: Tensor, margin: float = 0.3) -> Tensor:
    p, n = _drawn(S, positive)
    return _mean_above_zero(margin - p + n)


def draw_triplets(S: Tensor, positive: Tensor, negative: Tensor) -> list[tuple[int, int, int]]:
    """Row, column of a positive and column of the negative drawn for it, by S = -d [B, N].

    The boolean `positive` and `negative` [B, N] say what each column is to each row. The negative
    is the first at which the running sum of the weights 1 / q(d) exceeds a uniform share of their
    sum.
    """
    most = int(positive.sum(1).max())
    uniform = torch.rand(len(S), most, dtype=torch.float64).tolist()
    triplets = []
    for i, row in enumerate(S.tolist()):
        others = negative[i].nonzero().flatten().tolist()
        near = [n for n in others if -row[n] < 1.4]
        weights = {n: 1 / _density(-row[n]) for n in near} or dict.fromkeys(others, 1.0)
        whole = sum(weights.values())
        for k, p in enumerate(positive[i].nonzero().flatten().tolist()):
            passed = 0.0
            for n, weight in weights.items():
                passed += weight
                if passed > uniform[i][k] * whole:
                    triplets.append((i, p, n))
                    break
    return triplets


def _density(distance: float) -> float:
    """q(d) of Wu et al., ICCV 2017, section 4, up to a factor."""
    d = max(distance, 0.5)
    return math.pow(d, DIM - 2) * math.pow(1 - d * d / 4, (DIM - 3) / 2)


FORMULAS: dict[str, Callable[..., Tensor]] = {
    "circle": _circle,
    "contrastive": _contrastive,
    "lifted_structure": _lifted_structure,
    "margin": _margin,
    "margin distance_weighted": partial(_margin, triplets=_drawn),
    "multi_similarity": _multi_similarity,
    "npair": _npair,
    "triplet": _triplet,
    "triplet batch_all": _triplet_all,
    "triplet semi_hard": _triplet_semi_hard,
    "triplet distance_weighted": _triplet_drawn,
}

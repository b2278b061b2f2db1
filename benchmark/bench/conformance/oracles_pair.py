"""The pair objectives in pytorch-metric-learning, to compare with.

`LIBRARY` has the same keys as `formulas_pair.FORMULAS`. Each function calls the library with
the objective's default options: it takes features [B, D] of any length and labels [B], and returns
a loss (scalar) that is differentiable in the features, or None if the library has no answer. Those
of the margin loss take the boundary `beta` too.

The library's distance-weighted draw can't be repeated, so the triplets are drawn by the formula's
loop, and the library computes the loss from them.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.bench.conformance.formulas_pair import draw_triplets
from benchmark.bench.conformance.metric_learning import Oracle, metric_learning


def _loss(
    name: str, features: Tensor, labels: Tensor, chosen: Any = None, **options: Any
) -> Tensor:
    """The library's loss of that name over the `chosen` pairs or triplets, by default over all."""
    loss: Tensor = getattr(metric_learning("losses"), name)(**options)(features, labels, chosen)
    return loss


def _distance(normalise: bool) -> Any:
    return metric_learning("distances").LpDistance(normalize_embeddings=normalise)


def _mean() -> Any:
    return metric_learning("reducers").MeanReducer()


def _same_and_other(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which samples have each sample's class, and which don't [B, B]; itself is neither."""
    same = labels.unsqueeze(1) == labels
    return same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device), ~same


def _drawn(features: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
    """Anchors, positives and the negatives drawn for them."""
    unit = F.normalize(features.detach())
    triplets = draw_triplets(-torch.cdist(unit, unit), *_same_and_other(labels))
    return torch.tensor(triplets, dtype=torch.int64).view(-1, 3).unbind(1)


def _circle(features: Tensor, labels: Tensor) -> Tensor:
    module = metric_learning("losses").CircleLoss(m=0.4, gamma=80, reducer=_mean())
    # Its own softplus is linear from 20 on, which is off by 2e-9 there.
    module.soft_plus = torch.nn.Softplus(threshold=50)
    loss: Tensor = module(features, labels)
    return loss


def _contrastive(features: Tensor, labels: Tensor) -> Tensor:
    return _loss("ContrastiveLoss", features, labels, pos_margin=0, neg_margin=1)


def _lifted_structure(features: Tensor, labels: Tensor) -> Tensor:
    # Left to itself, it lets samples without a positive push their negatives.
    same, other = _same_and_other(labels)
    whole = (same.any(1) & other.any(1)).unsqueeze(1)
    pairs = (*(same & whole).nonzero().unbind(1), *(other & whole).nonzero().unbind(1))
    name = "GeneralizedLiftedStructureLoss"
    options = {"neg_margin": 1, "pos_margin": 0, "distance": _distance(False), "reducer": _mean()}
    return _loss(name, features, labels, pairs, **options)


def _margin(
    features: Tensor, labels: Tensor, beta: Tensor | None = None, triplets: Any = None
) -> Tensor:
    module = metric_learning("losses").MarginLoss(margin=0.2, nu=0, beta=1.2)
    if beta is not None:
        module.beta = beta.reshape(1)
    loss: Tensor = module(features, labels, triplets)
    return loss


def _margin_drawn(features: Tensor, labels: Tensor, beta: Tensor | None = None) -> Tensor:
    return _margin(features, labels, beta, _drawn(features, labels))


def _multi_similarity(features: Tensor, labels: Tensor) -> Tensor | None:
    pairs = metric_learning("miners").MultiSimilarityMiner(epsilon=0.1)(features, labels)
    if max(map(len, pairs)) == 1:
        return None  # for a single mined pair it gives 0 instead of its loss
    return _loss("MultiSimilarityLoss", features, labels, pairs, alpha=2, beta=40, base=0.5)


def _npair(features: Tensor, labels: Tensor) -> Tensor:
    # Its NPairsLoss takes one pair of each class; this is the same term for every pair.
    inner = metric_learning("distances").DotProductSimilarity(normalize_embeddings=False)
    return _loss("NTXentLoss", features, labels, temperature=1, distance=inner)


def _triplet(features: Tensor, labels: Tensor) -> Tensor:
    distance = _distance(False)
    hardest = metric_learning("miners").BatchHardMiner(distance=distance)(features, labels)
    options = {"margin": 0.3, "distance": distance, "reducer": _mean()}
    return _loss("TripletMarginLoss", features, labels, hardest, **options)


def _triplet_all(features: Tensor, labels: Tensor) -> Tensor:
    return _loss("TripletMarginLoss", features, labels, margin=0.3, distance=_distance(False))


def _triplet_semi_hard(features: Tensor, labels: Tensor) -> Tensor:
    options = {"margin": 0.3, "distance": _distance(False)}
    miner = metric_learning("miners").TripletMarginMiner(type_of_triplets="semihard", **options)
    return _loss("TripletMarginLoss", features, labels, miner(features, labels), **options)


def _triplet_drawn(features: Tensor, labels: Tensor) -> Tensor:
    triplets = _drawn(features, labels)
    options = {"margin": 0.3, "distance": _distance(True)}
    return _loss("TripletMarginLoss", features, labels, triplets, **options)


LIBRARY = {
    key: Oracle(f"pytorch-metric-learning {source}", loss)
    for key, source, loss in (
        ("circle", "CircleLoss", _circle),
        ("contrastive", "ContrastiveLoss", _contrastive),
        ("lifted_structure", "GeneralizedLiftedStructureLoss", _lifted_structure),
        ("margin", "MarginLoss", _margin),
        ("margin distance_weighted", "MarginLoss", _margin_drawn),
        ("multi_similarity", "MultiSimilarityLoss", _multi_similarity),
        ("npair", "NTXentLoss", _npair),
        ("triplet", "TripletMarginLoss with BatchHardMiner", _triplet),
        ("triplet batch_all", "TripletMarginLoss", _triplet_all),
        ("triplet distance_weighted", "TripletMarginLoss", _triplet_drawn),
        ("triplet semi_hard", "TripletMarginLoss with TripletMarginMiner", _triplet_semi_hard),
    )
}

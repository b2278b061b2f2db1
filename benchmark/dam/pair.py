"""The pair mapping: distances in the elements where a pair most needs training.

For samples i and j with difference |f_i - f_j| in D elements, M keeps the low differences of a
negative pair and the high ones of a positive pair, and

    d^2 = (D / |M|) sum over k in M of (f_ik - f_jk)^2
    S_dam[i, j] = 1 - d^2 / 2        `masked_distance`, for unit features
    S_dam[i, j] = -d                 the same for an objective on Euclidean distances
    S_dam[i, j] = (|f_i|^2 + |f_j|^2 - d^2) / 2    the same for one on inner products
    S_dam[i, j] = cos(f_i, f_j in M) `masked_cosine`, for unit features

In the inner products, the lengths pass their gradient to all elements, kept or not.

The pairs are those of a batch, or of a batch with other references, as a memory of past features.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.dam.compiling import left_out_of_graphs
from benchmark.dam.inputs import check_vectors, class_labels
from benchmark.dam.kernels.cosines import kept_cosines
from benchmark.dam.kernels.squares import kept_squares
from benchmark.dam.selection import Selection, Side, check_choice, check_rule, check_schedule

BLOCK = 1 << 19
SIMILARITIES = ("masked_distance", "masked_cosine")
METRICS = ("cosine", "euclidean", "inner_product")
SELECT = ("both", "negatives", "positives")


@dataclass(frozen=True)
class PairDAM:
    """Settings of the pair mapping, with the project's defaults.

    `rule` and `keep` select; `similarity` is masked_distance or masked_cosine; `select` says
    which pairs are mapped: both, negatives or positives; `rescale` multiplies a kept sum by
    D / |M| (a cosine needs none); `joint` is the weight of the plain loss beside the mapped one,
    (L(S_dam) + joint L(S)) / (1 + joint); `start` is the share of training before DAM begins.
    """

    rule: str = "quantile"
    keep: float = 0.8
    similarity: str = "masked_distance"
    select: str = "both"
    rescale: bool = True
    joint: float = 1.0
    start: float = 0.0

    def __post_init__(self) -> None:
        check_rule(self.rule, self.keep)
        check_schedule(self.joint, self.start)
        _check(self.similarity, "cosine", self.select)

    def __call__(
        self,
        features: Tensor,
        labels: Tensor,
        metric: str,
        seed: int,
        references: Tensor | None = None,
        reference_labels: Tensor | None = None,
    ) -> Tensor:
        """S_dam [B, N]; see `pair_similarity`."""
        return pair_similarity(
            features,
            labels,
            self.rule,
            self.keep,
            self.similarity,
            references=references,
            reference_labels=reference_labels,
            metric=metric,
            select=self.select,
            rescale=self.rescale,
            seed=seed,
        )


def _check(similarity: str, metric: str, select: str) -> None:
    check_choice("similarity", similarity, SIMILARITIES)
    check_choice("metric", metric, METRICS)
    check_choice("select", select, SELECT)
    if similarity == "masked_cosine" and metric != "cosine":
        raise ValueError(f"masked_cosine has no form for {metric}; use masked_distance")


def plain_similarity(features: Tensor, metric: str, references: Tensor | None = None) -> Tensor:
    """Similarities S [B, N] of features [B, D] to references [N, D]; None is the batch itself.

    f_i . r_j for "cosine" and "inner_product", minus the Euclidean distance for "euclidean".
    """
    references = features if references is None else references
    if metric != "euclidean":
        return features @ references.T
    return -torch.cdist(features, references, compute_mode="donot_use_mm_for_euclid_dist")


@left_out_of_graphs
def pair_similarity(
    features: Tensor,
    labels: Tensor,
    rule: str = "quantile",
    keep: float = 0.8,
    similarity: str = "masked_distance",
    *,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
    metric: str = "cosine",
    select: str = "both",
    rescale: bool = True,
    seed: int | None = None,
    block: int = BLOCK,
) -> Tensor:
    """DAM similarities S [B, N] of features [B, D], labels [B], to references [N, D].

    Without `references` these are the batch itself; the diagonal is then a sample with itself,
    for the caller to leave out. With them, `reference_labels` [N] say which pairs are positive.

    Features come as they are to be compared: of unit length for `metric` "cosine", float32 or
    float64. With "euclidean" the result is minus a distance, with "inner_product" features may be
    of any length. `select` says which pairs are
    mapped; the others get the plain similarity. `seed` fixes the draw of `random`, for which
    references count on from the batch's B samples; with None each call draws anew from torch's
    generator. `block` bounds the numbers held at a time and does not change the result beyond
    rounding.

    Raises ValueError for an unknown choice, a share outside (0, 1], shapes or types that
    don't fit, or labels that are no integers.
    """
    check_rule(rule, keep)
    _check(similarity, metric, select)
    if (references is None) != (reference_labels is None):
        raise ValueError("references and reference_labels must be given together")
    others = features if references is None else references
    check_vectors(features, others, "references")
    labels = other_labels = class_labels(labels, len(features))
    if reference_labels is not None:
        other_labels = class_labels(reference_labels, len(others), "reference_labels")
    if rule == "all":
        return plain_similarity(features, metric, references)
    if seed is None:
        seed = int(torch.randint(1 << 31, ()))
    selection = Selection(rule, keep, seed)
    left = Side(features.detach(), torch.arange(len(features), device=labels.device), labels)
    right = left
    if references is not None:
        numbers = torch.arange(len(references), device=labels.device) + len(features)
        right = Side(references.detach(), numbers, other_labels)
    # Half precision would move the selection and the sums, and not alike on every way.
    with torch.autocast(features.device.type, enabled=False):
        if similarity == "masked_cosine":
            mapped = kept_cosines(features, others, left, right, selection, block)
        else:
            square = kept_squares(features, references, left, right, selection, rescale, block)
            if metric == "cosine":
                mapped = 1 - square / 2
            elif metric == "euclidean":
                mapped = -_root(square)
            else:
                lengths = features.square().sum(1).unsqueeze(1) + others.square().sum(1)
                mapped = (lengths - square) / 2
        if select == "both":
            return mapped
        positive = labels.unsqueeze(1) == other_labels
        chosen = positive if select == "positives" else ~positive
        return torch.where(chosen, mapped, plain_similarity(features, metric, references))


def _root(square: Tensor) -> Tensor:
    """The root, with gradient zero rather than infinite at zero. A NaN stays one."""
    apart = ~(square <= 0)
    return torch.where(apart, torch.where(apart, square, 1).sqrt(), 0)

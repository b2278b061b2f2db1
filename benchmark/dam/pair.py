"""The pair mapping: distances in the elements where a pair most needs training.

For samples i and j with difference |f_i - f_j| in D elements, M keeps the low differences of a
negative pair and the high ones of a positive pair: in the paper's words,
"low-discriminativeness elements for paired-negative features, but high-discriminativeness
elements for paired-positive features". With

    d^2 = D / |M| sum over k in M of (f_ik - f_jk)^2

the similarity depends on what the objective is computed from:

    S_dam[i, j] = 1 - d^2 / 2                      cosines, of features of unit length
    S_dam[i, j] = -d                               Euclidean distances
    S_dam[i, j] = (|f_i|^2 + |f_j|^2 - d^2) / 2    inner products of features of any length

In the last, the lengths pass their gradient to all elements, kept or not. The pairs are those of a
batch, or of a batch with other references, such as a memory of past features.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from . import kernels
from .compiling import left_out_of_graphs
from .hardness import mean_ratio
from .inputs import check_vectors, class_labels
from .selection import Rule, Selection, Side
from .settings import DAM, check_choice, mapping_settings

Similarity = Literal["masked_distance", "masked_cosine", "shrunk"]
Metric = Literal["cosine", "euclidean", "inner_product"]
Select = Literal["both", "negatives", "positives"]


@dataclass(frozen=True)
class PairDAM(DAM):
    """Settings of the pair mapping, with the project's defaults; the first ones are those of DAM.

    - `similarity`: "masked_distance" (default); "masked_cosine", the cosine of the two features in
      M; or "shrunk", the control that is as hard but selects nothing: d^2 -> rho d^2, with rho for
      negative and for positive pairs the sum of DAM's d^2 over that of the plain ones.
    - `select`: which pairs are mapped: "both", "negatives" or "positives".
    """

    joint: float = 1.0
    similarity: Similarity = "masked_distance"
    select: Select = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("similarity", self.similarity, get_args(Similarity))
        check_choice("select", self.select, get_args(Select))
        if not self.rescale and self.similarity == "masked_cosine":
            raise ValueError("rescale=False has no meaning for the cosines of masked_cosine")

    def check_metric(self, metric: Metric) -> None:
        """Raise ValueError unless the mapping has a form for what an objective is computed from."""
        check_choice("metric", metric, get_args(Metric))
        if self.similarity == "masked_cosine" and metric != "cosine":
            raise ValueError(
                f"similarity='masked_cosine' has no form for {metric} similarities; "
                "use masked_distance"
            )

    @left_out_of_graphs
    def __call__(
        self,
        features: Tensor,
        labels: Tensor,
        metric: Metric,
        seed: int,
        references: Tensor | None = None,
        reference_labels: Tensor | None = None,
    ) -> Tensor:
        """S_dam [B, N]; see `pair_similarity`."""
        self.check_metric(metric)
        if (references is None) != (reference_labels is None):
            raise ValueError("references and reference_labels must be given together")
        others = features if references is None else references
        check_vectors(features, others, "references")
        labels = other_labels = class_labels(labels, len(features))
        if reference_labels is not None:
            other_labels = class_labels(reference_labels, len(others), "reference_labels")
        if self.rule == "all":
            return plain_similarity(features, metric, references)
        numbers = torch.arange(len(features) + len(others), device=labels.device)
        left = right = Side(features.detach(), numbers[: len(features)], labels)
        if references is not None:
            right = Side(references.detach(), numbers[len(features) :], other_labels)
        selection = Selection(self.rule, self.keep, seed, self.rescale)
        positive = labels.unsqueeze(1) == other_labels
        # Half precision would change the selection and the sums, and differently by technology.
        with torch.autocast(features.device.type, enabled=False):
            if self.similarity == "masked_cosine":
                mapped = kernels.kept_cosines(features, others, left, right, selection)
            else:
                shrunk = self.similarity == "shrunk"
                with torch.set_grad_enabled(torch.is_grad_enabled() and not shrunk):
                    square = kernels.kept_squares(features, references, left, right, selection)
                if shrunk:
                    square = shrunk_squares(features, references, square, positive)
                mapped = from_squares(square, features, others, metric)
            if self.select == "both":
                return mapped
            chosen = positive if self.select == "positives" else ~positive
            return torch.where(chosen, mapped, plain_similarity(features, metric, references))


def from_squares(square: Tensor, features: Tensor, references: Tensor, metric: Metric) -> Tensor:
    """Similarities from squared distances [B, N] of features [B, D] and references [N, D]."""
    if metric == "cosine":
        return 1 - square / 2
    if metric == "euclidean":
        return -_distance(square)
    lengths = features.square().sum(1).unsqueeze(1) + references.square().sum(1)
    return (lengths - square) / 2


def shrunk_squares(
    features: Tensor, references: Tensor | None, hard: Tensor, positive: Tensor
) -> Tensor:
    """Plain squared distances [B, N], scaled to the mean of `hard` [B, N].

    The negative pairs are multiplied by one number, the `positive` pairs [B, N] by another.
    """
    plain = plain_similarity(features, "euclidean", references).square()
    with torch.no_grad():
        ratio = torch.where(
            positive, mean_ratio(hard, plain, positive), mean_ratio(hard, plain, ~positive)
        )
    return ratio * plain


def plain_similarity(features: Tensor, metric: Metric, references: Tensor | None = None) -> Tensor:
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
    rule: Rule = "quantile",
    keep: float = 0.8,
    similarity: Similarity = "masked_distance",
    *,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
    metric: Metric = "cosine",
    seed: int | None = None,
    **settings: Any,
) -> Tensor:
    """DAM similarities S [B, N] of features [B, D], labels [B], to references [N, D].

    Without `references` these are the batch itself; the diagonal is then a sample with itself,
    for the caller to leave out. With them, `reference_labels` [N] say which pairs are positive.

    Features come as they are to be compared: of unit length for `metric` "cosine", float32 or
    float64. With "euclidean" the result is minus a distance; with "inner_product" features may be
    of any length. `rule`, `keep`, `similarity` and the other `settings` are those of `PairDAM`,
    less `joint`, `start`, `probability` and `alternate`. `seed` fixes the draw of `random`, for
    which references are numbered on from the batch's B samples; with None each call draws anew from
    torch's generator.

    Raises ValueError for an unknown choice or one that contradicts another, shapes or types that
    don't fit, or labels that are no integers.
    """
    dam = PairDAM(rule, keep, similarity=similarity, **mapping_settings(settings))
    seed = int(torch.randint(1 << 31, ())) if seed is None else seed
    return dam(features, labels, metric, seed, references, reference_labels)


def _distance(square: Tensor) -> Tensor:
    """The root, whose gradient at zero is zero instead of infinite; NaN stays NaN."""
    apart = ~(square <= 0)
    return torch.where(apart, torch.where(apart, square, 1).sqrt(), 0)

"""The pair mapping: distances in the elements where a pair most needs training.

For samples i and j with difference |f_i - f_j| in D elements, M keeps the low differences of a
negative pair and the high ones of a positive pair, and

    d^2 = (D / |M|) sum over k in M of (f_ik - f_jk)^2
    S_dam[i, j] = 1 - d^2 / 2        `masked_distance`, for unit features
    S_dam[i, j] = -d                 the same for an objective on Euclidean distances
    S_dam[i, j] = cos(f_i, f_j in M) `masked_cosine`

Sets and distances are symmetric, so only the pairs i <= j are worked on, in tiles of at most
`block` numbers, made again in the backward pass. No B x B x D tensor exists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from benchmark.dam.selection import Kept, Selection, check_rule

BLOCK = 1 << 18
Similarity = Literal["masked_distance", "masked_cosine"]
Metric = Literal["cosine", "euclidean"]
Select = Literal["both", "negatives", "positives"]


@dataclass(frozen=True)
class PairDAM:
    """Settings of the pair mapping, with the project's defaults.

    `rule` and `keep` select; `similarity` is masked_distance or masked_cosine; `select` says
    which pairs are mapped: both, negatives or positives; `rescale` multiplies a kept sum by
    D / |M|; `joint` is the weight of the plain loss beside the mapped one:
    (L(S_dam) + joint L(S)) / (1 + joint).
    """

    rule: str = "quantile"
    keep: float = 0.8
    similarity: str = "masked_distance"
    select: str = "both"
    rescale: bool = True
    joint: float = 1.0

    def __post_init__(self) -> None:
        check_rule(self.rule, self.keep)
        _check(self.similarity, "cosine", self.select)
        if self.joint < 0:
            raise ValueError(f"joint must be at least 0, not {self.joint}")

    def __call__(self, features: Tensor, labels: Tensor, metric: str, seed: int) -> Tensor:
        """S_dam [B, B]; see `pair_similarity`."""
        return pair_similarity(
            features,
            labels,
            self.rule,
            self.keep,
            self.similarity,
            metric=metric,
            select=self.select,
            rescale=self.rescale,
            seed=seed,
        )


def _check(similarity: str, metric: str, select: str) -> None:
    for name, value, known in (
        ("similarity", similarity, get_args(Similarity)),
        ("metric", metric, get_args(Metric)),
        ("select", select, get_args(Select)),
    ):
        if value not in known:
            raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")
    if similarity == "masked_cosine" and metric == "euclidean":
        raise ValueError("masked_cosine has no Euclidean form; use masked_distance")


def plain_similarity(features: Tensor, metric: str) -> Tensor:
    """Similarities S [B, B] of features [B, D]: f_i . f_j, or minus the Euclidean distance."""
    if metric == "cosine":
        return features @ features.T
    return -torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")


def pair_similarity(
    features: Tensor,
    labels: Tensor,
    rule: str = "quantile",
    keep: float = 0.8,
    similarity: str = "masked_distance",
    *,
    metric: str = "cosine",
    select: str = "both",
    rescale: bool = True,
    seed: int | None = None,
    block: int = BLOCK,
) -> Tensor:
    """DAM similarities S [B, B] among features [B, D] with labels [B].

    Features come as they are to be compared: of unit length for `metric` "cosine", float32 or
    float64. With "euclidean" the result is minus a distance. `select` says which pairs are
    mapped; the others get the plain similarity. `seed` fixes the draw of `random`; with None each
    call draws anew from torch's generator. `block` bounds the numbers held at a time and does not
    change the result beyond rounding. The diagonal is a sample with itself, for the caller to
    leave out.

    Raises ValueError for an unknown choice or a share outside (0, 1].
    """
    check_rule(rule, keep)
    _check(similarity, metric, select)
    if features.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"features must be float32 or float64, not {features.dtype}; "
            "convert half precision with .float()"
        )
    if rule == "all":
        return plain_similarity(features, metric)
    if seed is None:
        seed = int(torch.randint(1 << 31, ()))
    selection = Selection(rule, keep, seed)
    if similarity == "masked_cosine":
        dot, left, right = _Sums.apply(features, labels, selection, block)
        length = (left * right).clamp_min(torch.finfo(features.dtype).tiny).sqrt()
        mapped = dot / length
    else:
        square = _Squares.apply(features, labels, selection, rescale, block)
        if metric == "cosine":
            mapped = 1 - square / 2
        else:
            apart = square > 0
            mapped = -torch.where(apart, torch.where(apart, square, 1).sqrt(), 0)
    if select == "both":
        return mapped
    positive = labels.unsqueeze(-1) == labels
    chosen = positive if select == "positives" else ~positive
    return torch.where(chosen, mapped, plain_similarity(features, metric))


class _Tile(NamedTuple):
    """Samples `rows` against samples `columns`, and what is kept between them."""

    rows: slice
    columns: slice
    shape: tuple[int, int, int]  # a, c, D
    difference: Tensor  # [a * c, D]: f_i - f_j
    scores: Tensor  # [a * c, D]
    kept: Kept
    above: Tensor  # [a, c]: where j > i, so that each pair counts once


def _tiles(
    features: Tensor, labels: Tensor, selection: Selection, block: int, made: list[Kept] | None
) -> Iterator[_Tile]:
    """The tiles on and above the diagonal; `made` holds their sets in the backward pass."""
    count, dim = features.shape
    index = torch.arange(count, device=features.device)
    step = max(1, block // (count * dim))
    width = count if step > 1 else max(1, block // dim)
    number = 0
    for top in range(0, count, step):
        rows = slice(top, min(top + step, count))
        for left in range(top, count, width):
            columns = slice(left, min(left + width, count))
            first, second = index[rows].unsqueeze(-1), index[columns]
            shape = len(first), len(second), dim
            pairs = first.expand(shape[:2]).reshape(-1), second.expand(shape[:2]).reshape(-1)
            positive = (labels[rows].unsqueeze(-1) == labels[columns]).view(-1)
            difference = (features[rows].unsqueeze(1) - features[columns]).view(-1, dim)
            scores = selection.scores(difference.abs(), *pairs, positive)
            kept = selection.kept(scores) if made is None else made[number]
            number += 1
            yield _Tile(rows, columns, shape, difference, scores, kept, second > first)


def _mirror(matrix: Tensor, tile: _Tile, values: Tensor) -> None:
    """Write a tile's values [a * c] on both sides of the diagonal."""
    values = values.view(tile.shape[:2])
    matrix[tile.rows, tile.columns] = values
    matrix[tile.columns, tile.rows] = values.T


class _Squares(torch.autograd.Function):
    """(D / |M|) sum over M of (f_i - f_j)^2 as [B, B]."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        labels: Tensor,
        selection: Selection,
        rescale: bool,
        block: int,
    ) -> Tensor:
        result = features.new_empty(len(features), len(features))
        ctx.kept = []
        for tile in _tiles(features, labels, selection, block, None):
            ctx.kept.append(tile.kept)
            difference = tile.kept.erase_(tile.difference, tile.scores)
            square = difference.square_().sum(-1)
            if rescale:
                square = square * tile.kept.scale(tile.shape[-1])
            _mirror(result, tile, square)
        ctx.save_for_backward(features, labels)
        ctx.settings = selection, rescale, block
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, labels = ctx.saved_tensors
        selection, rescale, block = ctx.settings
        gradient = gradient + gradient.T
        result = torch.zeros_like(features)
        for tile in _tiles(features, labels, selection, block, ctx.kept):
            difference = tile.kept.erase_(tile.difference, tile.scores)
            weight = 2 * gradient[tile.rows, tile.columns] * tile.above
            if rescale:
                weight = weight.view(-1) * tile.kept.scale(tile.shape[-1])
            pull = difference.mul_(weight.view(-1, 1)).view(tile.shape)
            result[tile.rows] += pull.sum(1)
            result[tile.columns] -= pull.sum(0)
        return result, None, None, None, None


class _Sums(torch.autograd.Function):
    """Sums over M of f_i f_j, of f_i^2 and of f_j^2, each [B, B]: the parts of a cosine."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, labels: Tensor, selection: Selection, block: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        dot = features.new_empty(len(features), len(features))
        left = torch.empty_like(dot)
        ctx.kept = []
        for tile in _tiles(features, labels, selection, block, None):
            ctx.kept.append(tile.kept)
            first, second = _kept_features(features, tile)
            _mirror(dot, tile, (first * second).sum(-1))
            left[tile.rows, tile.columns] = first.square().sum(-1).view(tile.shape[:2])
            left[tile.columns, tile.rows] = second.square().sum(-1).view(tile.shape[:2]).T
        ctx.save_for_backward(features, labels)
        ctx.settings = selection, block
        return dot, left, left.T.clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, to_dot: Tensor, to_left: Tensor, to_right: Tensor
    ) -> tuple[Tensor | None, ...]:
        features, labels = ctx.saved_tensors
        selection, block = ctx.settings
        to_dot = to_dot + to_dot.T
        to_left = 2 * (to_left + to_right.T)
        result = torch.zeros_like(features)
        for tile in _tiles(features, labels, selection, block, ctx.kept):
            first, second = _kept_features(features, tile)
            cross = (to_dot[tile.rows, tile.columns] * tile.above).reshape(-1, 1)
            ours = (to_left[tile.rows, tile.columns] * tile.above).reshape(-1, 1)
            theirs = (to_left.T[tile.rows, tile.columns] * tile.above).reshape(-1, 1)
            result[tile.rows] += (cross * second + ours * first).view(tile.shape).sum(1)
            result[tile.columns] += (cross * first + theirs * second).view(tile.shape).sum(0)
        return result, None, None, None


def _kept_features(features: Tensor, tile: _Tile) -> tuple[Tensor, Tensor]:
    """f_i and f_j with the erased elements set to zero, each [a * c, D]."""
    first = features[tile.rows].unsqueeze(1).expand(tile.shape).clone()
    second = features[tile.columns].expand(tile.shape).clone()
    first, second = first.view(-1, tile.shape[-1]), second.view(-1, tile.shape[-1])
    return tile.kept.erase_(first, tile.scores), tile.kept.erase_(second, tile.scores)

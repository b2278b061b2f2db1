"""The proxy mapping: margins over each other class, in the elements where the two differ least.

For a sample i of class y and a class j, with M = low(|w_y - w_j|) of D elements,

    S_dam[i, j] = S[i, y] - (D / |M|) <f_i, w_y - w_j>_M          S_dam[i, y] = S[i, y]

The set belongs to the pair of classes, not to the sample. So the work goes class by class: the
difference w_y - w_j, erased outside M, is made once for all samples of class y, in blocks of at
most `block` numbers, and made again in the backward pass. No B x C x D tensor exists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from benchmark.dam.selection import Kept, Selection, check_rule

BLOCK = 1 << 18


@dataclass(frozen=True)
class ProxyDAM:
    """Settings of the proxy mapping, with the project's defaults.

    `rule` and `keep` select; `rescale` multiplies a kept sum by D / |M|; `joint` is the weight of
    the plain loss beside the mapped one: (L(S_dam) + joint L(S)) / (1 + joint).
    """

    rule: str = "quantile"
    keep: float = 0.8
    rescale: bool = True
    joint: float = 0.0

    def __post_init__(self) -> None:
        check_rule(self.rule, self.keep)
        if self.joint < 0:
            raise ValueError(f"joint must be at least 0, not {self.joint}")

    def __call__(self, features: Tensor, proxies: Tensor, labels: Tensor, seed: int) -> Tensor:
        """S_dam [B, C]; see `proxy_similarity`."""
        return proxy_similarity(
            features, proxies, labels, self.rule, self.keep, rescale=self.rescale, seed=seed
        )


def check_labels(labels: Tensor, classes: int) -> None:
    """Raise ValueError unless every label [B] names one of the `classes` proxies."""
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise ValueError(
            f"label {int(outside[0])} is outside the {classes} proxies (0 to {classes - 1}): "
            "relabel the training classes from 0 without a gap, or make more proxies"
        )


def proxy_similarity(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    rule: str = "quantile",
    keep: float = 0.8,
    *,
    rescale: bool = True,
    seed: int | None = None,
    block: int = BLOCK,
) -> Tensor:
    """DAM similarities S [B, C] of features [B, D] to proxies [C, D], labels [B] in 0 .. C - 1.

    Features and proxies come as they are to be compared (unit length where that is wanted), both
    float32 or both float64. `rule` is one of quantile, mean, random, inverse, all. `seed` fixes
    the draw of `random`; with None each call draws anew from torch's generator. `block` bounds
    the numbers held at a time and does not change the result beyond rounding.

    Raises ValueError for an unknown rule, a share outside (0, 1], or a label outside the proxies.
    """
    check_rule(rule, keep)
    if features.dtype != proxies.dtype or features.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"features ({features.dtype}) and proxies ({proxies.dtype}) must both be float32 or "
            "both float64; convert half precision with .float()"
        )
    check_labels(labels, len(proxies))
    if rule == "all":
        return features @ proxies.T
    if seed is None:
        seed = int(torch.randint(1 << 31, ()))
    selection = Selection(rule, keep, seed)
    result: Tensor = _Margins.apply(features, proxies, labels, selection, rescale, block)
    return result


class _Tile(NamedTuple):
    """Some classes of the batch against some columns of the proxies."""

    classes: Tensor  # [a]
    rows: slice  # their samples, in order of class
    table: Tensor  # [a, n] the samples of each class, shorter lists padded with any row
    filled: Tensor | None  # [a, n] what is not padding; None where nothing is
    columns: slice  # c proxies


def _tiles(labels: Tensor, proxies: Tensor, block: int) -> Iterator[_Tile]:
    """Cut the work so that classes x columns x D and classes x samples x D stay below `block`."""
    count, dim = proxies.shape
    classes, sizes = labels.unique(return_counts=True)
    longest = int(sizes.max())
    step = max(1, block // (max(count, longest) * dim))
    width = count if step > 1 else min(count, max(1, block // dim))
    ends = sizes.cumsum(0).tolist()
    position = torch.arange(longest, device=labels.device)
    for start in range(0, len(classes), step):
        stop = min(start + step, len(classes))
        first = ends[start - 1] if start else 0
        size = sizes[start:stop]
        offset = (size.cumsum(0) - size + first).unsqueeze(-1)
        filled = position < size.unsqueeze(-1)
        table = (offset + position).clamp_max(len(labels) - 1)
        whole = (stop - start) * longest == ends[stop - 1] - first
        for left in range(0, count, width):
            yield _Tile(
                classes[start:stop],
                slice(first, ends[stop - 1]),
                table,
                None if whole else filled,
                slice(left, min(left + width, count)),
            )


class _Margins(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        selection: Selection,
        rescale: bool,
        block: int,
    ) -> Tensor:
        order = labels.argsort(stable=True)
        ordered = features[order]
        own = (ordered * proxies[labels[order]]).sum(-1, keepdim=True)
        result = own.repeat(1, len(proxies))
        ctx.kept = []
        for tile in _tiles(labels, proxies, block):
            part = _kept_difference(proxies, tile, selection, rescale, None)
            ctx.kept.append(part.kept)
            margin = ordered[tile.table] @ part.difference.mT * part.scale
            margin = margin.flatten(0, 1) if tile.filled is None else margin[tile.filled]
            result[tile.rows, tile.columns] -= margin
        ctx.save_for_backward(features, proxies, labels, order)
        ctx.settings = selection, rescale, block
        return torch.empty_like(result).index_copy_(0, order, result)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, proxies, labels, order = ctx.saved_tensors
        selection, rescale, block = ctx.settings
        ordered, gradient, target = features[order], gradient[order], labels[order]
        own = gradient.sum(-1, keepdim=True)
        to_ordered = own * proxies[target]
        to_proxies = torch.zeros_like(proxies).index_add_(0, target, own * ordered)
        for tile, kept in zip(_tiles(labels, proxies, block), ctx.kept, strict=True):
            part = _kept_difference(proxies, tile, selection, rescale, kept)
            weight = gradient[tile.table, tile.columns] * part.scale
            weight = weight.masked_fill(part.own.unsqueeze(1), 0)
            if tile.filled is not None:
                weight = weight * tile.filled.unsqueeze(-1)
            back = weight @ part.difference
            back = back.flatten(0, 1) if tile.filled is None else back[tile.filled]
            to_ordered[tile.rows] -= back
            pull = weight.mT @ ordered[tile.table]
            kept.erase_(pull.flatten(0, 1), part.scores)
            to_proxies.index_add_(0, tile.classes, pull.sum(1), alpha=-1)
            to_proxies[tile.columns] += pull.sum(0)
        to_features = torch.empty_like(to_ordered).index_copy_(0, order, to_ordered)
        return to_features, to_proxies, None, None, None, None


class _Part(NamedTuple):
    """What a tile needs in both directions."""

    difference: Tensor  # [a, c, D]: w_y - w_j, zero where erased
    scores: Tensor  # [a * c, D]
    kept: Kept
    scale: float | Tensor  # D / |M|, as a number or [a, 1, c]
    own: Tensor  # [a, c]: where j is y itself


def _kept_difference(
    proxies: Tensor, tile: _Tile, selection: Selection, rescale: bool, kept: Kept | None
) -> _Part:
    """Make a tile's differences; `kept` is None in the forward pass, which selects."""
    dim = proxies.shape[-1]
    column = torch.arange(tile.columns.start, tile.columns.stop, device=proxies.device)
    pairs = len(tile.classes), len(column)
    difference = proxies[tile.classes].unsqueeze(1) - proxies[tile.columns]
    rows = difference.view(-1, dim)
    first = tile.classes.unsqueeze(-1).expand(pairs).reshape(-1)
    second = column.expand(pairs).reshape(-1)
    scores = selection.scores(rows.abs(), first, second, None)
    if kept is None:
        kept = selection.kept(scores)
    kept.erase_(rows, scores)
    scale: float | Tensor = 1.0
    if rescale:
        scale = kept.scale(dim)
        if isinstance(scale, Tensor):
            scale = scale.view(pairs).unsqueeze(1)
    return _Part(difference, scores, kept, scale, (first == second).view(pairs))

"""Squared distances in kept elements, with their gradients, tile by tile.

    square[i, j] = (D / |M|) sum over k in M of (f_ik - r_jk)^2,   M = the kept set of the pair

Among the samples of one batch, sets and distances are symmetric, so that only the pairs i <= j are
worked on. Tiles hold at most `block` numbers and are made again in the backward pass from two
numbers a pair.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from benchmark.dam import fused
from benchmark.dam.scratch import Record, Scratch
from benchmark.dam.selection import Kept, Selection, Side


def _tiles(
    count: int, width: int, dim: int, square: bool, block: int
) -> Iterator[tuple[slice, slice]]:
    """Rows and columns; where the batch meets itself, those on and above the diagonal."""
    step = max(1, block // (width * dim))
    across = width if step > 1 else max(1, block // dim)
    for top in range(0, count, step):
        for left in range(top if square else 0, width, across):
            yield slice(top, min(top + step, count)), slice(left, min(left + across, width))


def kept_squares(
    features: Tensor,
    references: Tensor | None,
    left: Side,
    right: Side,
    selection: Selection,
    rescale: bool,
    block: int,
) -> Tensor:
    """Squares [B, N] of features [B, D] and references [N, D], or None for the batch itself.

    `left` and `right` are the two as the selection compares them.
    """
    if fused.available(features):
        return fused.kept_squares(features, references, left, right, selection, rescale)
    result: Tensor = _Squares.apply(features, references, left, right, selection, rescale, block)
    return result


class _Maker:
    """Makes the differences of a tile, the same ones forward and backward."""

    def __init__(
        self, features: Tensor, others: Tensor, left: Side, right: Side, selection: Selection
    ) -> None:
        self.features, self.others = features, others
        self.left, self.right = left, right
        self.selection = selection
        self.scratch = Scratch(features)

    def make(self, rows: slice, columns: slice, kept: Kept | None) -> tuple[Tensor, Kept]:
        """f_i - r_j [a, c, D], zero where erased, and the sets, selected where `kept` is None."""
        ours, theirs = self.features[rows].unsqueeze(1), self.others[columns]
        shape = len(ours), *theirs.shape
        difference = torch.sub(ours, theirs, out=self.scratch("difference", *shape))
        scores = torch.abs(difference, out=self.scratch("scores", *shape))
        scores = self.selection.between(self.left.part(rows), self.right.part(columns), scores)
        kept = self.selection.kept(scores) if kept is None else kept
        return difference.mul_(kept.mask_(scores).view_as(difference)), kept


class _Squares(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        references: Tensor | None,
        left: Side,
        right: Side,
        selection: Selection,
        rescale: bool,
        block: int,
    ) -> Tensor:
        dim = features.shape[1]
        square = references is None
        others = features if references is None else references
        maker = _Maker(features, others, left, right, selection)
        result = features.new_empty(len(features), len(others))
        record = Record(features, 2 * result.numel())
        ctx.kept = []
        for rows, columns in _tiles(len(features), len(others), dim, square, block):
            difference, kept = maker.make(rows, columns, None)
            ctx.kept.append(kept.moved(record.add))
            values = difference.square_().sum(-1)
            if rescale:
                values = (values.flatten() * kept.scale(dim)).view_as(values)
            result[rows, columns] = values
            if square:
                result[columns, rows] = values.T
        ctx.save_for_backward(features, references)
        ctx.settings = left, right, selection, rescale, block
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, references = ctx.saved_tensors
        left, right, selection, rescale, block = ctx.settings
        dim = features.shape[1]
        square = references is None
        others = features if square else references
        maker = _Maker(features, others, left, right, selection)
        # Each pair of the batch is met once, with the gradient of both its entries.
        gradient = (gradient + gradient.T).triu(1) if square else gradient
        to_features = torch.zeros_like(features)
        to_others = to_features if square else torch.zeros_like(references)
        tiles = _tiles(len(features), len(others), dim, square, block)
        for (rows, columns), kept in zip(tiles, ctx.kept, strict=True):
            difference, _ = maker.make(rows, columns, kept)
            weight = 2 * gradient[rows, columns]
            if rescale:
                weight = (weight.flatten() * kept.scale(dim)).view_as(weight)
            difference.mul_(weight.unsqueeze(-1))
            to_features[rows] += difference.sum(1)
            if square or ctx.needs_input_grad[1]:
                to_others[columns] -= difference.sum(0)
        return to_features, None if square else to_others, *(None,) * 5

"""The margins of the proxy mapping, with their gradients, tile by tile.

    margin[i, (j, k)] = (D / |M|) <f_i, m_y - w_jk>_M,   y = y_i, M = the kept set of y and j

The set belongs to the pair of classes, so the differences m_y - w_jk, zero outside M, are made once
for all samples of class y. With one centre a class, the pair (j, y) has the same set and the
opposite differences, and is worked on together with (y, j). Tiles hold at most `block` numbers
and are made again in the backward pass from one number a pair.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from benchmark.dam import fused
from benchmark.dam.class_order import ClassOrder, Tile
from benchmark.dam.scratch import Record, Scratch
from benchmark.dam.selection import Kept, Selection, Side, kept_count


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    rescale: bool,
    centres: int,
    block: int,
) -> Tensor:
    """Margins [B, C K] of features [B, D], labels [B], over the K `centres` of each other class.

    `proxies` are [C K, D]; the rows of `table` [C, D] stand for the classes in the selection. The
    margins over the own class have no meaning.
    """
    if fused.available(features):
        return fused.class_margins(features, proxies, labels, table, selection, rescale, centres)
    result: Tensor = _Margins.apply(
        features, proxies, labels, table, selection, rescale, centres, block
    )
    return result


class _Maker:
    """Makes the differences of a tile, the same ones forward and backward."""

    def __init__(
        self, order: ClassOrder, proxies: Tensor, table: Tensor, selection: Selection, rescale: bool
    ) -> None:
        self.proxies = proxies.unflatten(0, (len(table), -1))[order.classes]  # [C, K, D]
        self.means = self.proxies.mean(1)
        self.table = Side(table[order.classes], order.classes)
        # Then the differences that the selection compares are made already.
        self.shared = self.proxies.shape[1] == 1 and torch.equal(self.table.values, self.means)
        self.selection = selection
        self.rescale = rescale
        self.scratch = Scratch(self.means)
        # D / |M| where it is one number, applied to the margins; else it is in the factors.
        dim, whole = self.means.shape[1], rescale and selection.rule != "mean"
        self.scale = dim / kept_count(selection.keep, dim) if whole else 1.0

    def make(self, tile: Tile, kept: Kept | None) -> tuple[Tensor, Tensor, Kept]:
        """m_y - w_jk, erased and rescaled [r, c, K, D]; the factors [r, c, 1, D]; the sets.

        The sets are selected where `kept` is None.
        """
        dim = self.means.shape[1]
        shape = *tile.shape, self.proxies.shape[1], dim
        means, proxies = self.means[tile.rows, None, None], self.proxies[tile.columns]
        difference = torch.sub(means, proxies, out=self.scratch("difference", *shape))
        compared = difference
        if not self.shared:
            compared = (
                self.table.values[tile.rows, None, None] - self.table.values[tile.columns, None]
            )
        scores = torch.abs(compared, out=self.scratch("scores", *compared.shape)).squeeze(2)
        sides = self.table.part(tile.rows), self.table.part(tile.columns)
        scores = self.selection.between(*sides, scores)
        kept = self.selection.kept(scores) if kept is None else kept
        factors = kept.mask_(scores)
        if self.rescale and isinstance(kept.size, Tensor):
            factors *= (dim / kept.size).unsqueeze(-1)
        factors = factors.view(*tile.shape, 1, dim)
        return difference.mul_(factors), factors, kept


class _Margins(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        table: Tensor,
        selection: Selection,
        rescale: bool,
        centres: int,
        block: int,
    ) -> Tensor:
        order = ClassOrder(labels, len(table))
        maker = _Maker(order, proxies, table, selection, rescale)
        ordered = features[order.samples]
        result = features.new_empty(len(features), len(table), centres)
        record = Record(features, 2 * len(order.sizes) * len(table))
        ctx.tiles = []
        for tile in order.tiles(features.shape[1], centres, block):
            difference, _, kept = maker.make(tile, None)
            ctx.tiles.append((tile, kept.moved(record.add)))
            margins = ordered[tile.ours.member] @ difference.flatten(1, 2).mT
            margins = margins.unflatten(2, (-1, centres))
            result[tile.ours.samples, tile.columns] = margins[tile.ours.filled]
            if tile.theirs is not None:
                opposite = difference[:, tile.others, 0].transpose(0, 1)
                margins = ordered[tile.theirs.member] @ opposite.mT
                result[tile.theirs.samples, tile.rows, 0] = -margins[tile.theirs.filled]
        ctx.save_for_backward(features, proxies, table)
        ctx.settings = order, selection, rescale, centres
        result *= maker.scale
        return result[order.sample_place][:, order.class_place].flatten(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, proxies, table = ctx.saved_tensors
        order, selection, rescale, centres = ctx.settings
        maker = _Maker(order, proxies, table, selection, rescale)
        ordered = features[order.samples]
        gradient = (gradient * maker.scale).unflatten(1, (-1, centres))
        gradient = gradient[order.samples][:, order.classes]
        to_features = torch.zeros_like(features)
        to_means = torch.zeros_like(table)
        to_proxies = torch.zeros_like(maker.proxies)
        for tile, kept in ctx.tiles:
            difference, factors, _ = maker.make(tile, kept)
            _add_to_features(to_features, tile, order, gradient, difference.flatten(0, 2))
            pull = _pull(tile, gradient, ordered).view_as(difference).mul_(factors)
            to_means[tile.rows] += pull.sum((1, 2))
            to_proxies[tile.columns] -= pull.sum(0)
        to_proxies += (to_means / centres).unsqueeze(1)
        return (
            to_features[order.sample_place],
            to_proxies[order.class_place].flatten(0, 1),
            *(None,) * 6,
        )


def _add_to_features(
    to_features: Tensor, tile: Tile, order: ClassOrder, gradient: Tensor, difference: Tensor
) -> None:
    """Add, for each sample, its gradients times its pairs' differences, rows of [r c K, D]."""
    ours, theirs = tile.ours, tile.theirs
    weight = gradient[ours.samples, tile.columns].flatten(1)
    column = torch.arange(weight.shape[1], device=weight.device)
    row = (order.owner[ours.samples] - tile.rows.start).unsqueeze(1)
    to_features[ours.samples] += _weighted_sums(difference, row * len(column) + column, weight)
    if theirs is not None:
        row = torch.arange(tile.shape[0], device=weight.device)
        place = (order.owner[theirs.samples] - tile.columns.start).unsqueeze(1)
        weight = -gradient[theirs.samples, tile.rows, 0]
        back = _weighted_sums(difference, row * len(column) + place, weight)
        to_features[theirs.samples] += back


def _pull(tile: Tile, gradient: Tensor, features: Tensor) -> Tensor:
    """The gradient to each whole difference [r c K, D]: its samples times their gradients."""
    ours, theirs = tile.ours, tile.theirs
    weight = gradient[ours.member, tile.columns] * ours.filled[..., None, None]
    weight = weight.permute(0, 2, 3, 1)  # [r, c, K, longest]
    member = ours.member[:, None, None].expand(weight.shape)
    if theirs is not None:
        back = gradient[theirs.member, tile.rows, 0] * theirs.filled.unsqueeze(-1)
        padded = weight.new_zeros(*tile.shape, 1, theirs.member.shape[1])
        padded[:, tile.others, 0] = -back.permute(2, 0, 1)
        weight = torch.cat([weight, padded], -1)
        rows = member.new_zeros(tile.shape[1], 1, theirs.member.shape[1])
        rows[tile.others, 0] = theirs.member
        member = torch.cat([member, rows.expand(*padded.shape)], -1)
    return _weighted_sums(features, member.flatten(0, 2), weight.flatten(0, 2))


def _weighted_sums(values: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
    """The sums over m of weights[n, m] values[rows[n, m]], as [n, D]."""
    return F.embedding_bag(rows, values, per_sample_weights=weights, mode="sum")

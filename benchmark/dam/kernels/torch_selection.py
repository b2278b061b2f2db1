"""Kept sets in torch: found without a sort, and held as two numbers a pair.

A set follows from a limit among the scores and, where scores tie at the limit, the last index kept
there. A whole sort would take many times as long.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..selection import Selection, Side, kept_count
from .torch_order_statistics import order_statistics


class Kept(NamedTuple):
    """Kept sets of `rows` pairs.

    An element is kept where its score is below `limit` [rows], or equal to it and, in the rows
    `tied` [t], its index is at most `last` [t]. `size` is |M|: a number, or [rows].
    """

    limit: Tensor
    tied: Tensor
    last: Tensor
    size: int | Tensor

    def mask_(self, scores: Tensor) -> Tensor:
        """Turn `scores` [rows, D] in place into 1 where the element is kept and 0 where it isn't.

        Numbers rather than booleans, because torch compares and multiplies them vectorised, and a
        product with 0 lets a NaN show.
        """
        if not len(self.tied):
            return scores.lt_(self.limit.unsqueeze(-1))
        shared = scores[self.tied] == self.limit[self.tied].unsqueeze(-1)
        index = torch.arange(scores.shape[-1], device=scores.device)
        early = shared & (index <= self.last.unsqueeze(-1))
        scores.lt_(self.limit.unsqueeze(-1))
        scores[self.tied] += early.to(scores.dtype)
        return scores


def weigh_(scores: Tensor, selection: Selection) -> tuple[Tensor, float | Tensor]:
    """The weights [rows, D] of the elements, in the place of their scores, and D / |M|.

    The weights are 1 where an element is kept and 0 where it isn't, or fall with the rank for the
    rule `soft`. D / |M| is a number or [rows], and 1 without `rescale`.
    """
    dim = scores.shape[-1]
    size: float | Tensor
    if selection.rule == "soft":
        falling = falling_weights(selection.keep, dim)
        order = scores.argsort(dim=-1, stable=True)
        by_rank = falling.to(scores.device, scores.dtype)
        weights, size = scores.scatter_(-1, order, by_rank.expand_as(order)), falling.sum().item()
    else:
        kept = kept_sets(scores, selection)
        weights, size = kept.mask_(scores), kept.size
    return weights, dim / size if selection.rescale else 1


def falling_weights(keep: float, dim: int) -> Tensor:
    """The weights of the rule `soft` by rank, float64 [dim]; see `selection`."""
    rank = torch.arange(dim, dtype=torch.float64)
    return (1 - (rank + 0.5) / (2 * kept_count(keep, dim))).clamp_min(0)


def kept_sets(scores: Tensor, selection: Selection) -> Kept:
    """The kept sets that follow from scores [rows, D], for every rule that keeps or erases."""
    dim = scores.shape[-1]
    none = torch.empty(0, dtype=torch.int64, device=scores.device)
    if selection.rule == "mean":
        # Rounding can put the mean below every score; the lowest is kept all the same.
        threshold = torch.maximum(scores.mean(-1), scores.amin(-1))
        above = threshold.nextafter(torch.full_like(threshold, torch.inf))
        size = (scores < above.unsqueeze(-1)).sum(-1, dtype=scores.dtype)
        return Kept(above, none, none, size)
    count = kept_count(selection.keep, dim)
    if count == dim:
        return Kept(scores.new_full(scores.shape[:-1], torch.inf), none, none, count)
    threshold, following = order_statistics(scores, count)
    if scores.is_cuda:  # it would have to be waited for to know which rows have ties
        tied = torch.arange(len(scores), device=scores.device)
    else:
        tied = (threshold == following).nonzero().squeeze(-1)
    if not len(tied):
        return Kept(following, none, none, count)
    limit = threshold[tied].unsqueeze(-1)
    shared = scores[tied] == limit
    room = count - (scores[tied] < limit).sum(-1, keepdim=True)
    last = (shared.cumsum(-1) < room).sum(-1)
    last = last.masked_fill(limit.squeeze(-1) != following[tied], -1)  # in rows without ties
    return Kept(following, tied, last, count)


def scores_between(left: Side, right: Side, selection: Selection) -> Tensor:
    """Scores [a, c, D] of the differences between `left` (a rows) and `right` (c rows).

    A row's pair with itself, of equal numbers, has no use for a set: its scores are made
    distinct, since the search among ties costs time.
    """
    difference = (left.values.unsqueeze(1) - right.values).abs_()
    positive = None
    if left.labels is not None and right.labels is not None:
        positive = left.labels.unsqueeze(1) == right.labels
    first = left.numbers.unsqueeze(1)
    scores = selection.scores(difference, first, right.numbers, positive)
    element = torch.arange(scores.shape[-1], device=scores.device)
    itself = (first == right.numbers).unsqueeze(-1)
    return torch.where(itself, element.to(scores.dtype), scores)

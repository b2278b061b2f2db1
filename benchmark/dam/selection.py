"""Which elements are kept: from a difference per element to a kept set.

Every rule is brought to one form. Each element gets a *score*; the elements with the lowest
scores are kept, and at equal score the lower index comes first. A kept set is therefore two
numbers a pair, a threshold and the last index kept at it: small enough to hold for all pairs, and
enough to make the same set again in the backward pass.

| rule | score | kept |
|---|---|---|
| `quantile` | difference (its negative for a positive pair) | the lowest share `keep` |
| `inverse` | negative of the above | the lowest share `keep` |
| `random` | a hash of seed, pair and element | the lowest share `keep` |
| `mean` | as for `quantile` | scores up to the mean score |
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from benchmark.dam.kernels.torch_order_statistics import order_statistics

Rule = Literal["quantile", "mean", "random", "inverse", "all"]
RULES: tuple[str, ...] = get_args(Rule)


def kept_count(keep: float, dim: int) -> int:
    """How many of `dim` elements the share `keep` is: max(1, round(keep * dim))."""
    return max(1, round(keep * dim))


def check_rule(rule: str, keep: float) -> None:
    """Raise ValueError unless `rule` is known and `keep` is in (0, 1]."""
    check_choice("rule", rule, RULES)
    if not 0 < keep <= 1:
        raise ValueError(f"keep must be above 0 and at most 1, not {keep}")


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise ValueError unless the setting `name` has one of its known values."""
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")


def check_schedule(joint: float, start: float) -> None:
    """Raise ValueError unless the plain loss's weight and the late start make sense."""
    if not joint >= 0:
        raise ValueError(f"joint must be at least 0, not {joint}")
    if not 0 <= start <= 1:
        raise ValueError(f"start must be a share of training, from 0 to 1, not {start}")


class Kept(NamedTuple):
    """Kept sets of `rows` pairs.

    An element is kept where its score is below `limit` [rows], or equal to it and, in the rows
    `tied` [t], its index is at most `last` [t]. `size` is |M|: a number, or [rows].
    """

    limit: Tensor
    tied: Tensor
    last: Tensor
    size: int | Tensor

    def scale(self, dim: int) -> float | Tensor:
        """D / |M|, which brings a kept sum to the size of a whole one: a number, or [rows]."""
        return dim / self.size

    def mask_(self, scores: Tensor) -> Tensor:
        """Turn `scores` [rows, D] in place into 1 where the element is kept and 0 where not.

        A product with it erases, and lets a NaN show. Numbers rather than booleans, because torch
        compares and multiplies them vectorised.
        """
        if not len(self.tied):
            return scores.lt_(self.limit.unsqueeze(-1))
        shared = scores[self.tied] == self.limit[self.tied].unsqueeze(-1)
        index = torch.arange(scores.shape[-1], device=scores.device)
        early = shared & (index <= self.last.unsqueeze(-1))
        scores.lt_(self.limit.unsqueeze(-1))
        scores[self.tied] += early.to(scores.dtype)
        return scores


class Side(NamedTuple):
    """One side of the compared pairs: `values` [n, D], with a number [n] for each row.

    `labels` [n] are given where pairs of one class count as positive. Values carry no gradient.
    """

    values: Tensor
    numbers: Tensor
    labels: Tensor | None = None

    def part(self, rows: slice) -> "Side":
        """The side with these rows alone."""
        labels = None if self.labels is None else self.labels[rows]
        return Side(self.values[rows], self.numbers[rows], labels)


@dataclass(frozen=True)
class Selection:
    """A rule with its share, and the seed that `random` hashes."""

    rule: str
    keep: float
    seed: int = 0

    def scores(
        self, difference: Tensor, first: Tensor, second: Tensor, positive: Tensor | None
    ) -> Tensor:
        """Scores [..., D] from differences [..., D] >= 0, in their place.

        `first` and `second`, which broadcast to [...], number the two classes or samples of a
        pair; `random` gives the pairs (a, b) and (b, a) the same scores. `positive` [...] marks
        positive pairs, whose high differences are kept; None where there are none.
        """
        if self.rule == "random":
            return difference.copy_(_hash(self.seed, first, second, difference.shape[-1]))
        if positive is not None:
            difference *= (1 - 2 * positive.to(difference.dtype)).unsqueeze(-1)
        return difference.neg_() if self.rule == "inverse" else difference

    def between(self, left: Side, right: Side, difference: Tensor) -> Tensor:
        """Scores [a * c, D] from differences [a, c, D] >= 0 of two sides' rows, in their place.

        A row's pair with itself, of equal numbers, has no use for a set: its scores are made
        distinct, since the search among ties costs time.
        """
        positive = None
        if left.labels is not None and right.labels is not None:
            positive = left.labels.unsqueeze(1) == right.labels
        first = left.numbers.unsqueeze(1)
        scores = self.scores(difference, first, right.numbers, positive)
        element = torch.arange(scores.shape[-1], device=scores.device)
        scores[first == right.numbers] = element.to(scores.dtype)
        return scores.flatten(0, 1)

    def kept(self, scores: Tensor) -> Kept:
        """The kept sets that follow from scores [rows, D]."""
        dim = scores.shape[-1]
        none = torch.empty(0, dtype=torch.int64, device=scores.device)
        if self.rule == "mean":
            # Rounding can put the mean below every score; the lowest is kept all the same.
            threshold = torch.maximum(scores.mean(-1), scores.amin(-1))
            above = threshold.nextafter(torch.full_like(threshold, torch.inf))
            size = (scores < above.unsqueeze(-1)).sum(-1, dtype=scores.dtype)
            return Kept(above, none, none, size)
        count = kept_count(self.keep, dim)
        if count == dim:
            return Kept(scores.new_full(scores.shape[:-1], torch.inf), none, none, count)
        threshold, following = order_statistics(scores, count)
        tied = (threshold == following).nonzero().squeeze(-1)
        if not len(tied):
            return Kept(following, none, none, count)
        limit = threshold[tied].unsqueeze(-1)
        shared = scores[tied] == limit
        room = count - (scores[tied] < limit).sum(-1, keepdim=True)
        last = (shared.cumsum(-1) < room).sum(-1)
        return Kept(following, tied, last, count)


def _hash(seed: int, first: Tensor, second: Tensor, dim: int) -> Tensor:
    """Pseudo-random scores [rows, dim] in 0 .. 2**24 - 1, symmetric in `first` and `second`.

    A function of seed, pair and element alone, so that the draw doesn't depend on how the work is
    blocked. The mixing is the 32-bit finaliser of MurmurHash3 (Appleby, public domain).
    """
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    pair = _mix(_mix(low + 0x9E3779B9 * (seed & 0xFFFFFFFF)) + 0x85EBCA77 * high)
    element = torch.arange(dim, device=first.device) * 0xC2B2AE3D
    return _mix(pair.unsqueeze(-1) + element) >> 8


def _mix(value: Tensor) -> Tensor:
    """Scatter integers over 32 bits; int64 arithmetic that wraps."""
    value = value & 0xFFFFFFFF
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return value ^ (value >> 16)

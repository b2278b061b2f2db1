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

Rule = Literal["quantile", "mean", "random", "inverse", "all"]
RULES: tuple[str, ...] = get_args(Rule)


def kept_count(keep: float, dim: int) -> int:
    """How many of `dim` elements the share `keep` is: max(1, round(keep * dim))."""
    return max(1, round(keep * dim))


def check_rule(rule: str, keep: float) -> None:
    """Raise ValueError unless `rule` is known and `keep` is in (0, 1]."""
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}; known: {', '.join(RULES)}")
    if not 0 < keep <= 1:
        raise ValueError(f"keep must be above 0 and at most 1, not {keep}")


class Kept(NamedTuple):
    """Kept sets of `rows` pairs.

    An element is kept where its score is below `threshold` [rows], or equal to it and, in the
    rows `tied` [t], its index is at most `last` [t]. `size` is |M|: a number, or [rows].
    """

    threshold: Tensor
    tied: Tensor
    last: Tensor
    size: int | Tensor

    def scale(self, dim: int) -> float | Tensor:
        """D / |M|, which brings a kept sum to the size of a whole one: a number, or [rows]."""
        if isinstance(self.size, Tensor):
            return dim / self.size.to(self.threshold.dtype)
        return dim / self.size

    def erase_(self, values: Tensor, scores: Tensor) -> Tensor:
        """Set `values` [rows, D] to zero in place where the element is erased."""
        values.masked_fill_(scores > self.threshold.unsqueeze(-1), 0)
        if len(self.tied):
            index = torch.arange(scores.shape[-1], device=scores.device)
            shared = scores[self.tied] == self.threshold[self.tied].unsqueeze(-1)
            late = shared & (index > self.last.unsqueeze(-1))
            values[self.tied] = values[self.tied].masked_fill(late, 0)
        return values


@dataclass(frozen=True)
class Selection:
    """A rule with its share, and the seed that `random` hashes."""

    rule: str
    keep: float
    seed: int = 0

    def scores(
        self, difference: Tensor, first: Tensor, second: Tensor, positive: Tensor | None
    ) -> Tensor:
        """Scores [rows, D] from differences [rows, D] >= 0.

        `first` and `second` [rows] number the two classes or samples of a pair; `random` gives
        the pairs (a, b) and (b, a) the same scores. `positive` [rows] marks positive pairs,
        whose high differences are kept; None where there are none.
        """
        if self.rule == "random":
            scores = _hash(self.seed, first, second, difference.shape[-1])
            return scores.to(difference.dtype)
        scores = difference
        if positive is not None:
            scores = torch.where(positive.unsqueeze(-1), -difference, difference)
        return -scores if self.rule == "inverse" else scores

    def kept(self, scores: Tensor) -> Kept:
        """The kept sets that follow from scores [rows, D]."""
        dim = scores.shape[-1]
        none = torch.empty(0, dtype=torch.int64, device=scores.device)
        if self.rule == "mean":
            # Rounding can put the mean below every score; the lowest is kept all the same.
            threshold = torch.maximum(scores.mean(-1), scores.amin(-1))
            return Kept(threshold, none, none, (scores <= threshold.unsqueeze(-1)).sum(-1))
        count = kept_count(self.keep, dim)
        if count == dim:
            return Kept(scores.amax(-1), none, none, count)
        threshold, following = _order_statistics(scores, count)
        tied = (threshold == following).nonzero().squeeze(-1)
        if not len(tied):
            return Kept(threshold, none, none, count)
        limit = threshold[tied].unsqueeze(-1)
        shared = scores[tied] == limit
        room = count - (scores[tied] < limit).sum(-1, keepdim=True)
        last = (shared.cumsum(-1) < room).sum(-1)
        return Kept(threshold, tied, last, count)


def _order_statistics(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count`-th lowest score of each row and the one after it, each [rows]."""
    if scores.device.type == "cpu":
        try:
            import numpy as np
        except ImportError:  # torch runs without numpy, only slower here
            pass
        else:
            # numpy's vectorised selection takes an eighth of the time of torch.kthvalue on a CPU.
            parted = torch.from_numpy(np.partition(scores.numpy(), count - 1, axis=-1))
            return parted[:, count - 1].clone(), parted[:, count:].amin(-1)
    return scores.kthvalue(count, -1).values, scores.kthvalue(count + 1, -1).values


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

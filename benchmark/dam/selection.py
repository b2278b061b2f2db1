"""Which elements are kept: the rules, as scores of which the lowest are kept.

With k = max(1, round(keep D)) of the D elements:

| rule | score of an element | kept |
|---|---|---|
| `quantile` | the difference; its negative for a positive pair | the k lowest scores |
| `inverse` | the negative of that | the k lowest scores |
| `random` | a hash of seed, pair and element | the k lowest scores |
| `mean` | as for `quantile` | the scores up to their mean |
| `soft` | as for `quantile` | all, with weights that fall with the rank |

At equal score the lower index comes first. `all` stands for the plain similarity: nothing is
selected. `soft` weighs the element of rank r = 0, 1, ... by v_r = max(0, 1 - (r + 1/2) / (2 k)):
one half where `quantile` would cut.

In the paper's words, "the smaller difference it is from other classes, the more it should be
retained". `random` and `inverse` are controls: whether the choice matters, and its direction.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Rule = Literal["quantile", "mean", "random", "inverse", "soft", "all"]


def kept_count(keep: float, dim: int) -> int:
    """How many of `dim` elements the share `keep` is: max(1, round(keep * dim))."""
    return max(1, round(keep * dim))


class Side(NamedTuple):
    """One side of the compared pairs: `values` [n, D], and a number [n] for each row.

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
    """How elements are selected and weighed: what the kernels need to know.

    `seed` is what `random` hashes. With `rescale`, a sum over the kept set M is multiplied by
    D / |M|, so that it is comparable to a sum over all elements; |M| is the sum of the weights
    where the rule is `soft`.
    """

    rule: Rule = "quantile"
    keep: float = 0.8
    seed: int = 0
    rescale: bool = True

    def scores(
        self, difference: Tensor, first: Tensor, second: Tensor, positive: Tensor | None
    ) -> Tensor:
        """Scores [..., D] from differences [..., D] >= 0, computed in place.

        `first` and `second`, which broadcast to [...], number the two classes or samples of a
        pair; `random` gives the pairs (a, b) and (b, a) the same scores. `positive` [...] marks
        positive pairs, whose high differences are kept; None where there are none.
        """
        if self.rule == "random":
            return difference.copy_(_hash(self.seed, first, second, difference.shape[-1]))
        if positive is not None:
            difference *= (1 - 2 * positive.to(difference.dtype)).unsqueeze(-1)
        return difference.neg_() if self.rule == "inverse" else difference


def _hash(seed: int, first: Tensor, second: Tensor, dim: int) -> Tensor:
    """Pseudo-random scores [..., dim] in 0 .. 2**24 - 1, symmetric in `first` and `second`.

    A function of seed, pair and element alone, so that the draw doesn't depend on how the work is
    divided. The mixing is the 32-bit finaliser of MurmurHash3 (Appleby, public domain).
    """
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    pair = _mix(_mix(low + 0x9E3779B9 * (seed & 0xFFFFFFFF)) + 0x85EBCA77 * high)
    element = torch.arange(dim, device=first.device) * 0xC2B2AE3D
    return _mix(pair.unsqueeze(-1) + element) >> 8


def _mix(value: Tensor) -> Tensor:
    """Scatter integers over 32 bits, in int64 arithmetic that wraps around."""
    value = value & 0xFFFFFFFF
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return value ^ (value >> 16)

"""What a suite lets a search choose from, and the points that all arms of an objective share."""

import math
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from benchmark.validation import Part

DIGITS = 4
"""Significant digits of a tuned number, so that tables can show the value that was used."""


class Range(Part):
    """The values of one setting: an interval, or a list."""

    low: float | None = None
    """The lowest value."""
    high: float | None = None
    """The highest value."""
    log: bool = False
    """Whether points are spread evenly over the logarithm."""
    values: Annotated[list[Any], Field(min_length=2)] | None = None
    """The values where they are few, in place of an interval."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.values is not None:
            if self.low is not None or self.high is not None or self.log:
                raise ValueError("a range has low and high, or values, and not both")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError("a range has low below high, such as low=5, high=80, or values")
        elif self.log and self.low <= 0:
            raise ValueError(f"log=True needs low above 0, not {self.low:g}")
        return self

    def at(self, share: float) -> Any:
        """The value at `share`, from 0 at the lowest to below 1."""
        if self.values is not None:
            return self.values[int(share * len(self.values))]
        assert self.low is not None and self.high is not None
        if self.log:
            value = math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        else:
            value = self.low + share * (self.high - self.low)
        return self.rounded(value)

    def rounded(self, value: Any) -> Any:
        """A value of the range to `DIGITS` digits, where it is a number of an interval."""
        if self.low is None or self.high is None:
            return value
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


Ranges = dict[str, Range]
"""By the keys of the settings, such as objective.scale."""
Values = dict[str, Any]
"""By the same keys."""


def points(ranges: Ranges, number: int, seed: int) -> list[Values]:
    """The first `number` points of a scrambled Sobol sequence in these ranges.

    More points begin with the same ones: a longer search reuses the shorter one. The source is
    Owen, Scrambling Sobol' and Niederreiter-Xing Points, Journal of Complexity 14, 1998.
    """
    # Imported only where a search needs it: it takes a second, and every command loads this module.
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(ranges), scramble=True, seed=seed)
    shares = sequence.random_base2((number - 1).bit_length())[:number]
    return [
        {key: one.at(float(share)) for share, (key, one) in zip(row, ranges.items(), strict=True)}
        for row in shares
    ]

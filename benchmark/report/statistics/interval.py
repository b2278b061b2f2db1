"""Means, spreads, and the interval of a paired difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """Mean and sample standard deviation of `n` values; NaN where `n` is too small for them."""

    n: int
    mean: float
    sd: float


@dataclass(frozen=True)
class Interval:
    """Mean of `n` paired differences and its two-sided 95 % t-interval.

    With fewer than two pairs the bounds are NaN, with none the mean is NaN too.
    """

    n: int
    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """From the mean to either bound."""
        return (self.high - self.low) / 2


def summarise(values: Sequence[float]) -> Summary:
    """Mean and sample standard deviation (divisor n - 1) of `values` [n]."""
    n = len(values)
    mean = float(np.mean(values)) if n else math.nan
    sd = float(np.std(values, ddof=1)) if n > 1 else math.nan
    return Summary(n, mean, sd)


def paired_interval(differences: Sequence[float]) -> Interval:
    """The interval of the mean of `differences` [n], one a seed: arm minus baseline.

    mean ± t(0.975; n - 1) · s / √n with the sample standard deviation s (Student, 1908). Equal
    differences give an interval of width zero.
    """
    summary = summarise(differences)
    if summary.n < 2:
        return Interval(summary.n, summary.mean, math.nan, math.nan)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, summary.n - 1))
    half = quantile * summary.sd / math.sqrt(summary.n)
    return Interval(summary.n, summary.mean, summary.mean - half, summary.mean + half)

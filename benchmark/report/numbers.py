"""Numbers as text: per cent with one decimal, a proper minus, "–" for what there is not."""

import math

from benchmark.report.statistics.interval import Interval, Summary

ABSENT = "–"


def percent(fraction: float, *, signed: bool = False) -> str:
    """A fraction in per cent: 0.3361 is 33.6, with `signed` +33.6."""
    if math.isnan(fraction):
        return ABSENT
    # Adding zero turns a rounded -0.0 into 0.0, which has no sign to show.
    value = round(100 * fraction, 1) + 0.0
    text = f"{value:+.1f}" if signed and value != 0 else f"{value:.1f}"
    return text.replace("-", "−")


def mean_sd(summary: Summary) -> str:
    """Mean ± standard deviation in per cent; the mean alone where there is one value."""
    mean = percent(summary.mean)
    return mean if math.isnan(summary.sd) else f"{mean} ± {percent(summary.sd)}"


def difference(interval: Interval) -> str:
    """Mean difference and its interval in percentage points: +1.2 [−0.3, +2.7]."""
    mean = percent(interval.mean, signed=True)
    if interval.n == 0:
        return ABSENT
    if math.isnan(interval.low):
        return f"{mean} [{ABSENT}]"
    low, high = percent(interval.low, signed=True), percent(interval.high, signed=True)
    return f"{mean} [{low}, {high}]"

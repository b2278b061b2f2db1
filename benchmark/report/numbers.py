"""Numbers as text: per cent with one decimal, a proper minus, "–" for a missing value."""

import math
from collections.abc import Iterable

from benchmark.report.statistics.interval import Interval, Summary

ABSENT = "–"


def plural(number: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "run"), plural(3, "class"), plural(1200, "query")
    ('1 run', '3 classes', '1,200 queries')
    """
    if number != 1:
        if noun.endswith(("s", "x", "ch")):
            noun += "es"
        elif noun.endswith("y") and noun[-2] not in "aeiou":
            noun = f"{noun[:-1]}ies"
        else:
            noun += "s"
    return f"{number:,} {noun}"


def listed(numbers: Iterable[int]) -> str:
    """Whole numbers as a list in which runs of three and more are ranges.

    >>> listed([0, 1, 2, 3, 7, 9, 10])
    '0–3, 7, 9, 10'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(parts)


def percent(fraction: float, *, signed: bool = False) -> str:
    """A fraction in per cent: 0.3361 is 33.6, with `signed` +33.6."""
    if math.isnan(fraction):
        return ABSENT
    # Adding zero turns a rounded -0.0 into 0.0, which has no sign to show.
    value = round(100 * fraction, 1) + 0.0
    text = f"{value:+.1f}" if signed and value != 0 else f"{value:.1f}"
    return text.replace("-", "−")


def mean_sd(summary: Summary) -> str:
    """Mean ± standard deviation in per cent; for a single value the mean alone."""
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

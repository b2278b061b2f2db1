"""The kinds of columns that the report's tables have."""

import math
from typing import Any

from benchmark.report.numbers import ABSENT, difference, mean_sd, percent
from benchmark.report.statistics.interval import Interval, Summary
from benchmark.report.tables.sheet import Column


def words(heading: str) -> Column:
    """Text, at the left."""
    return Column(heading, lambda text: text or ABSENT, lambda text: {"": text}, left=True)


def counts(heading: str) -> Column:
    """Whole numbers, or short text, at the right; None is shown as nothing."""
    return Column(
        heading,
        lambda value: ABSENT if value is None else str(value),
        lambda value: {"": "" if value is None else value},
    )


def means(heading: str) -> Column:
    """A `Summary` of fractions, shown in per cent."""

    def parts(summary: Summary) -> dict[str, Any]:
        return {
            "mean (fraction)": fraction(summary.mean),
            "sd (fraction)": fraction(summary.sd),
            "n": summary.n,
        }

    return Column(heading, mean_sd, parts)


def differences(heading: str) -> Column:
    """An `Interval` of fractions, shown in percentage points."""

    def parts(interval: Interval) -> dict[str, Any]:
        return {
            "(fraction)": fraction(interval.mean),
            "low95 (fraction)": fraction(interval.low),
            "high95 (fraction)": fraction(interval.high),
        }

    return Column(heading, difference, parts)


def fractions(heading: str) -> Column:
    """A fraction, shown in per cent or percentage points."""
    return Column(heading, percent, lambda value: {"(fraction)": fraction(value)})


def chances(heading: str) -> Column:
    """A probability."""
    return Column(heading, probability, lambda value: {"": fraction(value)})


def probability(value: float) -> str:
    """A probability as text, with as many digits as are meaningful.

    >>> probability(0.25), probability(0.03125), probability(0.0002), probability(1.0)
    ('0.25', '0.031', '<0.001', '1.00')
    """
    if math.isnan(value):
        return ABSENT
    if value < 0.001:
        return "<0.001"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def fraction(value: float) -> str:
    """A number for a program: six decimals; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:.6f}"

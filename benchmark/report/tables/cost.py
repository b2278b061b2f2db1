"""What an arm's training costs beside its baseline's, measured in the same runs."""

import math
from collections.abc import Callable

from benchmark.report.numbers import ABSENT
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise
from benchmark.report.table import Group, Row
from benchmark.report.tables.columns import counts, fraction, words
from benchmark.report.tables.sheet import Column, Line, Sheet
from benchmark.suite.store.runs import StoredRun


def cost_sheet(group: Group) -> Sheet | None:
    """One line an arm: seconds an epoch and peak memory, and how much more than its baseline's."""
    lines = [
        Line(
            comparison.label,
            [
                row.label,
                len(seconds),
                summarise(seconds),
                _more(row, _seconds),
                summarise([one for run in row.finished if (one := _megabytes(run)) > 0]),
                _more(row, _megabytes),
            ],
        )
        for comparison in group.comparisons
        for row in comparison.rows
        if (seconds := [one for run in row.finished if (one := _seconds(run)) > 0])
    ]
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Seeds"),
        Column("Seconds an epoch", _number_text, _number_parts),
        Column("Longer by", _more_text, _more_parts),
        Column("Peak memory (MB)", _number_text, _number_parts),
        Column("More by", _more_text, _more_parts),
    ]
    return Sheet(f"{group.label}-cost", f"Cost of training on {group.label}", columns, lines)


def _seconds(run: StoredRun) -> float:
    """The mean time of an epoch."""
    return run.timing.get("train_s", 0.0) / max(1, len(run.history))


def _megabytes(run: StoredRun) -> float:
    """The most that training took."""
    return run.result.memory.get("train_peak", 0) / 1e6


def _more(row: Row, measure: Callable[[StoredRun], float]) -> Interval:
    """The logarithm of arm over baseline in a measure, over the paired seeds."""
    pairs = row.pairs.runs.values() if row.pairs else ()
    found = [(measure(arm), measure(baseline)) for arm, baseline in pairs]
    return paired_interval([math.log(arm / base) for arm, base in found if arm > 0 and base > 0])


def _number_text(summary: Summary) -> str:
    if not summary.n:
        return ABSENT
    mean, sd = _short(summary.mean, 3), _short(summary.sd, 2)
    return mean if math.isnan(summary.sd) else f"{mean} ± {sd}"


def _short(value: float, digits: int) -> str:
    """A number with so many digits, or all of those before its point."""
    return f"{value:,.0f}" if value >= 10**digits else f"{value:.{digits}g}"


def _number_parts(summary: Summary) -> dict[str, str]:
    return {"mean": fraction(summary.mean), "sd": fraction(summary.sd)}


def _more_text(interval: Interval) -> str:
    if not interval.n:
        return ABSENT
    mean, low, high = map(_per_cent, (interval.mean, interval.low, interval.high))
    return f"{mean} %" if low == ABSENT else f"{mean} % [{low}, {high}]"


def _per_cent(logarithm: float) -> str:
    if math.isnan(logarithm):
        return ABSENT
    return f"{round(100 * math.expm1(min(logarithm, 700.0))) + 0:+d}".replace("-", "−")


def _more_parts(interval: Interval) -> dict[str, str]:
    bounds = {"": interval.mean, "low95": interval.low, "high95": interval.high}
    return {
        f"(ratio) {name}".strip(): "" if math.isnan(one) else fraction(math.exp(min(one, 700.0)))
        for name, one in bounds.items()
    }

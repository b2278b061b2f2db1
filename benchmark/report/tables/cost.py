"""What an arm's training costs beside its baseline's, measured in the same runs."""

import math

from benchmark.report.numbers import ABSENT
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise
from benchmark.report.table import Group, Row
from benchmark.report.tables.columns import counts, fraction, words
from benchmark.report.tables.sheet import Column, Line, Sheet
from benchmark.suite.store.runs import StoredRun


def cost_sheet(group: Group) -> Sheet | None:
    """One line an arm: seconds an epoch, and how much longer than its baseline's at that seed."""
    lines = [
        Line(comparison.label, [row.label, len(seconds), summarise(seconds), _longer(row)])
        for comparison in group.comparisons
        for row in comparison.rows
        if (seconds := [one for run in row.finished if (one := _seconds(run)) > 0])
    ]
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Seeds"),
        Column("Seconds an epoch", _seconds_text, _seconds_parts),
        Column("Longer by", _longer_text, _longer_parts),
    ]
    return Sheet(f"{group.label}-cost", f"Training time on {group.label}", columns, lines)


def _seconds(run: StoredRun) -> float:
    """The mean time of an epoch."""
    return run.timing.get("train_s", 0.0) / max(1, len(run.history))


def _longer(row: Row) -> Interval:
    """The logarithm of arm over baseline in training time, over the paired seeds."""
    pairs = row.pairs.runs.values() if row.pairs else ()
    times = [(_seconds(arm), _seconds(baseline)) for arm, baseline in pairs]
    return paired_interval([math.log(arm / base) for arm, base in times if arm > 0 and base > 0])


def _seconds_text(summary: Summary) -> str:
    spread = "" if math.isnan(summary.sd) else f" ± {summary.sd:.2g}"
    return f"{summary.mean:.3g}{spread}"


def _seconds_parts(summary: Summary) -> dict[str, str]:
    return {"mean": fraction(summary.mean), "sd": fraction(summary.sd)}


def _longer_text(interval: Interval) -> str:
    if not interval.n:
        return ABSENT
    mean, low, high = map(_per_cent, (interval.mean, interval.low, interval.high))
    return f"{mean} %" if low == ABSENT else f"{mean} % [{low}, {high}]"


def _per_cent(logarithm: float) -> str:
    if math.isnan(logarithm):
        return ABSENT
    return f"{round(100 * math.expm1(min(logarithm, 700.0))) + 0:+d}".replace("-", "−")


def _longer_parts(interval: Interval) -> dict[str, str]:
    bounds = {"": interval.mean, "low95": interval.low, "high95": interval.high}
    return {
        f"(ratio) {name}".strip(): "" if math.isnan(one) else fraction(math.exp(min(one, 700.0)))
        for name, one in bounds.items()
    }

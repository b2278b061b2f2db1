"""What the runs of a data set show, in sentences that claim no more than the intervals do."""

import math
from collections.abc import Iterator

from benchmark.report.ablation.axes import axis_of
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import difference, percent, plural
from benchmark.report.parts import Parts, parts_of
from benchmark.report.statistics.interval import Interval
from benchmark.report.statistics.power import ALPHA, detectable_difference
from benchmark.report.table import Comparison, Group, Row
from benchmark.suite.arms import DAM

BETTER, WORSE, APART, SAME, UNKNOWN = "better", "worse", "not told apart", "same", "unknown"


def verdict(interval: Interval) -> str:
    """What an interval allows to conclude about an arm, by its bounds as they are shown.

    An interval without width comes from equal differences, due to few queries or seeds: the verdict
    is only that they are equal.
    """
    if math.isnan(interval.low):
        return UNKNOWN
    if interval.low == interval.high:
        return SAME
    low, high = (round(100 * bound, 1) for bound in (interval.low, interval.high))
    if low > 0:
        return BETTER
    return WORSE if high < 0 else APART


def findings(group: Group) -> list[str]:
    """The findings for each objective with an arm `dam`, then over all of them."""
    sentences = [
        sentence
        for comparison in group.comparisons
        for sentence in _of_comparison(group, comparison)
    ]
    return [*sentences, *_over_all(group)]


def _of_comparison(group: Group, comparison: Comparison) -> Iterator[str]:
    dam = next((row for row in comparison.rows if row.arm == DAM), None)
    if dam is None:
        return
    sentence = f"{comparison.label}: DAM {_against_baseline(group, dam)}."
    others = [
        row
        for row in comparison.rows
        if row.pairs and row.pairs.runs and row.arm != DAM and axis_of(row) is None
    ]
    if others:
        clauses = "; ".join(f"{row.label} {_short(group, row)}" for row in others)
        sentence += f" Against the same baseline, {clauses}."
    yield sentence
    parts = parts_of(comparison)
    if parts is not None:
        yield f"{comparison.label}: {_split(group, parts)}"


def _against_baseline(group: Group, row: Row) -> str:
    """The verdict on both main metrics, with numbers."""
    found: dict[str, list[str]] = {}
    for metric in group.main_metrics:
        interval = row.difference(metric)
        if interval.n:
            found.setdefault(verdict(interval), []).append(
                f"{metric_name(metric)}, {difference(interval)}"
            )
    if not found:
        return "has no pair with its baseline, so nothing can be said"
    phrases = {
        BETTER: "is better than its baseline in",
        WORSE: "is worse than its baseline in",
        APART: "can't be told apart from its baseline in",
        SAME: "differs from its baseline by the same amount in every pair, in",
        UNKNOWN: "has a single pair, which can't tell an effect from chance, in",
    }
    parts = [f"{phrases[kind]} {' and in '.join(names)}" for kind, names in found.items()]
    pairs = plural(max(row.difference(metric).n for metric in group.main_metrics), "pair")
    return f"{'; it '.join(parts)} (points, {pairs}{_reach(group, row, found)})"


def _reach(group: Group, row: Row, found: dict[str, list[str]]) -> str:
    """The differences that the pairs could have found, if they found none."""
    if APART not in found:
        return ""
    reaches = []
    for metric in group.main_metrics:
        interval = row.difference(metric)
        least = detectable_difference(interval.n, row.difference_sd(metric))
        if verdict(interval) == APART and not math.isnan(least):
            reaches.append(f"{percent(least)} in {metric_name(metric)}")
    if not reaches:
        return ""
    return f"; a difference of {' or '.join(reaches)} would be found in 4 of 5 such experiments"


def _short(group: Group, row: Row) -> str:
    metric = group.main_metrics[0]
    interval = row.difference(metric)
    words = {
        BETTER: "is better",
        WORSE: "is worse",
        APART: "can't be told apart",
        SAME: "is the same amount away in every pair",
        UNKNOWN: "has a single pair" if interval.n else "has no pair",
    }
    return f"{words[verdict(interval)]}, {metric_name(metric)} {difference(interval)}"


def _split(group: Group, parts: Parts) -> str:
    """Which of the two parts of DAM's effect can be told apart from zero."""
    metric = group.main_metrics[0]
    hardness, selection = parts.hardness(metric), parts.selection(metric)
    clauses = []
    for name, interval in (("the selection", selection), ("the hardness", hardness)):
        words = {
            BETTER: "raises",
            WORSE: "lowers",
            APART: "can't be seen to change",
            SAME: "has the same effect in every pair on",
            UNKNOWN: "can't be judged in its effect on",
        }
        clauses.append(
            f"{name} {words[verdict(interval)]} {metric_name(metric)}, {difference(interval)}"
        )
    return (
        f"of DAM's effect, {' and '.join(clauses)} points (DAM minus an arm of equal hardness that "
        "singles out no element, and that arm minus the baseline)."
    )


def _over_all(group: Group) -> Iterator[str]:
    """How many of DAM's intervals miss zero, and how many would by chance."""
    rows = [row for row in group.rows if row.arm == DAM]
    intervals = [row.difference(metric) for row in rows for metric in group.main_metrics]
    verdicts = [verdict(one) for one in intervals if verdict(one) != UNKNOWN]
    if len(verdicts) < 2:
        return
    names = " and ".join(map(metric_name, group.main_metrics))
    above = verdicts.count(BETTER)
    yield (
        f"Of DAM's {len(verdicts)} intervals in {names}, {above} {'lies' if above == 1 else 'lie'} "
        f"above zero and {verdicts.count(WORSE)} below; if DAM changed nothing, about "
        f"{ALPHA * len(verdicts):.1g} would miss zero by chance."
    )
    pairs = max(one.n for one in intervals)
    if 2 / 2**pairs > ALPHA:
        yield (
            f"With {plural(pairs, 'pair')} the exact permutation test reaches no p below "
            f"{2 / 2**pairs:.2g}: none of these differences can pass it at 5 %."
        )

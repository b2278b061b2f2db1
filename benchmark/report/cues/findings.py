"""Which arms hold more of the subtle cues than their baseline, and whether retrieval follows."""

from collections.abc import Iterator

from benchmark.report.ablation.axes import axis_of
from benchmark.report.cues.known import HEADLINES, cues_of
from benchmark.report.findings import APART, BETTER, SAME, UNKNOWN, WORSE, verdict
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import difference
from benchmark.report.table import Comparison, Group, Row

SUBTLE = HEADLINES[0]
_HELD = {
    BETTER: "more than its baseline in {}",
    WORSE: "less than it in {}",
    APART: "not told apart from it in {}",
    SAME: "the same amount away from it in every pair in {}",
    UNKNOWN: "a single pair, which can't tell an effect from chance, in {}",
}


def cue_findings(group: Group) -> list[str]:
    """One sentence an objective; none where no cues are known or no arm is paired."""
    return [*_sentences(group)] if cues_of(group) else []


def _sentences(group: Group) -> Iterator[str]:
    for comparison in group.comparisons:
        arms: dict[str, list[str]] = {}
        for row in _arms(comparison):
            kind = verdict(row.difference(SUBTLE))
            arms.setdefault(kind, []).append(_arm(group, row, kind))
        if arms:
            parts = [
                words.format(", ".join(arms[kind])) for kind, words in _HELD.items() if kind in arms
            ]
            if BETTER not in arms:
                parts.insert(0, "no arm is seen to hold more than its baseline")
            yield f"{comparison.label}, accuracy of the subtle cues: {'; '.join(parts)}."


def _arms(comparison: Comparison) -> list[Row]:
    """The paired arms that are no point of an axis."""
    rows = [row for row in comparison.rows if row.pairs and axis_of(row) is None]
    return [row for row in rows if row.difference(SUBTLE).n]


def _arm(group: Group, row: Row, kind: str) -> str:
    """The arm with its difference and, where it has one, whether retrieval moves the same way."""
    text = f"{row.label}, {difference(row.difference(SUBTLE))} points"
    if kind not in (BETTER, WORSE):
        return text
    metric = group.main_metrics[0]
    interval = row.difference(metric)
    own = verdict(interval)
    if own == kind:
        follows = "retrieval follows"
    elif own in (BETTER, WORSE):
        follows = "retrieval goes the other way"
    else:
        follows = "retrieval isn't seen to follow"
    return f"{text} ({follows}: {metric_name(metric)} {difference(interval)})"

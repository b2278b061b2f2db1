"""The label leak of the naive mappings: final training loss against retrieval."""

import math
from dataclasses import dataclass

from benchmark.report.ablation.axes import axis_of, option
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import percent
from benchmark.report.settings import distinct
from benchmark.report.statistics.interval import Summary, summarise
from benchmark.report.table import Comparison, Group, Row
from benchmark.suite.arms import BASELINE, DAM

AXIS = "mapping"
EXPLANATION = (
    "Where the kept elements depend on a sample's own class, they can show that class by "
    "themselves, and the training loss falls without a look at the image. A low training loss "
    "alone says little, because each arm has similarities of its own; far below the baseline's, "
    "together with clearly worse retrieval, it is the sign that the task was solved by the label "
    "and not by the features: to the left of the baseline, and below it."
)


@dataclass(frozen=True)
class Place:
    """An arm by its mapping, with the training loss of the last epoch by finished seed."""

    label: str
    row: Row
    losses: dict[int, float]

    @property
    def loss(self) -> Summary:
        """Mean and standard deviation of the final training loss."""
        return summarise(list(self.losses.values()))


def places(comparison: Comparison) -> list[Place]:
    """The baseline, the arm `dam` and the arms on the axis `mapping`; nothing without the last."""
    if not any(axis_of(row) == AXIS for row in comparison.rows):
        return []
    rows = [row for row in comparison.rows if row.arm in (BASELINE, DAM) or axis_of(row) == AXIS]
    return [Place(_label(row), row, _final_losses(row)) for row in rows]


def drawable(group: Group) -> list[tuple[str, list[Place]]]:
    """Objectives by name, with those arms, where one of them has a loss and a value."""
    metric = group.main_metrics[0]
    found = [(comparison, places(comparison)) for comparison in group.comparisons]
    shown = [
        (comparison, arms)
        for comparison, arms in found
        if any(arm.losses and arm.row.summary(metric).n for arm in arms)
    ]
    names = [comparison.config.objective_name for comparison, _ in shown]
    labels = distinct(names, [comparison.shared for comparison, _ in shown])
    return [(label, arms) for label, (_, arms) in zip(labels, shown, strict=True)]


def finding(metric: str, label: str, arms: list[Place]) -> str:
    """Which mappings ended with a lower training loss than the baseline and worse retrieval."""
    baseline = next((arm for arm in arms if arm.row.arm == BASELINE), None)
    if baseline is None or not baseline.losses:
        return f"{label}: there is no finished baseline to compare with."
    leaking = [
        arm
        for arm in arms
        if arm.loss.mean < baseline.loss.mean and arm.row.difference(metric).mean < 0
    ]
    if not leaking:
        return (
            f"{label}: no mapping has both a lower training loss than the baseline "
            f"({baseline.loss.mean:.3g}) and a lower {metric_name(metric)}."
        )
    named = ", ".join(
        f"{arm.label} (loss {arm.loss.mean:.2g}, "
        f"{percent(arm.row.difference(metric).mean, signed=True)} points"
        f"{'' if _below_zero(arm.row, metric) else ', interval not below zero'})"
        for arm in leaking
    )
    return (
        f"{label}: lower in training loss than the baseline ({baseline.loss.mean:.3g}) "
        f"and lower in {metric_name(metric)}: {named}."
    )


def _below_zero(row: Row, metric: str) -> bool:
    high = row.difference(metric).high
    return not math.isnan(high) and high < 0


def _label(row: Row) -> str:
    if row.arm == BASELINE:
        return BASELINE
    mapping = option(row, AXIS) or row.arm
    return f"{mapping} ({DAM})" if row.arm == DAM else mapping


def _final_losses(row: Row) -> dict[int, float]:
    """The loss of the last epoch by seed, where it is a number."""
    ends = {
        seed: run.history[-1].loss
        for seed, run in row.runs.items()
        if run.state == "finished" and run.history
    }
    return {seed: loss for seed, loss in ends.items() if not math.isnan(loss)}

"""Mean effects over all objectives of a family, on all data sets."""

from collections.abc import Iterator

import numpy as np

from benchmark.registry import PAIR_OBJECTIVES, PROXY_OBJECTIVES, names
from benchmark.report.ablation.axes import without_axes
from benchmark.report.statistics.joint import mean_effect, probability_of_improvement
from benchmark.report.table import Comparison, Table, arm_order
from benchmark.report.tables.columns import chances, counts, differences, words
from benchmark.report.tables.sheet import Line, Sheet

FAMILIES = ("proxy-based", "pair-based", "joint")


def family_of(comparison: Comparison) -> str:
    """Whether a comparison's objective compares with proxies, within pairs, or both."""
    kind = comparison.shared["objective"]["type"]
    if kind in names(PROXY_OBJECTIVES):
        return FAMILIES[0]
    return FAMILIES[1] if kind in names(PAIR_OBJECTIVES) else FAMILIES[2]


def families_sheet(table: Table) -> Sheet | None:
    """One line a family and arm, where two comparisons or more share seeds; None where none do.

    The metric is the first of each protocol: whether the nearest image is of the query's class.
    """
    lines = [line for family in FAMILIES for line in _lines(table, family)]
    if not lines:
        return None
    columns = [
        words("Arm"),
        counts("Comparisons"),
        counts("Seeds"),
        differences("Δ Recall@1 or CMC@1"),
        chances("Chance of improvement"),
        chances("from"),
        chances("to"),
    ]
    return Sheet("families", "Mean effects by family", columns, lines, over="Family")


def _lines(table: Table, family: str) -> Iterator[Line]:
    """The arms of one family, `dam` first."""
    found: dict[str, list[dict[int, float]]] = {}
    for group in map(without_axes, table.groups):
        for comparison in group.comparisons:
            if family_of(comparison) == family:
                for row in comparison.rows:
                    if one := row.differences(group.main_metrics[0]):
                        found.setdefault(row.arm, []).append(one)
    for arm in sorted(found, key=arm_order):
        shared = sorted(set.intersection(*map(set, found[arm])))
        if len(found[arm]) < 2 or not shared:
            continue
        values = np.array([[one[seed] for seed in shared] for one in found[arm]])
        chance = probability_of_improvement(values)
        yield Line(
            family,
            [
                arm,
                len(values),
                len(shared),
                mean_effect(values),
                chance.probability,
                chance.low,
                chance.high,
            ],
        )

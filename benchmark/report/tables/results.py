"""A data set's results: the main metrics as papers print them, and all metrics."""

from collections.abc import Sequence
from typing import Any

from benchmark.report.metrics import metric_name
from benchmark.report.reading import legend, seeds
from benchmark.report.table import Group, Row
from benchmark.report.tables.columns import counts, differences, fractions, means, words
from benchmark.report.tables.sheet import Column, Line, Sheet


def results_sheet(group: Group) -> Sheet:
    """One line an arm: both main metrics with their paired differences."""
    columns = [words("Arm"), counts("Seeds"), *_columns(group.main_metrics)]
    lines = [
        Line(comparison.label, [row.label, seeds(row), *_values(row, group.main_metrics)])
        for comparison in group.comparisons
        for row in comparison.rows
    ]
    title = f"Results on {group.label}"
    return Sheet(f"{group.label}-results", title, columns, lines, notes=legend(group))


def metrics_sheet(group: Group) -> Sheet:
    """One line an arm: every metric, the main one before training, and the arm's settings."""
    main = group.main_metrics[0]
    columns = [
        words("Arm"),
        counts("Seeds"),
        *_columns(group.metrics),
        fractions(f"Untrained {metric_name(main)}"),
        words("Settings"),
    ]
    lines = [
        Line(
            comparison.label,
            [
                row.label,
                seeds(row),
                *_values(row, group.metrics),
                row.untrained(main).mean,
                row.short,
            ],
            row.notes,
        )
        for comparison in group.comparisons
        for row in comparison.rows
    ]
    return Sheet(f"{group.label}-metrics", f"All metrics on {group.label}", columns, lines)


def _columns(metrics: Sequence[str]) -> list[Column]:
    return [
        column
        for name in map(metric_name, metrics)
        for column in (means(name), differences(f"Δ {name}"))
    ]


def _values(row: Row, metrics: Sequence[str]) -> list[Any]:
    return [value for metric in metrics for value in (row.summary(metric), row.difference(metric))]

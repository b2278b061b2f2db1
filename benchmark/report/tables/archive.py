"""table.csv: every number of every arm, for a program to read and for the repository to keep."""

from typing import Any

import pandas as pd

from benchmark.report.numbers import ABSENT
from benchmark.report.settings import entry_text
from benchmark.report.table import Comparison, Group, Row, Table
from benchmark.report.tables.columns import fraction
from benchmark.report.tables.files import csv_of


def archive_text(table: Table) -> str:
    """One line an arm of a comparison.

    Metrics, differences and bounds are fractions, as their headings say; a number that doesn't
    exist is an empty field. Bounds are those of the 95 % paired t-interval.
    """
    metrics = list(dict.fromkeys(metric for group in table.groups for metric in group.metrics))
    lines = [
        _line(group, comparison, row, metrics)
        for group in table.groups
        for comparison in group.comparisons
        for row in comparison.rows
    ]
    return csv_of(pd.DataFrame(lines))


def _line(group: Group, comparison: Comparison, row: Row, metrics: list[str]) -> dict[str, Any]:
    """One arm's fields by heading."""
    main = group.main_metrics[0]
    conditions = comparison.facts() | row.conditions()
    return {
        "data set": group.label,
        "protocol": group.protocol,
        "recipe": comparison.config.recipe,
        "objective": comparison.label,
        "objective settings": entry_text(comparison.shared["objective"]),
        "arm": row.label,
        "arm settings": row.settings,
        "seeds": len(row.finished),
        "failed": len(row.in_state("failed")),
        "not run": len(row.in_state("not run")),
        "pairs": len(row.pairs.runs) if row.pairs else "",
        "pairing": "; ".join(row.notes),
        **{key: value for metric in metrics for key, value in _numbers(row, metric).items()},
        "main metric": main,
        "untrained main metric (fraction)": fraction(row.untrained(main).mean),
        **{name: "" if text == ABSENT else text for name, text in conditions.items()},
    }


def _numbers(row: Row, metric: str) -> dict[str, str]:
    """Five numbers of a metric."""
    summary, interval = row.summary(metric), row.difference(metric)
    return {
        f"{metric} mean (fraction)": fraction(summary.mean),
        f"{metric} sd (fraction)": fraction(summary.sd),
        f"{metric} difference (fraction)": fraction(interval.mean),
        f"{metric} difference low95 (fraction)": fraction(interval.low),
        f"{metric} difference high95 (fraction)": fraction(interval.high),
    }

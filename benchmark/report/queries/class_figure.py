"""The difference of each class, in order."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.report.figures.bands import Panel, bands_figure
from benchmark.report.figures.style import Look
from benchmark.report.metrics import metric_name
from benchmark.report.queries.changes import changes_of
from benchmark.report.statistics.interval import Summary
from benchmark.report.table import Group


def classes_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """Each arm's classes from the most improved on, one panel an objective.

    None where no pair stored the values of each query.
    """
    metric = group.main_metrics[0]
    panels = []
    for comparison in group.comparisons:
        lines = {}
        for row in comparison.rows:
            found = changes_of(row, metric)
            if found is not None:
                ordered = np.sort(found.by_class.mean(axis=0))[::-1]
                lines[row.label] = [
                    (place, Summary(1, float(value), math.nan))
                    for place, value in enumerate(ordered, start=1)
                ]
        if lines:
            panels.append(Panel(comparison.label, lines))
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.axhline(0, color="#333333", linewidth=0.7, zorder=1)

    name = f"Δ {metric_name(metric)} (points)"
    return bands_figure(
        panels,
        arms,
        across_axis="Class, the most improved first",
        up_axis=name,
        dress=dress,
        markers=False,
    )

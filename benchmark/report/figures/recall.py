"""Recall, or CMC, at K."""

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.report.figures.bands import Panel, bands_figure
from benchmark.report.figures.style import Look
from benchmark.report.table import Group


def recall_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The share of queries with a match among the K nearest, one panel an objective.

    None where fewer than two K were measured.
    """
    metrics = sorted(
        (int(found[2]), metric)
        for metric in group.metrics
        if (found := re.fullmatch(r"(recall|cmc)@(\d{1,6})", metric))
    )
    panels = []
    for comparison in group.comparisons:
        points = {
            row.label: [(k, one) for k, metric in metrics if (one := row.summary(metric)).n]
            for row in comparison.rows
        }
        if any(len(one) > 1 for one in points.values()):
            panels.append(Panel(comparison.label, {arm: one for arm, one in points.items() if one}))
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.set_xscale("log", base=2)
        axes.set_xticks([k for k, _ in metrics], [str(k) for k, _ in metrics])
        axes.minorticks_off()

    name = "CMC@K (%)" if group.protocol == "reid" else "Recall@K (%)"
    return bands_figure(panels, arms, across_axis="K", up_axis=name, dress=dress)

"""How many elements tell classes apart, at every bound."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmark.report.figures.bands import Points, bands_figure, panels_of
from benchmark.report.figures.style import Look
from benchmark.report.kept.stored import by_seed
from benchmark.report.statistics.interval import summarise
from benchmark.report.table import Group, Row

BOUNDS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200)
SHOWN = (1, 3, 10, 30, 100)


def quality_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The share of elements with at least each F, one panel an objective and one line an arm."""

    def points(row: Row) -> Points:
        found = [one.test_variance_ratio[-1] for one in by_seed(row).values()]
        if not found:
            return []
        return [
            (bound, summarise([float(np.mean(ratio >= bound)) for ratio in found]))
            for bound in BOUNDS
        ]

    panels = panels_of(group, points)
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.set_ylim(-3, 105)
        axes.set_xscale("log")
        axes.set_xticks(SHOWN, labels=map(str, SHOWN))
        axes.xaxis.set_minor_formatter(NullFormatter())

    return bands_figure(
        panels,
        arms,
        across_axis="F of an element on the test half, at least",
        up_axis="Elements (%)",
        dress=dress,
    )

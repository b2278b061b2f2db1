"""What is retrieved when the best elements are removed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.bands import Points, bands_figure, panels_of
from benchmark.report.figures.style import Look
from benchmark.report.kept.stored import by_seed
from benchmark.report.statistics.interval import summarise
from benchmark.report.table import Group, Row


def removal_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One panel an objective and one line an arm; None where no run stored its elements."""

    def points(row: Row) -> Points:
        found = list(by_seed(row).values())
        if not found:
            return []
        left = np.stack([one.test_without_best[-1] for one in found])
        return [
            (int(count), summarise(left[:, place].tolist()))
            for place, count in enumerate(found[0].removed)
        ]

    panels = panels_of(group, points)
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))

    return bands_figure(
        panels,
        arms,
        across_axis="Best elements removed",
        up_axis="Recall@1 (%)",
        dress=dress,
    )

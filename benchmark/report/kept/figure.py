"""How often each element is kept, in order."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.bands import Points, bands_figure, panels_of
from benchmark.report.figures.style import Look
from benchmark.report.kept.stored import kept_by_seed
from benchmark.report.statistics.interval import summarise
from benchmark.report.table import Group, Row

POINTS = 64
"""Elements that are drawn at most, evenly spaced in their order."""


def kept_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One panel an objective, elements from the most kept on; None where no arm selects."""

    def points(row: Row) -> Points:
        found = list(kept_by_seed(row).values())
        if not found:
            return []
        ordered = -np.sort(-np.stack(found), axis=1)
        last = ordered.shape[1] - 1
        places = np.unique(np.linspace(0, last, POINTS).round().astype(int))
        return [(int(one) + 1, summarise(ordered[:, one].tolist())) for one in places]

    panels = panels_of(group, points)
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))

    return bands_figure(
        panels,
        arms,
        across_axis="Element, the most kept first",
        up_axis="Pairs that keep it (%)",
        dress=dress,
        markers=False,
    )

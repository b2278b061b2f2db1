"""How often each element is kept, in order."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.bands import Panel, bands_figure
from benchmark.report.figures.style import Look
from benchmark.report.kept.shares import kept_shares
from benchmark.report.statistics.interval import summarise
from benchmark.report.table import Group

POINTS = 64
"""Elements that are drawn at most, evenly spaced in their order."""


def kept_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One panel a proxy objective: elements from the most kept on, with DAM and in its baseline.

    None where no run left proxies.
    """
    panels = []
    for comparison in group.comparisons:
        found = kept_shares(comparison)
        if found is None:
            continue
        lines = {}
        for arm, shares in found.arms():
            ordered = -np.sort(-shares, axis=1)
            places = np.unique(np.linspace(0, ordered.shape[1] - 1, POINTS).round().astype(int))
            lines[arm] = [(int(one) + 1, summarise(ordered[:, one].tolist())) for one in places]
        panels.append(Panel(comparison.label, lines))
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))

    return bands_figure(
        panels,
        arms,
        across_axis="Element, the most kept first",
        up_axis="Class pairs that keep it (%)",
        dress=dress,
        markers=False,
    )

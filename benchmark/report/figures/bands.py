"""Panels of curves: one panel an objective, one line an arm, in a band over the seeds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.curves import wrapped
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, legend_above, strip_frame
from benchmark.report.statistics.interval import Summary
from benchmark.report.table import Group, Row

Points = Sequence[tuple[int, Summary]]
"""Places on the horizontal axis, each with a number over the seeds."""
PER_CENT = 100.0
"""What a fraction is multiplied by to be drawn."""


@dataclass(frozen=True)
class Panel:
    """An objective's name, and the points of each arm by the arm's label."""

    title: str
    arms: Mapping[str, Points]


def panels_of(group: Group, points: Callable[[Row], Points]) -> list[Panel]:
    """A panel for each objective that has points, with the arms that have some."""
    panels = []
    for comparison in group.comparisons:
        arms = {row.label: points(row) for row in comparison.rows}
        arms = {arm: found for arm, found in arms.items() if found}
        if arms:
            panels.append(Panel(comparison.label, arms))
    return panels


def bands_figure(
    panels: Sequence[Panel],
    looks: dict[str, Look],
    *,
    across_axis: str,
    up_axis: str,
    dress: Callable[[Axes], None],
    markers: bool = True,
) -> Figure:
    """All panels, of fractions, with a legend of their arms; `dress` sets a panel's ticks."""
    across, down = _shape(panels)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.1 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in _draw(grid, panels, looks, times=PER_CENT, markers=markers):
        dress(axes)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        strip_frame(axes, grid="y")
    figure.supxlabel(across_axis, fontsize=9)
    figure.supylabel(up_axis, fontsize=9)
    legend_above(figure, _shown(panels, looks), marker=markers)
    return figure


def stacked_figure(
    blocks: Mapping[str, Sequence[Panel]], looks: dict[str, Look], *, across_axis: str
) -> Figure:
    """Several blocks of panels below each other, of numbers that are no fractions.

    Each block is named by its vertical axis; all share the horizontal one, of whole numbers.
    """
    every = [panel for panels in blocks.values() for panel in panels]
    across, down = _shape(max(blocks.values(), key=len))
    rows = down * len(blocks)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.0 * rows), layout="constrained")
    grid = figure.subplots(rows, across, squeeze=False)
    for place, (up_axis, panels) in enumerate(blocks.items()):
        own = grid[place * down : (place + 1) * down]
        for axes in _draw(own, panels, looks, times=1.0, markers=True):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            strip_frame(axes, grid="y")
        for axes in own[:, 0]:
            axes.set_ylabel(up_axis)
    figure.supxlabel(across_axis, fontsize=9)
    legend_above(figure, _shown(every, looks), marker=True)
    return figure


def _shape(panels: Sequence[Panel]) -> tuple[int, int]:
    """How many panels stand beside each other, and in how many rows."""
    across = min(len(panels), 4 if len(panels) > 3 else 3)
    return across, -(-len(panels) // across)


def _draw(
    grid: npt.NDArray[Any],
    panels: Sequence[Panel],
    looks: dict[str, Look],
    *,
    times: float,
    markers: bool,
) -> Iterator[Axes]:
    """Draw the curves of all panels, and give each panel's axes to be dressed.

    `grid` [rows, panels beside each other] holds axes.
    """
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        for arm, points in panel.arms.items():
            _curve(axes, points, looks[arm], times, markers)
        axes.set_title(
            wrapped(plain_text(panel.title), 76 // grid.shape[1]), loc="left", fontweight="bold"
        )
        yield axes


def _shown(panels: Sequence[Panel], looks: dict[str, Look]) -> dict[str, Look]:
    """The arms that have a curve, in their order."""
    drawn = {arm for panel in panels for arm in panel.arms}
    return {arm: look for arm, look in looks.items() if arm in drawn}


def _curve(axes: Axes, points: Points, look: Look, times: float, markers: bool) -> None:
    """The mean over seeds, in a band of one standard deviation to either side."""
    places = [place for place, _ in points]
    means = [times * summary.mean for _, summary in points]
    spreads = [times * summary.sd if summary.n > 1 else 0.0 for _, summary in points]
    bounds = zip(means, spreads, strict=True)
    low, high = zip(*((mean - sd, mean + sd) for mean, sd in bounds), strict=True)
    axes.fill_between(places, low, high, color=look.colour, alpha=0.15, linewidth=0)
    marker = look.marker if markers else None
    axes.plot(
        places, means, look.line, color=look.colour, linewidth=1.5, marker=marker, markersize=4
    )

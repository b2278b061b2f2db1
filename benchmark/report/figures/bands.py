"""Panels of curves: one panel an objective, one line an arm, in a band over the seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.curves import wrapped
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, legend_above, strip_frame
from benchmark.report.statistics.interval import Summary
from benchmark.report.table import Group, Row

Points = Sequence[tuple[int, Summary]]
"""Places on the horizontal axis, each with a fraction over the seeds."""


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
    """All panels, with a legend of their arms; `dress` sets a panel's ticks."""
    across = min(len(panels), 4 if len(panels) > 3 else 3)
    down = -(-len(panels) // across)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.1 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        for arm, points in panel.arms.items():
            _curve(axes, points, looks[arm], markers)
        axes.set_title(
            wrapped(plain_text(panel.title), 76 // across), loc="left", fontweight="bold"
        )
        dress(axes)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        strip_frame(axes, grid="y")
    figure.supxlabel(across_axis, fontsize=9)
    figure.supylabel(up_axis, fontsize=9)
    drawn = {arm for panel in panels for arm in panel.arms}
    shown = {arm: look for arm, look in looks.items() if arm in drawn}
    legend_above(figure, shown, marker=markers)
    return figure


def _curve(axes: Axes, points: Points, look: Look, markers: bool) -> None:
    """The mean over seeds, in a band of one standard deviation to either side."""
    places = [place for place, _ in points]
    means = [100 * summary.mean for _, summary in points]
    spreads = [100 * summary.sd if summary.n > 1 else 0.0 for _, summary in points]
    bounds = zip(means, spreads, strict=True)
    low, high = zip(*((mean - sd, mean + sd) for mean, sd in bounds), strict=True)
    axes.fill_between(places, low, high, color=look.colour, alpha=0.15, linewidth=0)
    marker = look.marker if markers else None
    axes.plot(
        places, means, look.line, color=look.colour, linewidth=1.5, marker=marker, markersize=4
    )

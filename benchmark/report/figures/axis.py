"""An axis of the ablation as small multiples: objectives side by side, metrics below each other."""

import math
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.ablation.axes import Axis, Panel, Point
from benchmark.report.figures.effect import draw_effect, effect_legend
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import (
    LEGEND_LINE,
    WIDTH,
    Look,
    interval_bar,
    legend_line,
    mean_point,
    open_points,
    points,
    strip_frame,
)
from benchmark.report.metrics import metric_name
from benchmark.report.table import Row

_ACROSS = 4
_LETTER = 0.068  # width of a letter in the values' names, in inches
_STEP = 0.22  # between the arms of one value; values are 1 apart
_BEYOND = 1.0  # how far beyond the seeds an interval is shown, in the seeds' range


def axis_figure(axis: Axis, metrics: tuple[str, str], arms: dict[str, Look]) -> Figure | None:
    """Paired differences over the values of an axis; None where no value has a pair."""
    shown = [panel for panel in axis.panels if any(map(_paired, _rows([panel])))]
    if not shown:
        return None
    looks = {arm: look for arm, look in arms.items() if _has(shown, arm)}
    across, bands = min(len(shown), _ACROSS), -(-len(shown) // _ACROSS)
    # A single objective has its metrics side by side.
    size = (1, 2) if len(shown) == 1 else (2 * bands, across)
    slanted = not axis.numbers and any(_crowded(panel.points, size[1]) for panel in shown)
    height = 2.6 if slanted else 2.1
    figure = Figure(figsize=(WIDTH, 0.3 + height * size[0]), layout="constrained")
    grid = figure.subplots(*size, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    for place, panel in enumerate(shown):
        band, column = divmod(place, across)
        for below, metric in enumerate(metrics):
            axes = grid[0, below] if len(shown) == 1 else grid[2 * band + below, column]
            axes.set_visible(True)
            axes.set_ylim(_frame(_rows(shown), metric))
            if axis.numbers:
                draw_effect(axes, panel.points, metric, looks)
            else:
                _draw(axes, panel.points, metric, looks)
                _name(axes, panel.points, slanted)
            if column == 0:
                axes.set_ylabel(f"Δ {plain_text(metric_name(metric))} (points)")
            else:
                axes.tick_params(axis="y", labelleft=False)
            if below == 0:
                title = textwrap.fill(plain_text(panel.label), 84 // across, break_on_hyphens=False)
                axes.set_title(title, loc="left", fontweight="bold")
    figure.supxlabel(plain_text(axis.name), fontsize=9)
    if len(looks) > 1 or axis.numbers:
        figure.legend(
            handles=[
                *(legend_line(arm, look, marker=True) for arm, look in looks.items()),
                *effect_legend(shown if axis.numbers else []),
            ],
            loc="outside upper left",
            ncols=5,
            handlelength=LEGEND_LINE,
            frameon=False,
        )
    return figure


def _crowded(places: list[Point], across: int) -> bool:
    """Whether the names of the values are too long to stand side by side."""
    return _LETTER * sum(len(point.value) + 2 for point in places) > 0.85 * WIDTH / across


def _rows(panels: list[Panel]) -> list[Row]:
    return [row for panel in panels for point in panel.points for row in point.rows.values()]


def _has(panels: list[Panel], arm: str) -> bool:
    return any(arm in point.rows for panel in panels for point in panel.points)


def _paired(row: Row) -> bool:
    return row.pairs is not None and bool(row.pairs.runs)


def _seeds(row: Row, metric: str) -> list[float]:
    """The paired differences in percentage points."""
    return list(points(row.differences(metric).values()))


def _frame(rows: list[Row], metric: str) -> tuple[float, float]:
    """The range of the differences: all seeds and zero, and intervals as far as there is room.

    The interval of two far seeds is thirteen times as wide as they are apart.
    """
    seeds = [0.0, *(value for row in rows for value in _seeds(row, metric))]
    low, high = min(seeds), max(seeds)
    room = _BEYOND * max(high - low, 0.1)
    intervals = [row.difference(metric) for row in rows]
    bounds = [100 * bound for one in intervals for bound in (one.low, one.high)]
    bounds = [low, high, *(bound for bound in bounds if not math.isnan(bound))]
    low, high = max(min(bounds), low - room), min(max(bounds), high + room)
    margin = 0.06 * max(high - low, 0.1)
    return low - margin, high + margin


def _draw(axes: Axes, places: list[Point], metric: str, looks: dict[str, Look]) -> None:
    axes.axhline(0, color="#333333", linewidth=0.9, zorder=1)
    for x, point in enumerate(places):
        if point.default:
            axes.axvspan(x - 0.5, x + 0.5, color="#ececec", linewidth=0, zorder=0)
        for number, (arm, look) in enumerate(looks.items()):
            row = point.rows.get(arm)
            if row is None:
                continue
            shift = x + _STEP * (number - (len(looks) - 1) / 2)
            seeds, interval = _seeds(row, metric), row.difference(metric)
            if not seeds:
                _say_no_pair(axes, shift)
                continue
            # Beside the bar, so that both are seen.
            open_points(axes, shift + 0.3 * _STEP, seeds, look)
            if not math.isnan(interval.low):
                interval_bar(axes, shift, (interval.low, interval.high), look, upright=True)
            mean_point(axes, shift, 100 * interval.mean, look)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    strip_frame(axes, grid="y")


def _say_no_pair(axes: Axes, x: float) -> None:
    """Within the panel, at its foot or its top, whichever is farther from the line at zero."""
    at_foot = sum(axes.get_ylim()) < 0
    axes.text(
        x,
        0.03 if at_foot else 0.97,
        "no pair",
        transform=axes.get_xaxis_transform(),
        rotation=90,
        fontsize=7,
        ha="center",
        va="bottom" if at_foot else "top",
    )


def _name(axes: Axes, places: list[Point], slanted: bool) -> None:
    axes.set_xticks(range(len(places)), [plain_text(point.value) for point in places])
    axes.tick_params(axis="x", length=0)
    if slanted:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right", rotation_mode="anchor")

"""Our means beside published values and independent re-runs."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, strip_frame
from benchmark.report.metrics import metric_name
from benchmark.report.published.beside import ours, pairs_with
from benchmark.report.published.values import Published
from benchmark.report.table import Group, Row

_ROW = 0.32  # inches a line
_PUBLISHED, _AGAIN = "#222222", "#7a5195"


def published_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One line an arm that has a published value; None where there is none."""
    metric = group.main_metrics[0]
    lines: dict[tuple[str, str], tuple[Row, list[Published]]] = {}
    for comparison, row, one in pairs_with(group):
        lines.setdefault((comparison.label, row.label), (row, []))[1].append(one)
    if not lines:
        return None
    figure = Figure(figsize=(WIDTH, 1.1 + _ROW * len(lines)), layout="constrained")
    axes = figure.subplots()
    for y, (row, found) in enumerate(lines.values()):
        mean = ours(row, metric)
        if not math.isnan(mean.low):
            bounds = [100 * mean.low, 100 * mean.high]
            axes.plot(bounds, [y, y], color=arms[row.label].colour, linewidth=1.8, marker="|")
        axes.plot(100 * mean.mean, y, "o", color=arms[row.label].colour, markersize=6)
        for one in found:
            _value(axes, y, one, metric)
    names = [plain_text(f"{label}, {arm}") for label, arm in lines]
    axes.set_yticks(range(len(lines)), names)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{plain_text(metric_name(metric))} (%)")
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    strip_frame(axes, grid="x", left=True)
    figure.legend(
        handles=[
            _mark("o", "#777777", filled=True, label="ours"),
            _mark("D", _PUBLISHED, filled=True, label="published"),
            _mark("D", _PUBLISHED, filled=False, label="published, unconfirmed"),
            _mark("s", _AGAIN, filled=True, label="re-run by others"),
        ],
        loc="outside upper left",
        ncols=4,
        frameon=False,
    )
    return figure


def _value(axes: Axes, y: int, published: Published, metric: str) -> None:
    value = published.value(metric)
    assert value is not None
    marker, colour = ("s", _AGAIN) if published.independent else ("D", _PUBLISHED)
    face = colour if published.confirmed else "white"
    axes.plot(100 * value, y + 0.25, marker, color=colour, markerfacecolor=face, markersize=4.5)


def _mark(marker: str, colour: str, *, filled: bool, label: str) -> Line2D:
    face = colour if filled else "white"
    return Line2D(
        [], [], color=colour, marker=marker, linestyle="", markerfacecolor=face, label=label
    )

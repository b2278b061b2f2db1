"""One line an arm: paired differences, and absolute values."""

import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import (
    WIDTH,
    Look,
    interval_bar,
    mean_point,
    open_points,
    points,
    strip_frame,
)
from benchmark.report.metrics import metric_name
from benchmark.report.table import Comparison, Group, Row

ROW = 0.24  # inches a line


def differences_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """A forest plot of the paired differences, one panel a main metric; None without pairs."""

    def drawn(row: Row) -> bool:
        return row.pairs is not None and any(map(row.differences, group.main_metrics))

    lines = _lines(group, drawn)
    if not lines:
        return None
    figure = Figure(figsize=(WIDTH, 0.75 + ROW * 1.15 * len(lines)), layout="constrained")
    panels = figure.subplots(1, len(group.main_metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, group.main_metrics, strict=True):
        axes.axvline(0, color="#333333", linewidth=0.9, zorder=1)
        for y, (_, row) in enumerate(lines):
            if row is None or row.pairs is None:
                continue
            look, interval = arms[row.label], row.difference(metric)
            if not interval.n:
                continue
            open_points(axes, points(row.differences(metric).values()), y + 0.32, look)
            if not math.isnan(interval.low):
                interval_bar(axes, y, (interval.low, interval.high), look, upright=False)
            mean_point(axes, 100 * interval.mean, y, look)
        axes.set_xlabel(f"Δ {plain_text(metric_name(metric))} (points)")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    _label_lines(list(panels), lines)
    return figure


def values_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The first main metric of every arm and of the untrained network; None without values."""
    metric = group.main_metrics[0]
    lines = _lines(group, lambda row: row.summary(metric).n > 0)
    if not lines:
        return None
    figure = Figure(figsize=(WIDTH, 0.75 + ROW * len(lines)), layout="constrained")
    axes = figure.subplots()
    start = 0
    for y, (comparison, row) in enumerate(lines):
        if row is None:
            start = y
            continue
        look = arms[row.label]
        open_points(axes, points(row.values(metric).values()), y, look)
        mean_point(axes, 100 * row.summary(metric).mean, y, look)
        if row is comparison.rows[0] or lines[y - 1][1] is None:
            untrained = 100 * row.untrained(metric).mean
            last = start + sum(other is comparison for other, _ in lines) - 1
            axes.plot([untrained] * 2, [start + 0.5, last + 0.5], ":", color="#333333")
    axes.set_xlabel(f"{plain_text(metric_name(metric))} (%)")
    left, right = min(0.0, axes.get_xlim()[0]), axes.get_xlim()[1]
    # Values far from zero and near each other have a margin narrower than a marker.
    axes.set_xlim(left, right + 0.02 * (right - left))
    axes.legend(
        handles=[Line2D([], [], color="#333333", linestyle=":", label="untrained network")],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
        frameon=False,
    )
    _label_lines([axes], lines)
    return figure


_Line = tuple[Comparison, Row | None]


def _lines(group: Group, drawn: Callable[[Row], bool]) -> list[_Line]:
    """From top to bottom: a heading (without a row) an objective, then its arms."""
    lines: list[_Line] = []
    for comparison in group.comparisons:
        rows = [row for row in comparison.rows if drawn(row)]
        if rows:
            lines += [(comparison, None), *((comparison, row) for row in rows)]
    return lines


def _label_lines(panels: list[Axes], lines: list[_Line]) -> None:
    """Name the lines at the left, headings in bold, and take away what isn't needed."""
    panels[0].set_yticks(
        range(len(lines)), [plain_text(row.label if row else one.label) for one, row in lines]
    )
    for (_, row), text in zip(lines, panels[0].get_yticklabels(), strict=True):
        text.set_fontweight("normal" if row else "bold")
    panels[0].set_ylim(len(lines) - 0.3, -0.6)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        for y, (_, row) in enumerate(lines):
            if row is None and y:
                axes.axhline(y - 0.42, color="#d0d0d0", linewidth=0.6)
        strip_frame(axes, grid="x", left=True)

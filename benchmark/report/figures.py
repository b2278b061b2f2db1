"""Three figures a data set: paired differences, absolute values, training curves.

Drawn on matplotlib's Figure alone, so that no backend, window or global style is touched.
"""

import io
import math
import os
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.report.table import BASELINE, Comparison, Group, Row, Table, metric_name
from benchmark.suite.store import write_text

WIDTH = 7.6  # inches; the page shows a figure at most about this wide at full size
ROW = 0.24  # inches a line of a forest plot
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "axes.edgecolor": "#8a8a8a",
    "axes.linewidth": 0.7,
    "svg.hashsalt": "figure",
}
_MARKERS = "osD^vPX*"


@dataclass(frozen=True)
class Drawing:
    """A figure as files, and what its caption says."""

    kind: str
    group: str
    title: str
    caption: str
    png: Path
    svg: Path


@dataclass(frozen=True)
class Look:
    """How an arm is drawn, the same in every figure."""

    colour: str
    marker: str


def looks(arms: list[str]) -> dict[str, Look]:
    """Colours that colour-blind readers can tell apart, and markers; the baseline is grey."""
    palette = [colour for colour in sns.color_palette("colorblind").as_hex() if colour != "#949494"]
    others = [arm for arm in arms if arm != BASELINE]
    found = {
        arm: Look(palette[place % len(palette)], _MARKERS[1:][place % (len(_MARKERS) - 1)])
        for place, arm in enumerate(others)
    }
    return {BASELINE: Look("#555555", _MARKERS[0])} | found


def draw_all(table: Table, folder: Path) -> list[Drawing]:
    """Write every figure that the table has numbers for into `folder`, as PNG and SVG."""
    arms = looks(table.arms())
    drawings = []
    for group in table.groups:
        makers: list[tuple[str, Callable[[Group, dict[str, Look]], Figure | None], str, str]] = [
            ("differences", differences_figure, "Paired differences to the baseline", _DIFFERENCES),
            ("values", values_figure, metric_name(group.main_metrics[0]), _VALUES),
            ("training", training_figure, "Training curves", _TRAINING),
        ]
        for kind, draw, title, caption in makers:
            with _style():
                figure = draw(group, arms)
                if figure is None:
                    continue
                stem = f"{re.sub(r'[^A-Za-z0-9.]+', '-', group.label).strip('-')}-{kind}"
                paths = folder / f"{stem}.png", folder / f"{stem}.svg"
                _save(figure, *paths)
            drawings.append(Drawing(kind, group.label, title, caption, *paths))
    return drawings


_DIFFERENCES = (
    "Arm minus baseline at the same seed, in percentage points. Filled marker: mean over the "
    "pairs; bar: its 95 % paired t-interval (none with a single pair); open markers below: the "
    "single seeds. Right of zero, the arm is better."
)
_VALUES = (
    "After the last epoch, in per cent. Filled marker: mean over the seeds; open markers: the "
    "single seeds; dotted line: the untrained network."
)
_TRAINING = (
    "Mean loss of each epoch; bold: mean over the seeds; thin: the single seeds. Arms minimise "
    "different functions, so the levels of two arms can't be compared, only each curve's course."
)


def differences_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """A forest plot of the paired differences, one panel a main metric; None without pairs."""

    def drawn(row: Row) -> bool:
        return row.pairs is not None and any(map(row.pairs.differences, group.main_metrics))

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
            seeds = 100 * np.array(list(row.pairs.differences(metric).values()))
            _open_points(axes, seeds, y + 0.32, look)
            if not math.isnan(interval.low):
                bounds = [100 * interval.low, 100 * interval.high]
                axes.plot(bounds, [y, y], color=look.colour, linewidth=1.8, zorder=2)
            _mean_point(axes, interval.mean, y, look)
        axes.set_xlabel(f"Δ {metric_name(metric)} (points)")
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
        seeds = 100 * np.array([run.metrics[metric] for run in row.finished])
        _open_points(axes, seeds, y, look)
        _mean_point(axes, row.summary(metric).mean, y, look)
        if row is comparison.rows[0] or lines[y - 1][1] is None:
            untrained = 100 * row.untrained(metric).mean
            last = start + sum(other is comparison for other, _ in lines) - 1
            axes.plot([untrained] * 2, [start + 0.5, last + 0.5], ":", color="#333333")
    axes.set_xlabel(f"{metric_name(metric)} (%)")
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.legend(
        handles=[Line2D([], [], color="#333333", linestyle=":", label="untrained network")],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
        frameon=False,
    )
    _label_lines([axes], lines)
    return figure


def training_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The loss of each epoch, one panel an objective; None without a training history."""
    shown = [
        comparison
        for comparison in group.comparisons
        if any(run.history for row in comparison.rows for run in row.finished)
    ]
    if not shown:
        return None
    across = min(len(shown), 4 if len(shown) > 3 else 3)
    down = -(-len(shown) // across)
    figure = Figure(figsize=(WIDTH, 0.45 + 2.0 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for axes, comparison in zip(panels.flat, shown, strict=False):
        for row in comparison.rows:
            _curves(axes, row, arms[row.label])
        title = textwrap.fill(comparison.label, width=76 // across, break_on_hyphens=False)
        axes.set_title(title, loc="left", fontweight="bold")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
        sns.despine(ax=axes)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("Epoch", fontsize=9)
    figure.supylabel("Loss", fontsize=9)
    drawn = {row.label for comparison in shown for row in comparison.rows if row.finished}
    handles = [
        Line2D([], [], color=look.colour, linewidth=2, label=arm)
        for arm, look in arms.items()
        if arm in drawn
    ]
    # About 110 characters fit across; a handle takes the room of seven.
    longest = max(len(arm) for arm in drawn)
    columns = max(1, min(len(handles), 110 // (longest + 7)))
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, frameon=False)
    return figure


def _curves(axes: Axes, row: Row, look: Look) -> None:
    """A thin line a seed, a bold one for their mean where all seeds have the epoch."""
    losses = [{item["epoch"]: item["loss"] for item in run.history} for run in row.finished]
    losses = [one for one in losses if one]
    for one in losses:
        axes.plot(list(one), list(one.values()), color=look.colour, linewidth=0.6, alpha=0.45)
    shared = sorted(set.intersection(*map(set, losses))) if losses else []
    means = [float(np.mean([one[epoch] for one in losses])) for epoch in shared]
    point = look.marker if len(shared) == 1 else None
    axes.plot(shared, means, color=look.colour, linewidth=1.7, marker=point, markersize=4)


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
        range(len(lines)), [row.label if row else comparison.label for comparison, row in lines]
    )
    for (_, row), text in zip(lines, panels[0].get_yticklabels(), strict=True):
        text.set_fontweight("normal" if row else "bold")
    panels[0].set_ylim(len(lines) - 0.3, -0.6)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        for y, (_, row) in enumerate(lines):
            if row is None and y:
                axes.axhline(y - 0.42, color="#d0d0d0", linewidth=0.6)
        sns.despine(ax=axes, left=True)


def _open_points(axes: Axes, values: npt.NDArray[np.float64], y: float, look: Look) -> None:
    axes.plot(
        values,
        np.full(len(values), y),
        look.marker,
        markersize=3.6,
        markerfacecolor="white",
        markeredgecolor=look.colour,
        markeredgewidth=0.8,
        zorder=3,
    )


def _mean_point(axes: Axes, mean: float, y: float, look: Look) -> None:
    axes.plot(100 * mean, y, look.marker, markersize=6, color=look.colour, zorder=4)


@contextmanager
def _style() -> Iterator[None]:
    """The figures' style, in force only inside the block."""
    with mpl.rc_context(_STYLE):
        yield


def _save(figure: Figure, png: Path, svg: Path) -> None:
    """Write both files whole; the same figure gives the same bytes."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(svg, text.getvalue())
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png", dpi=200, metadata={"Software": None})
    beside = png.with_name(f".{png.name}.{os.getpid()}")
    beside.write_bytes(pixels.getvalue())
    beside.replace(png)

"""Training curves."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, legend_above, strip_frame
from benchmark.report.table import Group, Row


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
        axes.set_title(
            wrapped(plain_text(comparison.label), 76 // across), loc="left", fontweight="bold"
        )
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        strip_frame(axes, grid="y")
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("Epoch", fontsize=9)
    figure.supylabel("Loss", fontsize=9)
    drawn = {row.label for comparison in shown for row in comparison.rows if row.finished}
    # A single epoch is a marker, and no line.
    point = all(len(run.history) < 2 for one in shown for row in one.rows for run in row.finished)
    legend_above(figure, {arm: arms[arm] for arm in arms if arm in drawn}, marker=point)
    return figure


def wrapped(label: str, width: int) -> str:
    """A label in lines of at most `width` letters, broken at spaces and after underscores."""
    lines = textwrap.fill(label.replace("_", "_ "), width=width, break_on_hyphens=False)
    return lines.replace("_ ", "_")


def _curves(axes: Axes, row: Row, look: Look) -> None:
    """A thin line a seed, a bold one for their mean where all seeds have the epoch."""
    losses = [{item.epoch: item.loss for item in run.history} for run in row.finished]
    losses = [one for one in losses if one]
    for one in losses:
        axes.plot(
            list(one), list(one.values()), look.line, color=look.colour, linewidth=0.6, alpha=0.45
        )
    shared = sorted(set.intersection(*map(set, losses))) if losses else []
    means = [float(np.mean([one[epoch] for one in losses])) for epoch in shared]
    point = look.marker if len(shared) == 1 else None
    axes.plot(
        shared, means, look.line, color=look.colour, linewidth=1.7, marker=point, markersize=4
    )

"""Recall, or CMC, at K."""

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.curves import wrapped
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import LEGEND_LINE, WIDTH, Look, legend_line, strip_frame
from benchmark.report.table import Group, Row


def recall_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The share of queries with a match among the K nearest, one panel an objective.

    None where fewer than two K were measured.
    """
    metrics = sorted(
        (int(found[2]), metric)
        for metric in group.metrics
        if (found := re.fullmatch(r"(recall|cmc)@(\d{1,6})", metric))
    )
    shown = [
        comparison
        for comparison in group.comparisons
        if any(
            sum(row.summary(metric).n > 0 for _, metric in metrics) > 1 for row in comparison.rows
        )
    ]
    if not shown:
        return None
    across = min(len(shown), 4 if len(shown) > 3 else 3)
    down = -(-len(shown) // across)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.1 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    drawn: dict[str, Look] = {}
    for axes, comparison in zip(panels.flat, shown, strict=False):
        for row in comparison.rows:
            if row.summary(metrics[0][1]).n:
                drawn[row.label] = arms[row.label]
                _curve(axes, row, metrics, arms[row.label])
        axes.set_title(
            wrapped(plain_text(comparison.label), 76 // across), loc="left", fontweight="bold"
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks([k for k, _ in metrics], [str(k) for k, _ in metrics])
        axes.minorticks_off()
        axes.yaxis.set_major_locator(MaxNLocator(5))
        strip_frame(axes, grid="y")
    figure.supxlabel("K", fontsize=9)
    figure.supylabel("CMC@K (%)" if group.protocol == "reid" else "Recall@K (%)", fontsize=9)
    longest = max(len(arm) for arm in drawn)
    figure.legend(
        handles=[legend_line(arm, look, marker=True) for arm, look in arms.items() if arm in drawn],
        loc="outside upper left",
        ncols=max(1, min(len(drawn), 110 // (longest + 8))),
        handlelength=LEGEND_LINE,
        frameon=False,
    )
    return figure


def _curve(axes: Axes, row: Row, metrics: list[tuple[int, str]], look: Look) -> None:
    """The mean over seeds, in a band of one standard deviation to either side."""
    known = [(k, summary) for k, metric in metrics if (summary := row.summary(metric)).n]
    k = [place for place, _ in known]
    means = [100 * summary.mean for _, summary in known]
    spreads = [100 * summary.sd if summary.n > 1 else 0.0 for _, summary in known]
    bounds = zip(means, spreads, strict=True)
    low, high = zip(*((mean - sd, mean + sd) for mean, sd in bounds), strict=True)
    axes.fill_between(k, low, high, color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(
        k, means, look.line, color=look.colour, linewidth=1.5, marker=look.marker, markersize=4
    )

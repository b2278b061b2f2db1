"""DAM's effect as hardness and selection, stacked."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, strip_frame
from benchmark.report.metrics import metric_name
from benchmark.report.parts import Parts, parts_of
from benchmark.report.table import Group

_HARDNESS, _SELECTION = "#9ecae1", "#e6842a"
_ROW = 0.42  # inches an objective


def parts_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One bar an objective and main metric; None without the arm `shrunk`."""
    found = [(one.label, parts) for one in group.comparisons if (parts := parts_of(one))]
    if not found:
        return None
    figure = Figure(figsize=(WIDTH, 1.0 + _ROW * len(found)), layout="constrained")
    panels = figure.subplots(1, len(group.main_metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, group.main_metrics, strict=True):
        axes.axvline(0, color="#333333", linewidth=0.9, zorder=1)
        for y, (_, parts) in enumerate(found):
            _bar(axes, y, parts, metric)
        axes.set_xlabel(f"Δ {plain_text(metric_name(metric))} (points)")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.tick_params(axis="y", length=0)
        strip_frame(axes, grid="x", left=True)
    panels[0].set_yticks(range(len(found)), [plain_text(label) for label, _ in found])
    panels[0].set_ylim(len(found) - 0.4, -0.6)
    figure.legend(
        handles=[
            Patch(color=_HARDNESS, label="hardness"),
            Patch(color=_SELECTION, label="selection"),
            Line2D([], [], color="#222222", marker="D", markersize=5, label="DAM − baseline"),
        ],
        loc="outside upper left",
        ncols=3,
        frameon=False,
    )
    return figure


def _bar(axes: Axes, y: int, parts: Parts, metric: str) -> None:
    """Both parts from zero, one behind the other where they pull the same way, and their sum."""
    hardness = 100 * parts.hardness(metric).mean
    selection = 100 * parts.selection(metric).mean
    if math.isnan(hardness):
        return
    start = hardness if hardness * selection > 0 else 0.0
    axes.barh(y, hardness, height=0.5, color=_HARDNESS, zorder=2)
    axes.barh(y, selection, left=start, height=0.5, color=_SELECTION, zorder=2)
    whole = parts.whole(metric)
    if not math.isnan(whole.low):
        bounds = [100 * whole.low, 100 * whole.high]
        axes.plot(bounds, [y, y], color="#222222", linewidth=1.3, marker="|", zorder=3)
    axes.plot(100 * whole.mean, y, "D", color="#222222", markersize=5, zorder=4)

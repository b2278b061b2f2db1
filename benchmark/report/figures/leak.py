"""Final training loss against retrieval, for the mappings of one objective each."""

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from benchmark.report.ablation.leak import Place, drawable
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import WIDTH, Look, mean_point, open_points, points, strip_frame
from benchmark.report.metrics import metric_name
from benchmark.report.table import Group

_ACROSS = 2
_APART = 0.085  # between the labels beside a panel, in its height


def leak_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One panel an objective; None without arms on the axis `mapping`."""
    shown = drawable(group)
    if not shown:
        return None
    metric = group.main_metrics[0]
    across, down = min(len(shown), _ACROSS), -(-len(shown) // _ACROSS)
    figure = Figure(figsize=(WIDTH, 0.4 + 2.4 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    for axes, (label, found) in zip(panels.flat, shown, strict=False):
        drawn = [place for place in found if place.losses and place.row.summary(metric).n]
        for place in drawn:
            values = place.row.values(metric)
            look = arms[place.row.label]
            seeds = [seed for seed in place.losses if seed in values]
            ends = [place.losses[seed] for seed in seeds]
            open_points(axes, ends, points(values[seed] for seed in seeds), look)
            mean_point(axes, place.loss.mean, 100 * place.row.summary(metric).mean, look)
        losses = [loss for place in drawn for loss in place.losses.values()]
        if min(losses) > 0 and max(losses) > 20 * min(losses):
            _logarithmic(axes, max(losses) / min(losses))
        axes.set_title(plain_text(label), loc="left", fontweight="bold")
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.margins(0.1)
        strip_frame(axes, grid="y")
        _name(axes, drawn, metric)
    figure.supxlabel("Training loss of the last epoch", fontsize=9)
    figure.supylabel(f"{plain_text(metric_name(metric))} (%)", fontsize=9)
    return figure


def _logarithmic(axes: Axes, ratio: float) -> None:
    """A logarithmic x-axis for values whose largest is `ratio` times the smallest.

    Less than two decades may hold a single power of ten, so 2 and 5 times one are named too.
    """
    axes.set_xscale("log")
    if ratio < 100:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _name(axes: Axes, drawn: list[Place], metric: str) -> None:
    """Name the arms at the right, in the order of their values, each with a line to its mean."""
    ordered = sorted(drawn, key=lambda place: place.row.summary(metric).mean)
    low, high = axes.get_ylim()
    wanted = [(100 * place.row.summary(metric).mean - low) / (high - low) for place in ordered]
    for place, height in zip(ordered, _spread(wanted), strict=True):
        axes.annotate(
            plain_text(place.label),
            (place.loss.mean, 100 * place.row.summary(metric).mean),
            xytext=(1.06, height),
            textcoords="axes fraction",
            fontsize=8,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#b0b0b0", "linewidth": 0.6},
        )


def _spread(wanted: list[float]) -> list[float]:
    """Heights near the wanted ones, which ascend, that are `_APART` or more from each other."""
    heights = list(wanted)
    for _ in range(200):
        for lower, upper in pairwise(range(len(heights))):
            missing = _APART - (heights[upper] - heights[lower])
            if missing > 0:
                heights[lower] -= missing / 2
                heights[upper] += missing / 2
    return heights

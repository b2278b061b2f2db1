"""What arms add to the baseline over the numbers of a setting, such as the objective's scale."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from benchmark.report.ablation.axes import Panel, Point
from benchmark.report.figures.style import Look, strip_frame

LOG_FROM = 4
"""How many times its lowest value a setting's highest one is where the axis is logarithmic."""
MOST_TICKS = 6
"""Values that are marked each; of more, round numbers are."""
_DEFAULT = {"color": "#8a8a8a", "linestyle": "--", "linewidth": 0.9}


def draw_effect(axes: Axes, places: Sequence[Point], metric: str, looks: dict[str, Look]) -> None:
    """A line an arm through the mean differences in points, in a band of their 95 % intervals."""
    axes.axhline(0, color="#333333", linewidth=0.9, zorder=1)
    for point in places:
        if point.default:
            axes.axvline(float(point.value), zorder=1, **_DEFAULT)  # type: ignore[arg-type]
    for arm, look in looks.items():
        rows = [(float(point.value), point.rows[arm]) for point in places if arm in point.rows]
        found = [(x, row.difference(metric)) for x, row in rows if row.differences(metric)]
        axes.plot(
            [x for x, _ in found],
            [100 * interval.mean for _, interval in found],
            look.line,
            color=look.colour,
            linewidth=1.5,
            marker=look.marker,
            markersize=5,
            zorder=3,
        )
        sure = [(x, interval) for x, interval in found if not math.isnan(interval.low)]
        axes.fill_between(
            [x for x, _ in sure],
            [100 * interval.low for _, interval in sure],
            [100 * interval.high for _, interval in sure],
            color=look.colour,
            alpha=0.15,
            linewidth=0,
            zorder=2,
        )
    values = [float(point.value) for point in places]
    scaled(axes, values, values if len(values) <= MOST_TICKS else None)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    strip_frame(axes, grid="y")


def effect_legend(panels: Sequence[Panel]) -> list[Line2D]:
    """What the line at the default is, where there is one."""
    if not any(panel.default for panel in panels):
        return []
    return [Line2D([], [], label="default", **_DEFAULT)]  # type: ignore[arg-type]


def scaled(axes: Axes, values: Sequence[float], ticks: Sequence[float] | None = None) -> None:
    """Scale the horizontal axis for these values: over several octaves by their logarithm.

    There, `ticks` are marked, by default round numbers.
    """
    low, high = min(values), max(values)
    if low > 0 and high >= LOG_FROM * low:
        axes.set_xscale("log")
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = ticks or [step * 10.0**power for power in powers for step in (1, 2, 5)]
        axes.set_xticks([tick for tick in ticks if 0.9 * low <= tick <= 1.1 * high])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5))

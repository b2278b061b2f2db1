"""Which cues the arms hold: their accuracy from the most salient cue on, and over epochs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmark.analysis.cues_summary import ACCURACY
from benchmark.report.cues.known import cues_of, epochs_of
from benchmark.report.figures.curves import wrapped
from benchmark.report.figures.lettering import plain_text
from benchmark.report.figures.style import LEGEND_LINE, WIDTH, Look, legend_line, strip_frame
from benchmark.report.statistics.interval import Summary, summarise
from benchmark.report.table import Comparison, Group, Row

CHANCE = 50
_FLOOR = 45


def cues_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """Cue accuracy by cue, one panel an objective and one line an arm; None without known cues."""
    cues = cues_of(group)
    shown = [one for one in group.comparisons if any(_known(row, cues) for row in one.rows)]
    if not cues or not shown:
        return None
    figure, panels = _panels(len(shown), height=2.0)
    places = range(len(cues))
    drawn: dict[str, Look] = {}
    for axes, comparison in zip(panels, shown, strict=False):
        for row in comparison.rows:
            if _known(row, cues):
                drawn[row.label] = arms[row.label]
                summaries = [row.summary(ACCURACY + cue) for cue in cues]
                _band(axes, places, summaries, arms[row.label])
        _dress(axes, comparison, across=2)
        names = [f"{cue.replace('_', ' ')}  {saliency:.3g}" for cue, saliency in cues.items()]
        axes.set_xticks(places, names, rotation=90)
        axes.axvline(len(cues) // 2 - 0.5, color="#8a8a8a", linewidth=0.7, linestyle=":")
    figure.supxlabel("Cue, and its saliency: mean squared change of the pixels", fontsize=9)
    figure.supylabel("Cue accuracy (%)", fontsize=9)
    _legend(figure, [legend_line(arm, arms[arm], marker=True) for arm in arms if arm in drawn])
    return figure


def cue_epochs_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """The accuracy of the subtle and of the major cues over epochs; None without a history of them.

    One column an objective, the major cues above the subtle ones, one line an arm.
    """
    shown = [one for one in group.comparisons if any(epochs_of(row) for row in one.rows)]
    if not shown:
        return None
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    panels = figure.subplots(2, len(shown), squeeze=False, sharex="col", sharey="row")
    drawn: dict[str, Look] = {}
    for column, comparison in zip(panels.T, shown, strict=True):
        for axes, metric in zip(column, ("major_cues", "subtle_cues"), strict=True):
            for row in comparison.rows:
                found = epochs_of(row, metric)
                if found:
                    drawn[row.label] = arms[row.label]
                    summaries = [summarise(values) for values in found.values()]
                    _band(axes, list(found), summaries, arms[row.label])
            axes.axhline(CHANCE, color="#8a8a8a", linewidth=0.7)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            strip_frame(axes, grid="y")
        title = wrapped(plain_text(comparison.label), 76 // len(shown))
        column[0].set_title(title, loc="left", fontweight="bold")
    panels[0, 0].set_ylabel("Major cues (%)")
    panels[1, 0].set_ylabel("Subtle cues (%)")
    figure.supxlabel("Epoch", fontsize=9)
    _legend(figure, [legend_line(arm, arms[arm], marker=True) for arm in arms if arm in drawn])
    return figure


def _known(row: Row, cues: Sequence[str] | dict[str, float]) -> bool:
    return any(row.summary(ACCURACY + cue).n for cue in cues)


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, two beside each other."""
    across = min(count, 2)
    down = -(-count // across)
    figure = Figure(figsize=(WIDTH, 1.2 + height * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[count:]:
        axes.set_visible(False)
    return figure, list(panels.flat)


def _dress(axes: Axes, comparison: Comparison, across: int) -> None:
    axes.set_title(
        wrapped(plain_text(comparison.label), 76 // across), loc="left", fontweight="bold"
    )
    axes.axhline(CHANCE, color="#8a8a8a", linewidth=0.7)
    axes.set_ylim(_FLOOR, 101)
    strip_frame(axes, grid="y")


def _band(axes: Axes, x: Sequence[int], summaries: Sequence[Summary], look: Look) -> None:
    """Means over seeds, in a band of one standard deviation to either side."""
    means = [100 * one.mean for one in summaries]
    spreads = [100 * one.sd if one.n > 1 else 0.0 for one in summaries]
    bounds = [(mean - sd, mean + sd) for mean, sd in zip(means, spreads, strict=True)]
    low, high = zip(*bounds, strict=True)
    axes.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(
        x, means, look.line, color=look.colour, linewidth=1.4, marker=look.marker, markersize=4
    )


def _legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    figure.legend(
        handles=list(handles),
        loc="outside upper left",
        ncols=max(1, min(len(handles), 6)),
        handlelength=LEGEND_LINE,
        frameon=False,
    )

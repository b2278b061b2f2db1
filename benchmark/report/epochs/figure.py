"""The main metric over epochs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.epochs.course import courses, over_seeds
from benchmark.report.figures.bands import bands_figure, panels_of
from benchmark.report.figures.style import Look
from benchmark.report.metrics import metric_name
from benchmark.report.table import Group


def epochs_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One panel an objective and one line an arm; None without evaluations between epochs."""
    metric = group.main_metrics[0]
    panels = panels_of(group, lambda row: over_seeds(courses(row, metric)))
    if not panels:
        return None

    def dress(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))

    name = f"{metric_name(metric)} (%)"
    return bands_figure(panels, arms, across_axis="Epoch", up_axis=name, dress=dress)

"""How many elements are good, and how many directions are used, over epochs."""

from collections.abc import Callable

from matplotlib.figure import Figure

from benchmark.report.epochs.course import over_seeds
from benchmark.report.figures.bands import Points, panels_of, stacked_figure
from benchmark.report.figures.style import Look
from benchmark.report.kept.stored import by_seed, well_trained
from benchmark.report.table import Group, Row
from benchmark.training.elements import Elements, Numbers

MEASURES: dict[str, Callable[[Elements], Numbers]] = {
    "Well trained": well_trained,
    "Directions": lambda one: one.test_dimension,
}
"""What is drawn, by the name of the vertical axis; a measure gives a number an epoch, [E]."""


def course_figure(group: Group, arms: dict[str, Look]) -> Figure | None:
    """One block a measure, one panel an objective, one line an arm; None without several epochs."""
    blocks = {name: panels_of(group, _points(measure)) for name, measure in MEASURES.items()}
    if not all(blocks.values()):
        return None
    return stacked_figure(blocks, arms, across_axis="Epoch")


def _points(measure: Callable[[Elements], Numbers]) -> Callable[[Row], Points]:
    def points(row: Row) -> Points:
        found = over_seeds(
            {
                seed: dict(zip(one.epochs.tolist(), measure(one).tolist(), strict=True))
                for seed, one in by_seed(row).items()
                if len(one.epochs) > 1
            }
        )
        return found if len(found) > 1 else []

    return points

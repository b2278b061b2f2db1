"""What a row's value is by the last epoch, by one chosen on a fold, and by the best on the test."""

from typing import Any

from benchmark.report.epochs.course import courses, over_seeds
from benchmark.report.metrics import metric_name
from benchmark.report.numbers import difference
from benchmark.report.statistics.interval import Interval, paired_interval, summarise
from benchmark.report.table import Comparison, Group, Row, Table
from benchmark.report.tables.columns import counts, differences, means, words
from benchmark.report.tables.sheet import Line, Sheet
from benchmark.suite.store.runs import canonical

VALIDATION = "validation"
"""The option of a data set that has a fold of the training classes tested."""


def choice_sheet(table: Table, group: Group) -> Sheet | None:
    """One line an arm: the main metric by each choice of the epoch, and what the best one adds.

    None without evaluations between epochs, and for a fold itself.
    """
    metric = group.main_metrics[0]
    lines, gains = [], list[float]()
    for comparison in group.comparisons:
        if _validation(comparison) is not None:
            continue
        for row in comparison.rows:
            found = courses(row, metric)
            if not found:
                continue
            last = [course[max(course)] for course in found.values()]
            best = [max(course.values()) for course in found.values()]
            gain = [one - other for one, other in zip(best, last, strict=True)]
            gains += gain
            epoch = chosen_on_fold(table, comparison, row, metric)
            values = [course[epoch] for course in found.values() if epoch in course]
            lines.append(
                Line(
                    comparison.label,
                    [
                        row.label,
                        len(found),
                        summarise(last),
                        summarise(values),
                        epoch,
                        summarise(best),
                        paired_interval(gain),
                    ],
                )
            )
    if not lines:
        return None
    name = metric_name(metric)
    columns = [
        words("Arm"),
        counts("Seeds"),
        means(f"{name}, last epoch"),
        means("Epoch chosen on validation folds"),
        counts("Which"),
        means("Best epoch on the test images"),
        differences("Optimism: best − last"),
    ]
    title = f"Which epoch on {group.label}"
    return Sheet(f"{group.label}-epochs", title, columns, lines, notes=[_note(name, gains)])


def _note(name: str, gains: list[float]) -> str:
    mean = difference(Interval(len(gains), summarise(gains).mean, min(gains), max(gains)))
    return (
        "The headline is the last epoch. The best epoch on the test images is what many papers "
        "print: each run's own maximum. It is chosen on the images that it is measured on; here "
        f"that adds {mean} points of {name}, mean over all runs, with the smallest and the largest "
        "in brackets. Published values of that kind are optimistic in this way."
    )


def chosen_on_fold(table: Table, comparison: Comparison, row: Row, metric: str) -> int | None:
    """The epoch with the best mean of the same arm's runs on validation folds; None without those.

    The mean is over seeds and folds, and the test images have no part in it.
    """
    wanted = _but_for_the_fold(comparison, row)
    found = {
        place: course
        for group in table.groups
        for other in group.comparisons
        if _validation(other) is not None
        for candidate in other.rows
        if _but_for_the_fold(other, candidate) == wanted
        for place, course in _placed(group.label, courses(candidate, metric)).items()
    }
    known = over_seeds(found)
    return max(known, key=lambda one: (one[1].mean, -one[0]))[0] if known else None


def _placed(label: str, found: dict[int, Any]) -> dict[Any, Any]:
    """Courses by fold and seed."""
    return {(label, seed): course for seed, course in found.items()}


def _validation(comparison: Comparison) -> Any:
    return comparison.config.dataset.options.get(VALIDATION)


def _but_for_the_fold(comparison: Comparison, row: Row) -> str:
    """What a row is, but for the fold that is tested."""
    dataset = dict(comparison.shared["dataset"])
    dataset.pop(VALIDATION, None)
    return canonical({**comparison.shared, "dataset": dataset, "arm": [row.arm, row.settings]})

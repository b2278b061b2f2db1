"""The table of a search: every trial, and which of them won."""

from typing import Any

from benchmark.report.metrics import metric_name
from benchmark.report.numbers import percent
from benchmark.report.search.trials import Searched, Trial
from benchmark.report.settings import value_text
from benchmark.report.statistics.interval import summarise
from benchmark.report.table import arm_order
from benchmark.report.tables.columns import counts, fraction, means, words
from benchmark.report.tables.sheet import Column, Line, Sheet


def search_sheet(searched: Searched) -> Sheet:
    """One line a trial, by arm and in the order of the settings' values."""
    name = metric_name(searched.metric)
    columns = [
        *(words(key) for key in searched.keys),
        means(f"{name} on the folds"),
        Column(
            f"Δ {name} at the same point",
            lambda value: percent(value, signed=True),
            lambda value: {"(fraction)": fraction(value)},
        ),
        counts("Folds missing"),
        words("Chosen"),
    ]
    lines = [
        Line(arm, _cells(searched, trial))
        for arm in sorted(searched.trials, key=arm_order)
        for trial in sorted(searched.trials[arm], key=lambda one: _place(searched, one))
    ]
    title = f"Search on {searched.label}"
    return Sheet(f"{searched.label}-search", title, columns, lines, over="Arm")


def _cells(searched: Searched, trial: Trial) -> list[Any]:
    values = [value_text(trial.values[key]) if key in trial.values else "" for key in searched.keys]
    return [
        *values,
        summarise(list(trial.folds.values())),
        searched.difference(trial),
        trial.missing or None,
        "yes" if trial is searched.best(trial.arm) else "",
    ]


def _place(searched: Searched, trial: Trial) -> list[tuple[bool, float, str]]:
    """The key that sorts trials: numbers by size, other values as text."""
    found = []
    for value in (trial.values.get(key) for key in searched.keys):
        number = value if isinstance(value, int | float) else None
        found.append((number is None, float(number or 0), str(value)))
    return found

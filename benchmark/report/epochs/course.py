"""A metric over the epochs of a row's runs."""

import math

from benchmark.report.statistics.interval import Summary, summarise
from benchmark.report.table import Row
from benchmark.suite.store.runs import StoredRun

Course = dict[int, float]
"""A metric's value after each epoch that was evaluated, the last one included."""


def course_of(run: StoredRun, metric: str) -> Course:
    """The metric over a finished run's epochs; empty where only its last epoch was evaluated."""
    between = {one.epoch: one.metrics[metric] for one in run.history if metric in one.metrics}
    last = run.metrics.get(metric, math.nan)
    if not between or math.isnan(last):
        return {}
    return between | {run.config.epochs: last}


def courses(row: Row, metric: str) -> dict[int, Course]:
    """The courses of the row's runs that have one, by seed."""
    found = {run.config.seed: course_of(run, metric) for run in row.finished}
    return {seed: course for seed, course in found.items() if course}


def over_seeds(found: dict[int, Course]) -> list[tuple[int, Summary]]:
    """The summary over seeds at each epoch at which all of them were evaluated."""
    shared = set.intersection(*map(set, found.values())) if found else set()
    return [
        (epoch, summarise([course[epoch] for course in found.values()])) for epoch in sorted(shared)
    ]

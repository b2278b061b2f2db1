"""The known cues of a data set's runs, and their course over the epochs."""

import math

from benchmark.analysis.cues_summary import ACCURACY
from benchmark.report.table import Group, Row

HEADLINES = ("subtle_cues", "major_cues", "captured_cues", "decodable_subtle_cues")
"""The metrics of cues that lead; see `benchmark.analysis.cues_summary`."""


def cues_of(group: Group) -> dict[str, float]:
    """The known cues with their saliency, from the most salient one on; none where not known."""
    found = next((run.dataset.cues for run in group.runs if run.dataset.cues), {})
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def accuracies_of(group: Group) -> list[str]:
    """The metrics of single cues, from the most salient one on."""
    return [ACCURACY + cue for cue in cues_of(group)]


def epochs_of(row: Row, metric: str = HEADLINES[0]) -> dict[int, list[float]]:
    """A metric after each epoch in which the finished runs were evaluated, over their seeds."""
    found: dict[int, list[float]] = {}
    for run in row.finished:
        for epoch in run.history:
            value = epoch.metrics.get(metric, math.nan)
            if not math.isnan(value):
                found.setdefault(epoch.epoch, []).append(value)
    return dict(sorted(found.items()))

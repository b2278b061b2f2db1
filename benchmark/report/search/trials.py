"""The trials of searches, read from stored runs."""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from benchmark.printable import printable
from benchmark.report.settings import distinct
from benchmark.run_config import RunConfig
from benchmark.suite.arms import BASELINE, EXCHANGED
from benchmark.suite.store.runs import StoredRun, canonical
from benchmark.suite.tuning.outcomes import CHOSEN_BY

_OF_TRIALS = {"arm", "tuned", "sampler", "dataset", *EXCHANGED}
"""In what the trials of a search differ beside the settings that it chooses."""


def chosen_values(config: RunConfig) -> dict[str, Any]:
    """What a search chose, or tries, beside the options of what an arm exchanges."""
    values = config.tuned_values
    return {key: one for key, one in values.items() if key.partition(".")[0] not in EXCHANGED}


@dataclass(frozen=True)
class Trial:
    """One point of an arm: its values, and its metric on each fold that was measured."""

    arm: str
    values: dict[str, Any]
    shared: dict[str, Any]
    """Those of the values that every arm has."""
    folds: dict[int, float]
    missing: int
    """Folds without a value, because the run failed or has not finished."""
    trained: bool
    """Whether it was trained on all training classes too, as a search's winner is."""

    @property
    def mean(self) -> float:
        """The mean over the folds; NaN unless all were measured."""
        if self.missing or not self.folds:
            return math.nan
        return sum(self.folds.values()) / len(self.folds)


@dataclass(frozen=True)
class Searched:
    """The search for one objective on one data set: all trials of all arms."""

    dataset: str
    objective: str
    metric: str
    folds: int
    seed: int
    trials: dict[str, list[Trial]]

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        return f"{self.dataset}, {self.objective}"

    @property
    def keys(self) -> list[str]:
        """The settings that were searched, those of all arms first."""
        values = [trial.values for own in self.trials.values() for trial in own]
        keys = list(dict.fromkeys(key for one in values for key in one))
        return sorted(keys, key=lambda key: key.partition(".")[0] in EXCHANGED)

    def best(self, arm: str) -> Trial | None:
        """The arm's trial with the highest mean, None where all failed.

        Among equals it is the one that the search took, where that has been trained since.
        """
        sound = [trial for trial in self.trials[arm] if not math.isnan(trial.mean)]
        return max(sound, key=lambda trial: (trial.mean, trial.trained), default=None)

    def difference(self, trial: Trial) -> float:
        """The trial less the baseline's with the same shared values; NaN where there is none."""
        others = [one for one in self.trials.get(BASELINE, ()) if one.shared == trial.shared]
        if trial.arm == BASELINE or not others:
            return math.nan
        return trial.mean - others[0].mean


def searches(runs: Iterable[StoredRun]) -> list[Searched]:
    """The searches that the trials among `runs` belong to, by data set and objective.

    Runs of their winners among `runs` tell which of equal trials was taken.
    """
    found: dict[str, list[StoredRun]] = {}
    winners = set()
    for run in runs:
        if run.config.is_trial:
            found.setdefault(canonical(_search_of(run.config)), []).append(run)
        elif run.config.tuned is not None:
            winners.add(_point(run.config))
    made = [_searched(members, winners) for members in found.values()]
    names = [one.dataset for one in made]
    labels = distinct(
        [one.label for one in made],
        [_search_of(members[0].config) for members in found.values()],
    )
    return sorted(
        (
            one if label == one.label else _renamed(one, label)
            for one, label in zip(made, labels, strict=True)
        ),
        key=lambda one: (names.index(one.dataset), one.objective),
    )


def _renamed(searched: Searched, label: str) -> Searched:
    objective = label.removeprefix(f"{searched.dataset}, ")
    return Searched(**{**vars(searched), "objective": objective})


def _search_of(config: RunConfig) -> dict[str, Any]:
    """The settings that the trials of one search have in common."""
    held_out = config.dataset.options["validation"]
    dataset = config.dataset.model_dump(mode="json")
    found = {name: one for name, one in config.as_json().items() if name not in _OF_TRIALS}
    found["dataset"] = dataset | {"validation": {**held_out, "fold": None}}
    for key in chosen_values(config):
        *path, last = key.split(".")
        holder = found
        for name in path:
            holder = holder[name]
        del holder[last]
    return found


def _point(config: RunConfig) -> str:
    """What the trials of a point, one a fold, and the winner's runs have in common."""
    point = {"arm": config.arm, "values": config.tuned_values}
    return canonical(point | {"of": [config.dataset.type, config.objective_name]})


def _searched(runs: list[StoredRun], winners: Container[str]) -> Searched:
    config = runs[0].config
    held_out = config.dataset.options["validation"]
    loaded = next((run.dataset for run in runs if run.dataset.name is not None), None)
    name = config.dataset.type
    if loaded is not None and loaded.name is not None:
        name = loaded.name.rpartition(", validation fold")[0]
    metric = CHOSEN_BY[(loaded and loaded.protocol) or "retrieval"]
    trials: dict[str, list[Trial]] = {}
    points: dict[str, list[StoredRun]] = {}
    for run in runs:
        points.setdefault(_point(run.config), []).append(run)
    for point, members in points.items():
        trial = _trial(members, metric, held_out["folds"], point in winners)
        trials.setdefault(trial.arm, []).append(trial)
    return Searched(
        printable(name),
        printable(config.objective_name),
        metric,
        held_out["folds"],
        held_out["seed"],
        trials,
    )


def _trial(runs: list[StoredRun], metric: str, folds: int, trained: bool) -> Trial:
    config = runs[0].config
    measured = {
        run.config.dataset.options["validation"]["fold"]: run.metrics.get(metric, math.nan)
        for run in runs
        if run.state == "finished"
    }
    values = {fold: one for fold, one in sorted(measured.items()) if not math.isnan(one)}
    shared = chosen_values(config)
    missing = folds - len(values)
    return Trial(config.arm, config.tuned_values, shared, values, missing, trained)

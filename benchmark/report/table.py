"""The table of all runs: rows are arms of a comparison, over their seeds."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from benchmark.analysis.cues_summary import ACCURACY
from benchmark.printable import printable
from benchmark.report.facts import facts
from benchmark.report.metrics import MAIN_METRICS, METRICS
from benchmark.report.numbers import ABSENT
from benchmark.report.pairing import Pairs
from benchmark.report.search.trials import Searched, searches
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise
from benchmark.run_config import RunConfig
from benchmark.suite.arms import BASELINE, DAM
from benchmark.suite.store.runs import Damaged, StoredRun
from benchmark.suite.store.stored_files import Environment


@dataclass(frozen=True)
class Row:
    """One arm of a comparison; `runs` are by seed, `pairs` is None for the baseline itself.

    `settings` has all options of what the arm exchanges, `short` only those that differ from the
    comparison's arm `dam`, if that is shorter.
    """

    arm: str
    label: str
    settings: str
    short: str
    runs: dict[int, StoredRun]
    pairs: Pairs | None

    def in_state(self, state: str) -> list[StoredRun]:
        """The row's runs in one of the states of `benchmark.suite.store.stored_files.State`."""
        return [run for run in self.runs.values() if run.state == state]

    @property
    def finished(self) -> list[StoredRun]:
        """The runs that the row's numbers come from."""
        return self.in_state("finished")

    def values(self, metric: str) -> dict[int, float]:
        """`metric` after the last epoch by seed, of finished runs that have a value."""
        found = {
            seed: run.metrics.get(metric, math.nan)
            for seed, run in self.runs.items()
            if run.state == "finished"
        }
        return {seed: value for seed, value in found.items() if not math.isnan(value)}

    def summary(self, metric: str) -> Summary:
        """`metric` after the last epoch, over the seeds that have a value."""
        return summarise(list(self.values(metric).values()))

    def untrained(self, metric: str) -> Summary:
        """`metric` before the first step, over the finished seeds that have a value."""
        found = [run.untrained.get(metric, math.nan) for run in self.finished]
        return summarise([value for value in found if not math.isnan(value)])

    def differences(self, metric: str) -> dict[int, float]:
        """Arm minus baseline in `metric` by paired seed; empty for the baseline."""
        return self.pairs.differences(metric) if self.pairs else {}

    def difference(self, metric: str) -> Interval:
        """The mean of those differences with its interval."""
        return paired_interval(list(self.differences(metric).values()))

    def difference_sd(self, metric: str) -> float:
        """Their standard deviation; NaN with fewer than two."""
        return summarise(list(self.differences(metric).values())).sd

    @property
    def notes(self) -> list[str]:
        """Why seeds are left out of the paired difference."""
        return self.pairs.notes if self.pairs else []

    def conditions(self) -> dict[str, str]:
        """Where the runs ran; more than one value are joined with " / "."""
        environments = [run.environment for run in self.runs.values()]
        configs = [run.config for run in self.runs.values()]
        return {
            "device": _joined(config.device for config in configs),
            "device name": _joined(item.device_name for item in environments),
            "threads": _joined(config.threads for config in configs),
            "torch": _joined(item.torch for item in environments),
            "python": _joined(item.python for item in environments),
            "commit": _joined(_commit(item) for item in environments),
        }


@dataclass(frozen=True)
class Comparison:
    """One recipe and objective: the arms on it, the baseline first.

    `shared` holds the settings that all of them have, as a run's file does.
    """

    label: str
    shared: dict[str, Any]
    rows: list[Row]

    @property
    def config(self) -> RunConfig:
        """The configuration of one of the runs."""
        return next(iter(self.rows[0].runs.values())).config

    @property
    def baseline(self) -> Row | None:
        """The row that arms are paired with, if there is exactly one."""
        found = [row for row in self.rows if row.arm == BASELINE]
        return found[0] if len(found) == 1 else None

    def facts(self) -> dict[str, str]:
        """The conditions that all arms share, as text."""
        return facts(self.config)


@dataclass(frozen=True)
class Group:
    """All comparisons on one data set. `counts` holds the numbers of classes and images.

    `official` says that every run is on a complete official release in its own halves.
    """

    label: str
    name: str
    protocol: str
    note: str
    counts: dict[str, int]
    official: bool
    comparisons: list[Comparison]

    @property
    def rows(self) -> list[Row]:
        """The rows of all comparisons, in their order."""
        return [row for comparison in self.comparisons for row in comparison.rows]

    @property
    def runs(self) -> list[StoredRun]:
        """All runs on the data set."""
        return [run for row in self.rows for run in row.runs.values()]

    @property
    def main_metrics(self) -> tuple[str, str]:
        """The two metrics that the field reports first."""
        return MAIN_METRICS.get(self.protocol, MAIN_METRICS["retrieval"])

    @property
    def metrics(self) -> list[str]:
        """The protocol's metrics, then any others that the runs have."""
        known = METRICS.get(self.protocol, METRICS["retrieval"])
        others = {metric for run in self.runs for metric in run.metrics} - set(known)
        # Single cues have a table of their own.
        return [*known, *sorted(one for one in others if not one.startswith(ACCURACY))]


@dataclass(frozen=True)
class Table:
    """All stored runs, by data set, the folders that couldn't be read, and searches' trials."""

    groups: list[Group] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    trials: list[StoredRun] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The rows of all data sets."""
        return [row for group in self.groups for row in group.rows]

    @property
    def runs(self) -> list[StoredRun]:
        """The runs of all data sets."""
        return [run for group in self.groups for run in group.runs]

    @cached_property
    def searches(self) -> list[Searched]:
        """The searches of all data sets."""
        return searches([*self.trials, *self.runs])

    def arms(self) -> list[str]:
        """The labels of all arms, the baseline first."""
        tried = {run.config.arm for run in self.trials}
        return sorted({row.label for row in self.rows} | tried, key=arm_order)


def objective_label(config: RunConfig) -> str:
    """What a run's objective is called; a search's winners are no runs of the suite's settings."""
    return f"{config.objective_name}, tuned" if config.tuned else config.objective_name


def arm_order(label: str) -> tuple[bool, bool, bool, list[str]]:
    """The key that sorts arms: the baseline, `dam`, others by name, then the points of axes."""
    point = re.match(r"\w+=", label) is not None
    first = not label.startswith(BASELINE), not label.startswith(DAM)
    return (*first, point, by_number(label))


def by_number(label: str) -> list[str]:
    """A key that sorts "dim=64" before "dim=128", and "keep=0.25" before "keep=0.5"."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [f"{float(part):020.6f}" if place % 2 else part for place, part in enumerate(parts)]


def _joined(values: Iterable[Any]) -> str:
    """Each value once, joined with " / "; "–" where there is none."""
    present = dict.fromkeys(printable(str(value)) for value in values if value is not None)
    return " / ".join(present) or ABSENT


def _commit(environment: Environment) -> str | None:
    """The commit, and whether the tree had changes beyond it."""
    if environment.commit is None:
        return None
    return environment.commit[:10] + (" + changes" if environment.dirty else "")

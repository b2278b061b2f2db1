"""Stored runs as rows: one an arm of a comparison, over its seeds.

Two runs belong to one comparison where their configurations agree in everything but the arm, the
seed, and the entries that an arm exchanges (see `benchmark.suite.arms`).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmark.report.facts import facts
from benchmark.report.metrics import MAIN_METRICS, METRICS
from benchmark.report.numbers import ABSENT
from benchmark.report.pairing import Pairs, by_seed, pair
from benchmark.report.settings import change_text, distinct, exchange_text
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise
from benchmark.run_config import RunConfig
from benchmark.suite.arms import BASELINE, DAM, EXCHANGED
from benchmark.suite.store import StoredRun, canonical
from benchmark.suite.stored_files import Environment, Images

_NOT_COMPARED = {"arm", "seed", *EXCHANGED}

_COUNTS = ("train_classes", "train_images", "query_images", "gallery_images")


@dataclass(frozen=True)
class Row:
    """One arm of a comparison; `runs` are by seed, `pairs` is None for the baseline itself.

    `settings` names all options of what the arm exchanges, `short` those that make it another
    than the comparison's arm `dam`, where that is the shorter way to say it.
    """

    arm: str
    label: str
    settings: str
    short: str
    runs: dict[int, StoredRun]
    pairs: Pairs | None

    def in_state(self, state: str) -> list[StoredRun]:
        """The row's runs that are "finished", "failed" or "not run"."""
        return [run for run in self.runs.values() if run.state == state]

    @property
    def finished(self) -> list[StoredRun]:
        """The runs that the row's numbers come from."""
        return self.in_state("finished")

    def summary(self, metric: str) -> Summary:
        """`metric` after the last epoch, over the finished seeds."""
        return summarise([run.metrics[metric] for run in self.finished if metric in run.metrics])

    def untrained(self, metric: str) -> Summary:
        """`metric` before the first step, over the finished seeds."""
        runs = self.finished
        return summarise([run.untrained[metric] for run in runs if metric in run.untrained])

    def difference(self, metric: str) -> Interval:
        """Arm minus baseline in `metric`, over the paired seeds; empty for the baseline."""
        differences = self.pairs.differences(metric) if self.pairs else {}
        return paired_interval(list(differences.values()))

    @property
    def notes(self) -> list[str]:
        """What keeps a seed out of the paired difference."""
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

    def facts(self) -> dict[str, str]:
        """The conditions that all arms share, as text."""
        return facts(self.config)


@dataclass(frozen=True)
class Group:
    """All comparisons on one data set. `counts` holds the numbers of classes and images.

    `official` says that every run is of an official release, whole and in its own halves.
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
        return [*known, *sorted(others)]


@dataclass(frozen=True)
class Table:
    """All stored runs, by data set."""

    groups: list[Group] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The rows of all data sets."""
        return [row for group in self.groups for row in group.rows]

    @property
    def runs(self) -> list[StoredRun]:
        """The runs of all data sets."""
        return [run for group in self.groups for run in group.runs]

    def arms(self) -> list[str]:
        """The labels of all arms, the baseline first."""
        return sorted({row.label for row in self.rows}, key=arm_order)


def build_table(runs: Iterable[StoredRun]) -> Table:
    """Group runs by data set, comparison and arm.

    Raises UserError where one configuration is stored twice.
    """
    datasets = _split(runs, lambda run: run.config.dataset.model_dump())
    names = [_dataset_name(members) for members in datasets]
    labels = distinct(names, [members[0].config.dataset.model_dump() for members in datasets])
    groups = map(_group, datasets, names, labels)
    return Table(sorted(groups, key=lambda group: _by_number(group.label)))


def _group(runs: list[StoredRun], name: str, label: str) -> Group:
    """The comparisons among the runs on one data set."""
    images = next((run.dataset for run in runs if run.dataset.name is not None), Images())
    members = _split(runs, lambda run: _without(run.config, _NOT_COMPARED))
    shared = [_without(own[0].config, _NOT_COMPARED) for own in members]
    labels = distinct([own[0].config.objective_name for own in members], shared)
    comparisons = map(Comparison, labels, shared, map(_rows, members))
    counts = {name: getattr(images, name) for name in _COUNTS}
    return Group(
        label=label,
        name=name,
        protocol=images.protocol or "",
        note=images.note or "",
        counts={name: count for name, count in counts.items() if count is not None},
        official=all(run.dataset.official for run in runs if run.dataset.name is not None),
        comparisons=sorted(comparisons, key=lambda comparison: _by_number(comparison.label)),
    )


def _rows(runs: list[StoredRun]) -> list[Row]:
    """The arms of one comparison, the baseline first, then `dam`, then the others by name."""
    arms = _split(runs, lambda run: [run.config.arm, _exchanged(run.config)])
    members = [by_seed(own) for own in arms]
    names = [own[0].config.arm for own in arms]
    exchanged = [_exchanged(own[0].config) for own in arms]
    labels = distinct(names, exchanged)
    # With two baselines there is no saying which one an arm is the twin of.
    baseline = members[names.index(BASELINE)] if names.count(BASELINE) == 1 else {}
    dam = exchanged[names.index(DAM)] if names.count(DAM) == 1 else None
    rows = [
        Row(
            arm=name,
            label=label,
            settings=exchange_text(entries),
            short=_short(entries, dam),
            runs=own,
            pairs=None if name == BASELINE else pair(own, baseline),
        )
        for own, name, label, entries in zip(members, names, labels, exchanged, strict=True)
    ]
    return sorted(rows, key=lambda row: arm_order(row.label))


def _short(entries: dict[str, Any], dam: dict[str, Any] | None) -> str:
    """An arm's settings, by their difference to those of the arm `dam` where it is a variant."""
    text = exchange_text(entries)
    kind = entries.get("similarity", {}).get("type")
    if dam is None or entries == dam or kind != dam.get("similarity", {}).get("type"):
        return text
    return min(f"as {DAM}, {change_text(entries, dam)}", text, key=len)


def arm_order(label: str) -> tuple[bool, bool, bool, list[str]]:
    """The key that sorts arms: the baseline, `dam`, others by name, then the points of axes."""
    point = re.match(r"\w+=", label) is not None
    first = not label.startswith(BASELINE), not label.startswith(DAM)
    return (*first, point, _by_number(label))


def _by_number(label: str) -> list[str]:
    """A key that sorts "dim=64" before "dim=128", and "keep=0.25" before "keep=0.5"."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [f"{float(part):020.6f}" if part[:1].isdigit() else part for part in parts]


def _split(runs: Iterable[StoredRun], key: Callable[[StoredRun], Any]) -> list[list[StoredRun]]:
    """Runs with an equal key together."""
    found: dict[str, list[StoredRun]] = {}
    for run in runs:
        found.setdefault(canonical({"key": key(run)}), []).append(run)
    return list(found.values())


def _without(config: RunConfig, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in config.as_json().items() if name not in names}


def _exchanged(config: RunConfig) -> dict[str, Any]:
    return {name: value for name, value in config.as_json().items() if name in EXCHANGED}


def _dataset_name(runs: list[StoredRun]) -> str:
    """The name that the loaded data set gave itself, or its type where none was loaded."""
    loaded = (run.dataset.name for run in runs if run.dataset.name is not None)
    return next(loaded, runs[0].config.dataset.type)


def _joined(values: Iterable[Any]) -> str:
    """Each value once, joined with " / "; "–" where there is none."""
    present = dict.fromkeys(str(value) for value in values if value is not None)
    return " / ".join(present) or ABSENT


def _commit(environment: Environment) -> str | None:
    """The commit, and whether the tree had changes beyond it."""
    if environment.commit is None:
        return None
    return environment.commit[:10] + (" + changes" if environment.dirty else "")

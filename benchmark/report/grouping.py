"""Stored runs as a table: by data set, comparison and arm.

Two runs belong to one comparison if their configurations agree in everything but the arm, the
seed, and the entries that an arm exchanges (see `benchmark.suite.arms`). The winners of a search
also differ in the settings that it chose for each arm.
"""

from collections.abc import Callable, Iterable
from typing import Any

from benchmark.printable import printable
from benchmark.report.pairing import by_seed, pair
from benchmark.report.search.trials import chosen_values
from benchmark.report.settings import change_text, distinct, exchange_text
from benchmark.report.table import (
    Comparison,
    Group,
    Row,
    Table,
    arm_order,
    by_number,
    objective_label,
)
from benchmark.run_config import RunConfig
from benchmark.suite.arms import BASELINE, DAM, EXCHANGED
from benchmark.suite.store.runs import Stored, StoredRun, canonical
from benchmark.suite.store.stored_files import Images

_NOT_COMPARED = {"arm", "seed", *EXCHANGED}

_COUNTS = ("train_classes", "train_images", "query_images", "gallery_images")


def build_table(stored: Stored) -> Table:
    """Group runs by data set, comparison and arm; the trials of searches stay by themselves.

    Raises UserError if a configuration is stored twice.
    """
    trials = [run for run in stored.runs if run.config.is_trial]
    runs = [run for run in stored.runs if not run.config.is_trial]
    datasets = _split(runs, lambda run: run.config.dataset.model_dump())
    names = [_dataset_name(members) for members in datasets]
    labels = distinct(names, [members[0].config.dataset.model_dump() for members in datasets])
    groups = map(_group, datasets, names, labels)
    return Table(sorted(groups, key=lambda group: by_number(group.label)), stored.damaged, trials)


def _group(runs: list[StoredRun], name: str, label: str) -> Group:
    """The comparisons among the runs on one data set."""
    images = next((run.dataset for run in runs if run.dataset.name is not None), Images())
    members = _split(runs, lambda run: _shared(run.config))
    shared = [_shared(own[0].config) for own in members]
    labels = distinct([objective_label(own[0].config) for own in members], shared)
    comparisons = map(Comparison, labels, shared, map(_rows, members))
    counts = {name: getattr(images, name) for name in _COUNTS}
    return Group(
        label=label,
        name=name,
        protocol=printable(images.protocol or ""),
        note=printable(" ".join((images.note or "").split())),
        counts={name: count for name, count in counts.items() if count is not None},
        official=all(run.dataset.official for run in runs if run.dataset.name is not None),
        comparisons=sorted(comparisons, key=lambda comparison: by_number(comparison.label)),
    )


def _rows(runs: list[StoredRun]) -> list[Row]:
    """The arms of one comparison, the baseline first, then `dam`, then the others by name."""
    arms = _split(runs, lambda run: [run.config.arm, _exchanged(run.config)])
    members = [by_seed(own) for own in arms]
    names = [own[0].config.arm for own in arms]
    exchanged = [_exchanged(own[0].config) for own in arms]
    labels = distinct(names, exchanged)
    # With two baselines, an arm could be the twin of either.
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
    """An arm's settings; for a variant of the arm `dam`, those that differ from it."""
    text = exchange_text(entries)
    kind = entries.get("similarity", {}).get("type")
    if dam is None or entries == dam or kind != dam.get("similarity", {}).get("type"):
        return text
    return min(f"as {DAM}, {change_text(entries, dam)}", text, key=len)


def _split(runs: Iterable[StoredRun], key: Callable[[StoredRun], Any]) -> list[list[StoredRun]]:
    """The runs in groups of equal keys."""
    found: dict[str, list[StoredRun]] = {}
    for run in runs:
        found.setdefault(canonical({"key": key(run)}), []).append(run)
    return list(found.values())


def _shared(config: RunConfig) -> dict[str, Any]:
    """The settings that the runs of a comparison have in common."""
    found = {name: one for name, one in config.as_json().items() if name not in _NOT_COMPARED}
    if config.tuned is not None:
        found["tuned"] = found["tuned"]["search"]
        for key in chosen_values(config):
            *path, last = key.split(".")
            holder = found
            for name in path:
                holder = holder[name]
            del holder[last]
    return found


def _exchanged(config: RunConfig) -> dict[str, Any]:
    """What an arm exchanges, and what a search chose for it beside that."""
    found = {name: value for name, value in config.as_json().items() if name in EXCHANGED}
    chosen = chosen_values(config)
    return found | {"tuned": chosen} if chosen else found


def _dataset_name(runs: list[StoredRun]) -> str:
    """The name that the loaded data set gave itself, or its type if none was loaded."""
    loaded = (run.dataset.name for run in runs if run.dataset.name is not None)
    return printable(next(loaded, runs[0].config.dataset.type))

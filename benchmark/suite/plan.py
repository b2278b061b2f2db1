"""From a suite to the list of its runs, each one complete and checked.

A run's configuration is the data set's file and the recipe's file put together, the objective, the
case's changes, and then what the arm exchanges; every option that is left out is filled in with its
default, so that the run's identity names them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from benchmark.errors import UserError
from benchmark.registry import DATASETS, build, resolve
from benchmark.run_config import Entry, RunConfig, Settings
from benchmark.suite.configuration import merged, resolved
from benchmark.suite.first_step import check_first_steps
from benchmark.suite.overrides import parse, put
from benchmark.suite.store.runs import identity
from benchmark.suite.suite_file import (
    Case,
    Suite,
    checked_suite,
    read_config,
    read_dataset,
    read_suite,
)
from benchmark.training.building import load_dataset
from benchmark.validation import known, shown

Changes = list[tuple[list[str], Any]]
"""Paths within a configuration, and what they are set to."""


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be made: its configuration and its id."""

    config: RunConfig

    @cached_property
    def id(self) -> str:
        """The hash of the configuration."""
        return identity(self.config.as_json())

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.config.label


def plan(
    suite: str,
    *,
    overrides: list[str] | None = None,
    seeds: list[int] | None = None,
    device: str | None = None,
    allow_partial: bool = False,
    log: Callable[[str], None] = lambda note: None,
) -> list[PlannedRun]:
    """The runs of a suite, by its name or the path of its file.

    `overrides` are strings `key.path=value`: those that begin with one of a suite's keys change
    the suite, the others every run. `device` is "cpu" or "cuda"; None takes the GPU where there is
    one. `allow_partial` takes a part of a release for the whole. `log` is called with each note
    for the user, once. Raises UserError for anything that could not be trained as written.
    """
    content = read_suite(suite)
    changes = [parse(override) for override in overrides or []]
    for path, value in changes:
        if path[0] in Suite.model_fields:
            put(content, path, value, f"suite {suite}")
        elif path[0] not in Settings.model_fields:
            keys = (*Settings.model_fields, *Suite.model_fields)
            raise UserError(f"unknown key {shown('.'.join(path))}. {known(path[0], keys)}")
    if seeds is not None:
        content["seeds"] = seeds
    checked = checked_suite(content, suite)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    run_changes = [(path, value) for path, value in changes if path[0] in Settings.model_fields]
    notes: dict[str, None] = {}
    runs = {}
    for case in checked.cases:
        if case.optional and not _found(case.dataset):
            notes[f"{case.dataset} is not in the data root, and left out of the suite"] = None
            continue
        for objective, entry in case.objectives.items():
            for arm, exchanged in {**checked.arms, **case.arms}.items():
                where = f"{case.dataset} {objective} {arm}"
                put_together = _put_together(case, entry, exchanged, device, run_changes, where)
                settings, remarks = resolved(put_together, where)
                if allow_partial:
                    settings = _allowing_partial(settings)
                if case.fit_batches:
                    settings = _with_fitting_batches(settings)
                notes.update(dict.fromkeys(remarks))
                named = {"recipe": case.recipe, "objective_name": objective, "arm": arm}
                for seed in checked.seeds:
                    run = PlannedRun(
                        RunConfig.model_validate({**dict(settings), **named, "seed": seed})
                    )
                    # Two cases may share a run, such as the default on several axes.
                    runs[run.id] = run
    for note in notes:
        log(note)
    if not runs:
        raise UserError(f"suite {suite}: none of its data sets is there. Give --data-root DIR.")
    check_first_steps([run.config for run in runs.values()])
    return list(runs.values())


def _found(dataset: str) -> bool:
    """Whether a data set is there."""
    entry = Entry.model_validate(read_dataset(dataset)["dataset"])
    found: bool = build(DATASETS, resolve(DATASETS, entry, dataset), dataset).status().found
    return found


def _put_together(
    case: Case,
    objective: dict[str, Any],
    exchanged: dict[str, Any],
    device: str,
    changes: Changes,
    where: str,
) -> dict[str, Any]:
    """A run's settings as its files, its case, its arm and the command line have them."""
    config: dict[str, Any] = {}
    for part in (
        read_dataset(case.dataset),
        read_config("recipes", case.recipe),
        {"objective": objective, "device": device},
        case.changes,
        exchanged,
    ):
        config = merged(config, part)
    for path, value in changes:
        put(config, path, value, where)
    return config


def _allowing_partial(settings: Settings) -> Settings:
    """The settings, with a part of the data set taken for the whole where it is a release."""
    dataset = settings.dataset
    if "allow_partial" not in dataset.options:
        return settings
    partial = Entry.of(dataset.type, **dataset.options | {"allow_partial": True})
    return settings.model_copy(update={"dataset": partial})


def _with_fitting_batches(settings: Settings) -> Settings:
    """The settings, with at most as many classes in a batch as there are to train on."""
    classes = min(settings.sampler.classes, load_dataset(settings).classes)
    sampler = settings.sampler.model_copy(update={"classes": classes})
    return settings.model_copy(update={"sampler": sampler})

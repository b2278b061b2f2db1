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

from benchmark.data.dataset import Status
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.models.published import Published
from benchmark.registry import BACKBONES, DATASETS, build, find, names, resolve
from benchmark.run_config import RunConfig, Settings
from benchmark.suite.configuration import merged, resolved
from benchmark.suite.first_step import check_first_steps
from benchmark.suite.overrides import parse, put
from benchmark.suite.store.runs import identity
from benchmark.suite.suite_file import (
    Case,
    Suite,
    checked_suite,
    datasets,
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
    only: list[str] | None = None,
    if_found: bool = False,
    log: Callable[[str], None] = lambda note: None,
) -> list[PlannedRun]:
    """The runs of a suite, by its name or the path of its file.

    `overrides` are strings `key.path=value`: those that begin with one of a suite's keys change
    the suite, the others every run. `device` is "cpu" or "cuda"; None takes the GPU where there is
    one. `allow_partial` takes a part of a release for the whole. `only` names the data sets that
    are wanted, all without it. With `if_found` a suite of which none is there has no runs, where
    UserError is raised otherwise, as it is for anything that could not be trained as written. `log`
    is called with each note for the user, once.
    """
    checked, run_changes = wanted_suite(suite, overrides, seeds)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    notes: dict[str, None] = {}
    wanted = _chosen(checked.cases, only, suite, known_elsewhere=if_found)
    cases = [case for case in wanted if not case.optional or _status(case.dataset).found]
    if not cases and if_found:
        log(_nothing_found(suite, wanted))
        return []
    for name in dict.fromkeys(case.dataset for case in wanted if case not in cases):
        remedy = _status(name).remedy
        notes[f"{name} is not in the data root, and left out of the suite. {remedy}"] = None
    cases, remarks = _with_weights(cases)
    notes.update(dict.fromkeys(remarks))
    runs = {}
    classes: dict[str, int] = {}
    for case in cases:
        for objective, entry in case.objectives.items():
            for arm, exchanged in {**checked.arms, **case.arms}.items():
                where = f"{case.dataset} {objective} {arm}"
                put_together = _put_together(case, entry, exchanged, device, run_changes, where)
                remarks = _shorten_stages(put_together, case.recipe, run_changes)
                settings, further = resolved(put_together, where)
                if allow_partial:
                    settings = _allowing_partial(settings)
                if case.fit_batches:
                    settings, fitted = _with_fitting_batches(settings, classes)
                    further += fitted
                notes.update(dict.fromkeys([*remarks, *further]))
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


def wanted_suite(
    suite: str, overrides: list[str] | None = None, seeds: list[int] | None = None
) -> tuple[Suite, Changes]:
    """A suite as the command line changes it, and the changes that are those of every run.

    Raises UserError for an unknown key, and for anything that no suite can be.
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
    of_runs = [(path, value) for path, value in changes if path[0] in Settings.model_fields]
    return checked_suite(content, suite), of_runs


def _chosen(
    cases: list[Case], only: list[str] | None, suite: str, *, known_elsewhere: bool
) -> list[Case]:
    """The cases on the data sets `only`. Raises UserError for a name that the suite hasn't.

    With `known_elsewhere` a data set of another suite is no mistake.
    """
    if only is None:
        return cases
    own = list(dict.fromkeys(case.dataset for case in cases))
    allowed = datasets() if known_elsewhere else own
    for name in only:
        if name not in allowed:
            where = "" if known_elsewhere else f" in suite {suite}"
            raise UserError(f"--only: no data set {shown(name)}{where}. {known(name, allowed)}")
    return [case for case in cases if case.dataset in only]


def _nothing_found(suite: str, wanted: list[Case]) -> str:
    """Why a suite has no runs."""
    if not wanted:
        return f"suite {suite} has none of the data sets in --only, and is passed over"
    listed = ", ".join(dict.fromkeys(case.dataset for case in wanted))
    return (
        f"suite {suite} is passed over: none of its data sets ({listed}) is in the data root; "
        f"'plan --suite {suite}' says how to get them"
    )


def _status(dataset: str) -> Status:
    """Whether a data set is there, and how to get it."""
    entry = Entry.model_validate(read_dataset(dataset)["dataset"])
    status: Status = build(DATASETS, resolve(DATASETS, entry, dataset), dataset).status()
    return status


def _with_weights(cases: list[Case]) -> tuple[list[Case], list[str]]:
    """The cases, each with a recipe whose weights are there, and notes on those exchanged."""
    found, exchanged = [], dict[Published, list[Case]]()
    for case in cases:
        published = None
        if case.without_weights is not None:
            kind = read_config("recipes", case.recipe)["backbone"]["type"]
            names(BACKBONES)  # which imports them
            published = getattr(find(BACKBONES, kind, case.recipe), "published", None)
        if published is None or published.is_there():
            found.append(case)
        else:
            exchanged.setdefault(published, []).append(case)
            found.append(case.model_copy(update={"recipe": case.without_weights}))
    notes = []
    for published, those in exchanged.items():
        pairs = dict.fromkeys(f"{one.without_weights} for {one.recipe}" for one in those)
        notes.append(
            f"Recipes are exchanged, because there is no {published.file}: {', '.join(pairs)}. "
            f"To train by those that were meant, download {published.url} to that place"
        )
    return found, notes


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


def _shorten_stages(config: dict[str, Any], recipe: str, changes: Changes) -> list[str]:
    """Shrink the recipe's stages with its epochs where the command line leaves them no room.

    Stages that the command line sets stay as they are. Returns a note on what was shrunk.
    """
    set_there = {path[0] for path, _ in changes}
    schedule, epochs = config.get("schedule"), config.get("epochs")
    if "epochs" not in set_there or "schedule" in set_there or not isinstance(schedule, dict):
        return []
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        return []  # which is refused later
    stages = [name for name in ("warmup", "frozen") if schedule.get(name, 0) >= epochs]
    if not stages:
        return []
    whole = read_config("recipes", recipe)["epochs"]
    for name in ("warmup", "frozen"):
        if name in schedule:
            schedule[name] = schedule[name] * epochs / whole
    schedule["milestones"] = [one * epochs / whole for one in schedule.get("milestones", ())]
    return [f"recipe {recipe}: its stages shrink with its epochs, from {whole} to {epochs}"]


def _allowing_partial(settings: Settings) -> Settings:
    """The settings, with a part of the data set taken for the whole where it is a release."""
    dataset = settings.dataset
    if "allow_partial" not in dataset.options:
        return settings
    partial = Entry.of(dataset.type, **dataset.options | {"allow_partial": True})
    return settings.model_copy(update={"dataset": partial})


def _with_fitting_batches(
    settings: Settings, known_classes: dict[str, int]
) -> tuple[Settings, list[str]]:
    """The settings, with at most as many classes in a batch as there are to train on; and a note.

    The note is on batches that were changed. `known_classes` keeps each data set's number, since
    loading one takes seconds.
    """
    meant, dataset = settings.sampler.classes, settings.dataset.model_dump_json()
    if dataset not in known_classes:
        known_classes[dataset] = load_dataset(settings).classes
    classes = min(meant, known_classes[dataset])
    if classes == meant:
        return settings, []
    sampler = settings.sampler.model_copy(update={"classes": classes})
    note = f"{settings.dataset.type} has {classes} classes to train on, so batches take no more"
    return settings.model_copy(update={"sampler": sampler}), [note]

"""What is searched for: the settings of each objective in each arm on each data set."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.registry import DATASETS, resolve
from benchmark.run_config import RunConfig, Search, Settings, Tuned
from benchmark.suite.arms import EXCHANGED
from benchmark.suite.configuration import resolved
from benchmark.suite.overrides import put
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import canonical
from benchmark.suite.suite_file import Suite
from benchmark.suite.tuning.ranges import Ranges, Values
from benchmark.training.building import load_dataset
from benchmark.validation import known, shown, value_at

WITHOUT_KEEP = ("mean", "all")
"""Rules to which the share of kept elements means nothing."""


@dataclass(frozen=True, eq=False)
class Track:
    """One objective in one arm on one data set, whose settings are searched for by themselves.

    `base` is a run of the suite with the settings as they stand there; `ranges` are those of the
    objective, and the search varies those of them that the arm has. `classes` is the number of
    training classes.
    """

    base: RunConfig
    ranges: Ranges
    classes: int

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.base.dataset.type} {self.base.objective_name} {self.base.arm}"

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The settings of the arm that are tuned."""
        config = _settings(self.base)
        return tuple(key for key in self.ranges if _has(config, key))

    def settings(self, values: Values) -> Settings:
        """The settings with these values in place. Raises UserError for one that can't be."""
        config = _settings(self.base)
        for key in self.keys:
            put(config, key.split("."), values[key], self.label)
        return resolved(config, self.label)[0]

    def trial(self, values: Values, search: Search) -> list[PlannedRun]:
        """The runs of a trial: one on each fold of the training classes.

        Batches take fewer classes where a fold trains on fewer.
        """
        settings, dataset, runs = self.settings(values), self.base.dataset, []
        for fold in range(search.folds):
            held_out = {"folds": search.folds, "fold": fold, "seed": search.seed}
            entry = Entry.of(dataset.type, **dataset.options | {"validation": held_out})
            trained = self.classes - len(range(fold, self.classes, search.folds))
            classes = min(settings.sampler.classes, trained)
            on_fold = {
                "dataset": resolve(DATASETS, entry, f"{self.label}: dataset"),
                "sampler": settings.sampler.model_copy(update={"classes": classes}),
            }
            runs.append(self._run(settings.model_copy(update=on_fold), search.seed, None))
        return runs

    def final(self, values: Values, search: Search, seed: int) -> PlannedRun:
        """The run of the winner on all training classes, measured on the test half."""
        return self._run(self.settings(values), seed, search)

    def _run(self, settings: Settings, seed: int, search: Search | None) -> PlannedRun:
        base = self.base
        own = {"recipe": base.recipe, "objective_name": base.objective_name, "arm": base.arm}
        tuned = Tuned(keys=self.keys, search=search)
        return PlannedRun(
            RunConfig.model_validate({**dict(settings), **own, "seed": seed, "tuned": tuned})
        )


def tracks_of(suite: Suite, name: str, runs: Iterable[PlannedRun]) -> list[Track]:
    """What is tuned of a suite, whose `runs` are those of a single seed.

    Raises UserError for a setting that the runs don't have.
    """
    found = []
    classes: dict[str, int] = {}
    for config in (run.config for run in runs):
        if config.dataset.options.get("validation") is not None:
            raise UserError("dataset.validation: a search makes its own folds; leave it out")
        if config.objective_name in suite.tune:
            kind = canonical(config.model_dump(mode="json", include={"dataset", "transform"}))
            if kind not in classes:
                classes[kind] = load_dataset(config).classes
            found.append(Track(config, suite.tune[config.objective_name], classes[kind]))
    for objective, ranges in suite.tune.items():
        members = [track for track in found if track.base.objective_name == objective]
        for key in ranges:
            _check_key(key, members, f"suite {name}: tune.{objective}")
    return found


def _check_key(key: str, members: list[Track], where: str) -> None:
    """Raise UserError for a setting that an arm should have, or that none of them has."""
    lacking = [track for track in members if key not in track.keys]
    of_arm = key.partition(".")[0] in EXCHANGED
    if lacking and (not of_arm or len(lacking) == len(members)):
        config = _settings((members if of_arm else lacking)[-1].base)
        raise UserError(f"{where}: there is no setting {shown(key)}. {_known(key, config)}")


def _known(key: str, config: dict[str, Any]) -> str:
    """The settings beside a key."""
    holder, _, last = key.rpartition(".")
    try:
        beside = value_at(config, holder) if holder else config
    except KeyError:
        return known(key, list(config))
    names = [name for name in beside if name != "type"] if isinstance(beside, dict) else []
    return known(last, names)


def check_folds(tracks: Iterable[Track], search: Search) -> None:
    """Raise UserError where a data set has too few classes for the folds."""
    for track in tracks:
        # Each image would find its own class where a fold held out no other.
        if track.classes < 2 * search.folds:
            remedy = f"take at most {track.classes // 2} (--folds)" * (track.classes >= 4)
            raise UserError(
                f"{track.base.dataset.type}: {track.classes} training classes can't be divided "
                f"into {search.folds} folds of at least 2 classes; "
                f"{remedy or 'a search needs at least 4 classes'}."
            )


def _has(config: dict[str, Any], key: str) -> bool:
    """Whether a configuration has the setting, and it means something there."""
    try:
        value_at(config, key)
    except KeyError:
        return False
    if key.partition(".")[0] in ("dataset", "device"):
        return False
    holder, _, last = key.rpartition(".")
    return last != "keep" or value_at(config, holder).get("rule") not in WITHOUT_KEEP


def _settings(base: RunConfig) -> dict[str, Any]:
    """The settings of the run, as JSON holds them."""
    return {name: value for name, value in base.as_json().items() if name in Settings.model_fields}

"""How fast runs were on this machine: noted as each finishes, and read to estimate others.

A note is a small JSON file in the user's cache, one for each device and kind of run, with the times
of the last few. The middle of them counts, as other work may have slowed one down. It may be thrown
away: estimates are then unknown until runs have been made again, or measured.
"""

import contextlib
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from benchmark.data.cache_folder import cache_folder
from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.run_config import RunConfig
from benchmark.suite.store.runs import identity, read_stored
from benchmark.suite.store.stored_files import Result
from benchmark.training.environment import device_name
from benchmark.validation import Part

NAMES = {"seed", "arm", "objective_name", "recipe", "init", "tuned"}
"""What a run's speed doesn't depend on, beside the length and course of its training."""
COURSE = {"epochs", "schedule", "evaluate_every"}
LOSS = {"objective", "similarity", "memory", "rivals", "proxy_rate"}
"""What makes kinds that differ but little in speed."""
REMEMBERED = 5
"""Runs of a kind whose times are kept, the latest."""


class Throughput(Part):
    """Seconds that parts of a run take."""

    epoch_s: float = Field(ge=0)
    """One epoch of training."""
    evaluation_s: float = Field(ge=0)
    """One evaluation of the test half."""
    rest_s: float = Field(default=0.0, ge=0)
    """Everything else: loading, building, and the statistics of elements."""

    def run_seconds(self, config: RunConfig) -> float:
        """Seconds of a whole run, which is evaluated before and after training, and as asked."""
        evaluating = _evaluations(config) * self.evaluation_s
        return self.epoch_s * config.epochs + evaluating + self.rest_s


class Note(Part):
    """What the latest runs of a kind took."""

    runs: list[Throughput] = Field(min_length=1)

    def middle(self) -> Throughput:
        """The median of each part over the runs."""
        return _each_part(statistics.median, self.runs)


def _each_part(
    summary: Callable[[Iterable[float]], float], found: Sequence[Throughput]
) -> Throughput:
    return Throughput(
        epoch_s=summary(one.epoch_s for one in found),
        evaluation_s=summary(one.evaluation_s for one in found),
        rest_s=summary(one.rest_s for one in found),
    )


def _evaluations(config: RunConfig) -> int:
    every = config.evaluate_every
    return 2 + ((config.epochs - 1) // every if every else 0)


def kind(config: RunConfig) -> str:
    """What runs share that are equally fast."""
    return f"{_backbone(config)}/{_loss(config)}"


def keep(config: RunConfig, throughput: Throughput, before: Sequence[Throughput] = ()) -> None:
    """Keep what was measured, after what `before` says, in place of what was noted.

    Without a word where the cache can't be written.
    """
    note = Note(runs=[*before, throughput][-REMEMBERED:])
    with contextlib.suppress(UserError):
        write_json(_path(config), note.model_dump())


def keep_run(config: RunConfig, result: dict[str, Any]) -> None:
    """Add the times of a finished run's result; its median epoch, as the first one warms up."""
    stored = Result.model_validate(result)
    epochs = [epoch.seconds for epoch in stored.history if epoch.seconds is not None]
    evaluation = stored.timing.get("evaluate_s")
    if not epochs or evaluation is None:
        return
    rest = stored.timing.get("total_s", 0.0) - sum(epochs) - _evaluations(config) * evaluation
    # A run that was resumed took less in its last attempt than its epochs did.
    rest = max(0.0, rest)
    median = statistics.median(epochs)
    noted = _read(_path(config))
    taken = Throughput(epoch_s=median, evaluation_s=evaluation, rest_s=rest)
    keep(config, taken, before=noted.runs if noted else ())


def read(config: RunConfig) -> Throughput | None:
    """What runs of this kind took with the same loss; None where none was noted."""
    noted = _read(_path(config))
    return noted.middle() if noted else None


def read_similar(config: RunConfig) -> Throughput | None:
    """The mean of what was noted of runs that differ in the loss alone; None where none was."""
    notes = map(_read, sorted((_folder(config.device) / _backbone(config)).glob("*.json")))
    found = [note.middle() for note in notes if note is not None]
    return _each_part(statistics.fmean, found) if found else None


def _path(config: RunConfig) -> Path:
    return _folder(config.device) / f"{kind(config)}.json"


def _folder(device: str) -> Path:
    return cache_folder() / "throughput" / identity({"device": device_name(device)})


def _backbone(config: RunConfig) -> str:
    return identity(config.model_dump(mode="json", exclude=NAMES | COURSE | LOSS))


def _loss(config: RunConfig) -> str:
    return identity(config.model_dump(mode="json", include=LOSS))


def _read(path: Path) -> Note | None:
    try:
        return read_stored(path, Note)
    except UserError:  # missing or damaged: a note is no more than a convenience
        return None

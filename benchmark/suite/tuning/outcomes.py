"""What came of trials, and which of them won."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UserError
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_run, run_folder
from benchmark.suite.tuning.ranges import Values
from benchmark.suite.tuning.tracks import Track

CHOSEN_BY = {"retrieval": "map@r", "reid": "map"}
"""The metric of each protocol by which trials are compared.

Both average precision over all of a query's matches, and so vary less than Recall@1 or CMC@1,
which see one neighbour alone (Musgrave et al., A Metric Learning Reality Check, ECCV 2020,
section 3.2).
"""


@dataclass(frozen=True)
class Trial:
    """One point of a track, and its runs: one a fold."""

    track: Track
    number: int
    values: Values
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True)
class Outcome:
    """What a trial measured on each fold: NaN where the run of a fold failed."""

    trial: Trial
    metric: str
    folds: tuple[float, ...]

    @property
    def sound(self) -> bool:
        """Whether every fold was measured."""
        return not math.isnan(self.mean)

    @property
    def mean(self) -> float:
        """The mean over folds; NaN unless all of them were measured."""
        return sum(self.folds) / len(self.folds)


def outcome_of(trial: Trial, out: Path) -> Outcome:
    """What came of a trial.

    Raises UserError where the run of a fold is neither finished nor failed, as when another
    process still makes it.
    """
    metric, folds = "", []
    for run in trial.runs:
        stored = read_run(run_folder(out, run.id))
        if stored.state not in ("finished", "failed"):
            raise UserError(
                f"{run.label} ({run.id}) is {stored.state}: the winners aren't known before all "
                "trials have ended. The same command goes on when other processes are done."
            )
        if stored.state == "finished":
            metric = CHOSEN_BY[stored.dataset.protocol or "retrieval"]
        folds.append(stored.metrics.get(metric, math.nan))
    return Outcome(trial, metric, tuple(folds))


def winner_of(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The trial with the highest mean over folds, the first among equals; None if all failed."""
    sound = [outcome for outcome in outcomes if outcome.sound]
    return max(sound, key=lambda outcome: outcome.mean, default=None)

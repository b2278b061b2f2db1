"""The search: the same trials for every arm of an objective, and the winners' runs.

Everything follows from the suite, the numbers of trials and folds, and the seed, and every run is
found by its id: a search that was ended in any way goes on where it was when it is started again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UserError
from benchmark.run_config import Search
from benchmark.suite.first_step import check_first_steps
from benchmark.suite.plan import PlannedRun, plan, wanted_suite
from benchmark.suite.tuning.outcomes import Outcome, Trial, outcome_of, winner_of
from benchmark.suite.tuning.ranges import points
from benchmark.suite.tuning.tpe import check_optuna, proposal
from benchmark.suite.tuning.tracks import Track, check_folds, tracks_of
from benchmark.validation import validated

Make = Callable[[list[PlannedRun]], None]
"""Makes those of the runs that the store lacks."""
Note = Callable[[str], None]


def search_of(trials: int, tpe: int, folds: int, seed: int) -> Search:
    """What a search is. Raises UserError for numbers that it can't have."""
    if tpe:
        check_optuna()
    numbers = {"trials": trials, "tpe": tpe, "folds": folds, "seed": seed}
    return validated(Search, numbers, "tune")


@dataclass(frozen=True)
class SearchPlan:
    """What is searched: tracks with their trials, and the seeds of the winners' runs."""

    suite: str
    search: Search
    seeds: tuple[int, ...]
    trials: dict[Track, list[Trial]]

    @property
    def runs(self) -> list[PlannedRun]:
        """The runs of all trials, each once, a trial's folds after each other."""
        trials = sorted(
            (trial for own in self.trials.values() for trial in own), key=lambda one: one.number
        )
        return list({run.id: run for trial in trials for run in trial.runs}.values())


@dataclass(frozen=True)
class Winner:
    """The trial that won on a track, among how many, and its runs on all training classes."""

    outcome: Outcome
    trials: int
    failed: int
    runs: tuple[PlannedRun, ...]


def plan_search(
    suite: str,
    search: Search,
    *,
    overrides: list[str] | None = None,
    seeds: list[int] | None = None,
    device: str | None = None,
    allow_partial: bool = False,
    only: list[str] | None = None,
    if_found: bool = False,
    log: Note = lambda note: None,
) -> SearchPlan | None:
    """The trials of a search; the arguments beside `search` are those of `plan`.

    `seeds` are those of the winners' runs; without them they are the suite's. None where `plan`
    has no runs. Raises UserError for anything that couldn't be searched as written, before
    anything is trained.
    """
    checked, _ = wanted_suite(suite, overrides, seeds)
    if not checked.tune:
        raise UserError(
            f"suite {suite} declares nothing to tune. Take one with 'tune', such as frozen, or "
            'add tune=dict(norm_softmax={"objective.scale": dict(low=5, high=80, log=True)})'
        )
    if search.seed in checked.seeds:
        raise UserError(
            f"the seed {search.seed} of the search is among those of the winners' runs "
            f"({', '.join(map(str, checked.seeds))}), which should be fresh. Take another "
            "--search-seed."
        )
    runs = plan(
        suite,
        overrides=overrides,
        seeds=[search.seed],
        device=device,
        allow_partial=allow_partial,
        only=only,
        if_found=if_found,
        log=log,
    )
    if not runs:
        return None
    tracks = tracks_of(checked, suite, runs)
    check_folds(tracks, search)
    for name in dict.fromkeys(run.config.objective_name for run in runs):
        if name not in checked.tune:
            log(f"suite {suite} declares nothing to tune for {name}, which is left out")
    found = SearchPlan(
        suite,
        search,
        tuple(checked.seeds),
        {track: _shared_trials(track, search) for track in tracks},
    )
    _check_trials(found)
    return found


def _shared_trials(track: Track, search: Search) -> list[Trial]:
    """A track's trials at the points that all arms of the objective share.

    An arm that lacks one of the settings has the others of each point; without any, one trial.
    """
    chosen = points(track.ranges, search.trials, search.seed)[: None if track.keys else 1]
    return [new_trial(track, number, values, search) for number, values in enumerate(chosen)]


def new_trial(track: Track, number: int, values: dict[str, object], search: Search) -> Trial:
    """The trial of a track with the values of its own settings."""
    own = {key: values[key] for key in track.keys}
    return Trial(track, number, own, tuple(track.trial(own, search)))


def _check_trials(found: SearchPlan) -> None:
    """Raise UserError where a trial can't take its first step.

    Each is tried on the first fold; what folds differ in is tried with the first trial.
    """
    configs = []
    for trials in found.trials.values():
        configs += [run.config for run in trials[0].runs]
        configs += [trial.runs[0].config for trial in trials[1:]]
    check_first_steps(configs)


def find_winners(found: SearchPlan, out: Path, make: Make, log: Note) -> list[Winner]:
    """Make the trials in the store `out`, and choose each track's winner.

    Further trials come after the shared ones, one of every track at a time. A track of which every
    trial failed has no winner, and `log` is called with that.
    """
    make(found.runs)
    outcomes = {
        track: [outcome_of(trial, out) for trial in trials]
        for track, trials in found.trials.items()
    }
    for _ in range(found.search.tpe):
        _try_further(found, outcomes, out, make)
    winners = []
    for track, own in outcomes.items():
        best = winner_of(own)
        failed = sum(not outcome.sound for outcome in own)
        if best is None:
            log(f"{track.label} has no winner: each of its {len(own)} trials failed")
            continue
        runs = (track.final(best.trial.values, found.search, seed) for seed in found.seeds)
        winners.append(Winner(best, len(own), failed, tuple(runs)))
    return winners


def _try_further(
    found: SearchPlan, outcomes: dict[Track, list[Outcome]], out: Path, make: Make
) -> None:
    """One more trial of every track that has something to tune, all made together."""
    trials = []
    for track, own in outcomes.items():
        if track.keys:
            values = proposal(track, own, found.search.seed)
            trials.append(new_trial(track, len(own), values, found.search))
    make(list({run.id: run for trial in trials for run in trial.runs}.values()))
    for trial in trials:
        outcomes[trial.track].append(outcome_of(trial, out))

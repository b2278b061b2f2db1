"""Small searches, whose runs are made in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.data.root import root
from benchmark.ending import SuiteInterruptedError
from benchmark.run_config import Search
from benchmark.suite.execution import Task, make, outstanding, request
from benchmark.suite.plan import PlannedRun
from benchmark.suite.tuning.search import SearchPlan, Winner, find_winners, plan_search
from benchmark.training.interruption import Interruption

CODE = "code"
"""Stands for the version of the code."""
SUITE = """
cases = [dict(
    dataset="noise",
    recipe="glyphs",
    objectives=dict(softmax=dict(type="norm_softmax")),
    changes=dict(
        dataset=dict(classes=6, images=4), backbone=dict(width=4), dim=8, epochs=1,
        schedule=dict(warmup=0), sampler=dict(classes=5, samples=2),
    ),
    arms=dict(shrunk=dict(similarity=dict(type="dam", mapping="shrunk"))),
)]
arms = dict(baseline=dict(), dam=dict(similarity=dict(type="dam")))
seeds = [0, 1]
tune = dict(softmax={
    "objective.scale": dict(low=5, high=80, log=True),
    "similarity.keep": dict(low=0.5, high=0.95),
})
"""

SCALE, KEEP = "objective.scale", "similarity.keep"
BASELINE_ALONE = (
    "arms={'baseline': {}}",
    "cases.0.arms={}",
    "tune={'softmax': {'objective.scale': {'low': 5, 'high': 80, 'log': True}}}",
)
"""What leaves one arm and one setting."""


def small_plan(
    folder: Path, *overrides: str, trials: int = 2, folds: int = 2, **options: Any
) -> SearchPlan:
    """The search of the small suite, changed by `overrides`."""
    suite = folder / "small.py"
    suite.write_text(SUITE)
    search = Search(trials=trials, folds=folds, seed=1000, **options)
    found = plan_search(str(suite), search, overrides=list(overrides), device="cpu")
    assert found is not None
    return found


class Maker:
    """Makes runs one after the other, and is interrupted before it makes more than `at_most`."""

    def __init__(
        self,
        out: Path,
        at_most: int | None = None,
        training: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self.out, self.at_most, self.training = out, at_most, training
        self.made: list[PlannedRun] = []

    def __call__(self, runs: list[PlannedRun]) -> None:
        """Make the runs that the store lacks."""
        request(runs, self.out)
        for run in outstanding(runs, self.out, lambda note: None):
            if len(self.made) == self.at_most:
                raise SuiteInterruptedError(15)
            below = root()
            task = Task(
                out=str(self.out),
                run_id=run.id,
                code=CODE,
                checkpoint_minutes=10,
                data_root=None if below is None else str(below),
            )
            nothing: Any = lambda *_: None  # noqa: E731
            make(task, nothing, nothing, Interruption(), self.training)
            self.made.append(run)


def winners_in(found: SearchPlan, out: Path, maker: Maker | None = None) -> list[Winner]:
    """The winners of a search that is made in `out`."""
    return find_winners(found, out, maker or Maker(out), lambda note: None)


def chosen(winners: list[Winner]) -> list[tuple[str, int, dict[str, Any], float]]:
    """What was chosen for each arm."""
    return [
        (
            one.outcome.trial.track.base.arm,
            one.outcome.trial.number,
            one.outcome.trial.values,
            one.outcome.mean,
        )
        for one in winners
    ]

"""Further trials, at points that follow from the earlier ones."""

import math
from pathlib import Path
from typing import Any

import pytest
from searches import BASELINE_ALONE, SCALE, Maker, chosen, small_plan, winners_in

from benchmark.ending import SuiteInterruptedError
from benchmark.run_config import RunConfig
from benchmark.suite.store.runs import read_runs
from benchmark.suite.tuning.outcomes import Outcome, Trial
from benchmark.suite.tuning.ranges import points
from benchmark.suite.tuning.tpe import proposal


def measured(config: RunConfig, folder: Path, *_: Any, **__: Any) -> dict[str, Any]:
    """Stands for training: best at a scale of 30, a little better on the second fold."""
    far = abs(math.log(config.tuned_values[SCALE] / 30))
    fold = config.dataset.options["validation"]["fold"]
    metrics = {"recall@1": 0.5, "map@r": 0.5 - far / 10 + fold / 100}
    (folder / "weights.safetensors").touch()
    return {"state": "finished", "metrics": metrics, "dataset": {"protocol": "retrieval"}}


def test_further_trials_follow_from_the_earlier_ones(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="--tpe needs Optuna")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    found = small_plan(tmp_path, *BASELINE_ALONE, trials=2, tpe=4)
    maker = Maker(whole, training=measured)
    (expected,) = winners_in(found, whole, maker)
    assert expected.trials == 6 and len(maker.made) == 6 * 2

    for at_most in (2, 5):
        with pytest.raises(SuiteInterruptedError):
            winners_in(found, stopped, Maker(stopped, at_most, measured))
    assert chosen(winners_in(found, stopped, Maker(stopped, training=measured))) == chosen(
        [expected]
    )
    assert {run.id for run in read_runs(stopped).runs} == {run.id for run in read_runs(whole).runs}


def test_proposals_lie_where_trials_were_good(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="--tpe needs Optuna")
    (track,) = small_plan(tmp_path, *BASELINE_ALONE).trials
    outcomes = []
    for number, point in enumerate(points(track.ranges, 16, seed=0)):
        mean = -abs(math.log(point[SCALE] / 70))
        outcomes.append(Outcome(Trial(track, number, point, ()), "map@r", (mean,)))
    outcomes.append(Outcome(Trial(track, 16, {SCALE: 5.0}, ()), "map@r", (math.nan,)))
    proposed = [proposal(track, outcomes, seed)[SCALE] for seed in range(20)]
    assert all(5 <= scale <= 80 for scale in proposed) and len(set(proposed)) > 10
    assert sum(scale > 40 for scale in proposed) > 15  # of a quarter of the range
    assert proposal(track, outcomes, 3) == {SCALE: proposed[3]}

"""The search: the same trials for every arm, on training classes alone, whatever interrupts it."""

import json
import math
import re
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from searches import BASELINE_ALONE, KEEP, SCALE, Maker, chosen, small_plan, winners_in

from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError
from benchmark.run_config import RunConfig, Search
from benchmark.suite.store.runs import read_runs, run_folder
from benchmark.suite.tuning.outcomes import Outcome, Trial, winner_of
from benchmark.suite.tuning.ranges import Range, points
from benchmark.suite.tuning.record import write_winners
from benchmark.suite.tuning.search import find_winners, plan_search
from benchmark.suite.tuning.tracks import Track


def test_points_fill_the_ranges_and_more_begin_with_the_same() -> None:
    ranges = {
        SCALE: Range(low=5, high=80, log=True),
        KEEP: Range(low=0.5, high=0.9),
        "similarity.start": Range(values=[0.0, 0.25, 0.5, 0.75]),
    }
    found = points(ranges, 16, seed=3)
    assert points(ranges, 5, seed=3) == found[:5]
    assert points(ranges, 16, seed=4) != found
    # One in each sixteenth of every range, evenly over the logarithm.
    shares = sorted(math.log(one[SCALE] / 5) / math.log(16) for one in found)
    assert all(place / 16 <= share <= (place + 1) / 16 for place, share in enumerate(shares))
    keeps = sorted((one[KEEP] - 0.5) / 0.4 for one in found)
    assert all(place / 16 <= keep <= (place + 1) / 16 for place, keep in enumerate(keeps))
    starts = [one["similarity.start"] for one in found]
    assert {start: starts.count(start) for start in starts} == dict.fromkeys(
        (0.0, 0.25, 0.5, 0.75), 4
    )


@pytest.mark.parametrize(
    "wrong",
    [{"low": 5}, {"low": 5, "high": 5}, {"low": 0, "high": 1, "log": True}, {"values": [1]}],
)
def test_a_range_that_is_none_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tune\.softmax\.objective\.scale"):
        small_plan(tmp_path, f"tune={{'softmax': {{'objective.scale': {wrong}}}}}")


def test_every_arm_has_the_same_trials_on_the_same_folds(tmp_path: Path) -> None:
    found = small_plan(tmp_path, trials=3)
    by_arm = {track.base.arm: trials for track, trials in found.trials.items()}
    assert {arm: len(trials) for arm, trials in by_arm.items()} == {
        "baseline": 3,
        "dam": 3,
        "shrunk": 3,
    }
    assert [set(trial.values) for trial in by_arm["baseline"]] == [{SCALE}] * 3
    assert [trial.values for trial in by_arm["dam"]] == [t.values for t in by_arm["shrunk"]]
    scales = {arm: [trial.values[SCALE] for trial in own] for arm, own in by_arm.items()}
    assert scales["baseline"] == scales["dam"] and len(set(scales["dam"])) == 3
    assert len(found.runs) == 3 * 3 * 2
    for trial in by_arm["dam"]:
        for fold, run in enumerate(trial.runs):
            config = run.config
            assert config.dataset.options["validation"] == {"folds": 2, "fold": fold, "seed": 1000}
            assert config.objective.options["scale"] == trial.values[SCALE]  # type: ignore[union-attr]
            assert config.sampler.classes == 3  # of six, half are held out
            assert config.seed == 1000
            assert config.tuned_values == trial.values
            assert RunConfig.model_validate(config.as_json()) == config
    # A longer search makes none of these again.
    assert {run.id for run in found.runs} < {r.id for r in small_plan(tmp_path, trials=4).runs}


def test_the_ranges_that_the_documentation_shows_are_searched(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "tuning.md").read_text(encoding="utf-8")
    (block,) = re.findall("```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    ranges = names["tune"]["norm_softmax"]
    found = small_plan(tmp_path, f"tune={{'softmax': {ranges}}}")
    keys = {track.base.arm: set(track.keys) for track in found.trials}
    assert keys["dam"] == set(ranges)
    assert keys["baseline"] == {SCALE, "proxy_rate"}


def test_a_search_that_was_stopped_finds_the_same_winners(tmp_path: Path) -> None:
    found = small_plan(tmp_path, *BASELINE_ALONE)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    expected = winners_in(found, whole)
    assert [winner.trials for winner in expected] == [2]

    with pytest.raises(SuiteInterruptedError):
        winners_in(found, stopped, Maker(stopped, at_most=3))
    again = Maker(stopped)
    winners = winners_in(small_plan(tmp_path, *BASELINE_ALONE), stopped, again)
    assert len(again.made) == len(found.runs) - 3
    assert chosen(winners) == chosen(expected)
    for out, own in ((whole, expected), (stopped, winners)):
        write_winners(out, found, own)
    assert (whole / "winners.json").read_text() == (stopped / "winners.json").read_text()
    entry = json.loads((whole / "winners.json").read_text())["winners"][0]
    assert entry["metric"] == "map@r" and entry["mean"] == sum(entry["folds"]) / 2
    # The winners' runs: all training classes, fresh seeds.
    configs = [run.config for run in winners[0].runs]
    assert [config.seed for config in configs] == [0, 1]
    assert all("validation" not in config.dataset.options for config in configs)
    assert {config.sampler.classes for config in configs} == {5}
    assert configs[0].tuned_values == winners[0].outcome.trial.values
    assert configs[0].tuned is not None and configs[0].tuned.search == found.search


def test_no_test_image_is_opened_during_a_search(tmp_path: Path) -> None:
    for label, shot in product(range(8), range(3)):
        path = tmp_path / "shells" / f"kind {label}" / f"{shot}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 36), (30 * label, 90, shot)).save(path)
    suite = tmp_path / "shells.py"
    suite.write_text(f"""
cases = [dict(
    dataset="image_folder", recipe="frozen", objectives=dict(softmax=dict(type="norm_softmax")),
    changes=dict(
        dataset=dict(path={str(tmp_path / "shells")!r}), transform=dict(size=32, resize=32),
        backbone=dict(network=dict(type="cuenet", width=4), views=2), dim=8, epochs=1,
        sampler=dict(classes=2, samples=2),
    ),
)]
arms = dict(baseline=dict())
seeds = [0]
tune = dict(softmax={{"objective.scale": dict(low=5, high=80, log=True)}})
""")
    opened: set[str] = set()
    listening = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and listening[0] and str(arguments[0]).endswith(".png"):
            opened.add(Path(str(arguments[0])).parent.name)

    sys.addaudithook(hook)
    try:
        found = plan_search(str(suite), Search(trials=1, folds=2, seed=1000), device="cpu")
        assert found is not None
        (winner,) = winners_in(found, tmp_path / "out")
        searched = set(opened)
        Maker(tmp_path / "out")(list(winner.runs))
    finally:
        listening[0] = False
    every = {f"kind {label}" for label in range(8)}
    assert opened == every
    assert len(searched) == 4  # the classes to train on
    assert winner.outcome.mean > 0
    runs = [*winner.outcome.trial.runs, *winner.runs]
    folders = [run_folder(tmp_path / "out", run.id) for run in runs]
    # Of a trial nothing but what it measured is kept.
    kept = [(folder / "weights.safetensors").exists() for folder in folders]
    assert kept == [False, False, True]
    assert all((folder / "per_query.npz").exists() for folder in folders)


def failing(config: RunConfig, folder: Path, *_: Any, **__: Any) -> dict[str, Any]:
    raise UserError("no luck")


def test_failed_trials_never_win(tmp_path: Path) -> None:
    notes: list[str] = []
    out = tmp_path / "out"
    found = small_plan(tmp_path, *BASELINE_ALONE)
    assert find_winners(found, out, Maker(out, training=failing), notes.append) == []
    assert notes == ["noise softmax baseline has no winner: each of its 2 trials failed"]

    (track,) = found.trials
    outcomes = [
        Outcome(Trial(track, number, {}, ()), "map@r", folds)
        for number, folds in enumerate([(0.2, 0.3), (math.nan, 0.9), (0.4, 0.2), (0.3, 0.3)])
    ]
    best = winner_of(outcomes)
    assert best is not None and best.trial.number == 2  # the first of those with 0.3


def test_winners_wait_until_every_trial_has_ended(tmp_path: Path) -> None:
    found = small_plan(tmp_path)
    out = tmp_path / "out"

    def elsewhere(runs: Any) -> None:
        Maker(out, training=failing)(runs[:-1])
        maker = Maker(out, at_most=0)
        with pytest.raises(SuiteInterruptedError):
            maker(runs[-1:])

    with pytest.raises(UserError, match="is not run: the winners aren't known before"):
        find_winners(found, out, elsewhere, lambda note: None)
    assert {run.state for run in read_runs(out).runs} == {"failed", "not run"}


@pytest.mark.parametrize(
    ("overrides", "options", "message"),
    [
        (["tune={}"], {}, "declares nothing to tune. Take one with 'tune', such as frozen"),
        (["tune={'triplet': {'objective.margin': {'low': 0, 'high': 1}}}"], {}, "no objective"),
        (
            ["tune={'softmax': {'objective.scal': {'low': 5, 'high': 80}}}"],
            {},
            r"there is no setting 'objective.scal'. Did you mean 'scale'\?",
        ),
        (
            ["tune={'softmax': {'similarity.kept': {'low': 0.5, 'high': 1}}}"],
            {},
            r"no setting 'similarity.kept'. Did you mean 'keep'\?",
        ),
        (["tune={'softmax': {'seed': {'low': 5, 'high': 80}}}"], {}, "no setting 'seed'. .*nmi"),
        (["tune={'softmax': {'dataset.seed': {'values': [0, 1]}}}"], {}, "no setting"),
        (
            ["tune={'softmax': {'similarity.keep': {'low': 0.5, 'high': 3}}}"],
            {"trials": 4},
            "keep must be above 0 and at most 1",
        ),
        ([], {"folds": 4}, r"6 training classes can't be divided into 4 folds .* at most 3"),
        (["dataset.classes=3", "sampler.classes=3"], {}, "a search needs at least 4 classes"),
        (["seeds=[0, 1000]"], {}, "the seed 1000 of the search is among"),
        (
            ["dataset.validation={'folds': 2, 'fold': 0, 'seed': 0}", "sampler.classes=3"],
            {},
            "a search makes its own folds",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_training(
    overrides: list[str], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        small_plan(tmp_path, *overrides, **options)


def test_rules_that_keep_no_share_have_none_to_tune(tmp_path: Path) -> None:
    found = small_plan(tmp_path, "arms.dam.similarity.rule=mean")
    keys = {track.base.arm: track.keys for track in found.trials}
    assert keys == {"baseline": (SCALE,), "dam": (SCALE,), "shrunk": (SCALE, KEEP)}
    assert all(isinstance(track, Track) for track in found.trials)


def test_re_identification_is_chosen_by_mean_average_precision(tmp_path: Path) -> None:
    def train(config: RunConfig, folder: Path, *_: Any, **__: Any) -> dict[str, Any]:
        (folder / "weights.safetensors").touch()
        scale = config.tuned_values[SCALE]
        metrics = {"cmc@1": scale / 100, "map": 1 - scale / 100}
        return {"state": "finished", "metrics": metrics, "dataset": {"protocol": "reid"}}

    found = small_plan(tmp_path, *BASELINE_ALONE)
    (winner,) = winners_in(found, tmp_path / "out", Maker(tmp_path / "out", training=train))
    (trials,) = found.trials.values()
    assert winner.outcome.metric == "map"
    assert winner.outcome.trial.values[SCALE] == min(trial.values[SCALE] for trial in trials)

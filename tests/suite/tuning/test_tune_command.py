"""The command tune, from its arguments to winners, tables and page."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from searches import SUITE, Maker

from benchmark.__main__ import main
from benchmark.commands import tune
from benchmark.errors import UserError
from benchmark.report.figures import style
from benchmark.run_config import RunConfig
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_run, run_folder


def trained(config: RunConfig, folder: Path, *_: Any, **__: Any) -> dict[str, Any]:
    """Stands for training: the larger the scale, the better; above 60 it fails."""
    scale = config.tuned_values["objective.scale"]
    if scale > 60:
        raise UserError("no luck")
    validation = config.dataset.options.get("validation")
    fold = "" if validation is None else f", validation fold {validation['fold'] + 1} of 2"
    (folder / "weights.safetensors").touch()
    return {
        "state": "finished",
        "metrics": {"recall@1": scale / 100, "map@r": scale / 200},
        "dataset": {"name": f"noise{fold}", "protocol": "retrieval", "note": "noise"},
        "digests": dict.fromkeys(
            ("initial_weights", "batches", "data_listing", "data_images", "evaluated"), "same"
        ),
    }


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small suite's file; its runs take no time."""
    monkeypatch.setattr(style, "_FORMATS", {"svg": style._FORMATS["svg"]})

    def make_runs(runs: list[PlannedRun], options: Namespace) -> Outlook:
        maker = Maker(options.out, training=trained)
        maker(runs)
        states = [read_run(run_folder(options.out, run.id)).state for run in runs]
        return Outlook(total=len(runs), failed=states.count("failed"))

    monkeypatch.setattr(tune, "make_runs", make_runs)
    path = tmp_path / "small.py"
    path.write_text(SUITE)
    return path


def test_it_searches_runs_the_winners_and_reports(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["tune", "--suite", str(suite), "--trials", "2", "--folds", "2", "--device", "cpu"]
    assert main([*arguments, "--out", str(out), "arms={'baseline': {}}"]) == 0
    printed = capsys.readouterr().out
    record = json.loads((out / "winners.json").read_text())
    assert record["search"] == {"trials": 2, "tpe": 0, "folds": 2, "seed": 1000}
    assert record["seeds"] == [0, 1]
    assert [winner["arm"] for winner in record["winners"]] == ["baseline", "shrunk"]
    scale = record["winners"][0]["values"]["objective.scale"]
    assert [winner["trials"] for winner in record["winners"]] == [2, 2]
    assert f"MAP@R {scale / 2:.1f}" in printed
    assert f"objective.scale={scale}" in printed
    assert "softmax, tuned" in printed and "winners: " in printed
    assert "8 finished" in (out / "report.html").read_text()
    assert len(list((out / "runs").iterdir())) == 2 * 2 * 2 + 2 * 2


def test_failed_trials_show_in_the_exit_status(suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["tune", "--suite", str(suite), "--folds", "2", "--device", "cpu"]
    scales = [
        "arms={'baseline': {}}",
        "cases.0.arms={}",
        "seeds=[0]",
        "tune={'softmax': {'objective.scale': {'values': [50, 70]}}}",
    ]
    assert main([*arguments, "--out", str(out), *scales, "--trials", "4"]) == 1
    (winner,) = json.loads((out / "winners.json").read_text())["winners"]
    assert winner["values"] == {"objective.scale": 50}
    assert (winner["trials"], winner["failed"]) == (4, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "smoke", "--trials", "2"], "suite smoke declares nothing to tune"),
        (["--trials", "0"], "--trials: '0' is no whole number above 0"),
        ([], "required: --trials"),
        (["--trials", "2", "--folds", "1"], "folds must be a whole number from 2"),
        (["--trials", "2", "--folds", "9"], "can't be divided into 9 folds"),
        (["--trials", "2", "--search-seed", "-1"], "seed must be a whole number from 0"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_message(
    arguments: list[str],
    message: str,
    suite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["tune", "--suite", str(suite), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert main([*given, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

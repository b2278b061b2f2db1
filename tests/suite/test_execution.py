"""Runs in processes of their own: what is skipped, resumed, failed and told."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from run_configs import run_config

from benchmark.durable import write_json
from benchmark.run_config import RunConfig
from benchmark.suite import execution
from benchmark.suite.display import lines
from benchmark.suite.execution import (
    Outlook,
    default_workers,
    execute,
    outstanding,
    reused_from_other_commits,
)
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store import read_run, read_runs, run_folder
from benchmark.training import Progress


def fake_work(config: RunConfig, folder: Path, channel: Any) -> None:
    """Stands for a run: what happens is in its configuration."""
    (folder / "log.txt").write_text("began")
    channel.send(Progress(1, 2, 1, 2, 0.5))
    if config.objective.options["fate"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.objective.options["fate"] == "fails" and not (folder / "mended").exists():
        write_json(folder / "result.json", {"state": "failed", "error": "no luck"})
        channel.send(execution._Ended("no luck"))
        return
    write_json(folder / "result.json", {"state": "finished", "metrics": {"recall@1": 0.5}})
    channel.send(execution._Ended(None))


def planned(*fates: str) -> list[PlannedRun]:
    return [
        PlannedRun(run_config(objective={"type": "o", "fate": fate}, seed=number))
        for number, fate in enumerate(fates)
    ]


def ended(runs: list[PlannedRun], out: Path, workers: int = 2) -> tuple[Outlook, dict[int, Any]]:
    told: dict[int, Any] = {}
    outlook = execute(
        runs,
        out,
        workers=workers,
        work=fake_work,
        told=lambda run, error: told.update({run.config.seed: error}),
    )
    return outlook, told


def test_failed_and_killed_runs_are_stored_and_the_others_go_on(tmp_path: Path) -> None:
    runs = planned("fine", "fails", "killed", "fine")
    outlook, told = ended(runs, tmp_path)
    assert (outlook.finished, outlook.failed) == (2, 2)
    assert told == {0: None, 1: "no luck", 2: "its process died with exit status -9", 3: None}
    stored = {run.config.seed: run for run in read_runs(tmp_path)}
    assert [stored[n].state for n in range(4)] == ["finished", "failed", "failed", "finished"]
    assert stored[2].error == "its process died with exit status -9"
    assert stored[0].metrics == {"recall@1": 0.5}


def test_finished_runs_are_not_made_again_and_failed_ones_are(tmp_path: Path) -> None:
    runs = planned("fine", "fails")
    ended(runs, tmp_path)
    assert outstanding(runs, tmp_path) == [runs[1]]
    (run_folder(tmp_path, runs[1].id) / "mended").touch()
    before = (run_folder(tmp_path, runs[0].id) / "result.json").stat().st_mtime_ns
    outlook, told = ended(runs, tmp_path)
    assert told == {1: None}
    assert (outlook.finished, outlook.failed) == (2, 0)
    assert (run_folder(tmp_path, runs[0].id) / "result.json").stat().st_mtime_ns == before
    assert read_run(run_folder(tmp_path, runs[1].id)).state == "finished"
    assert ended(runs, tmp_path)[1] == {}


def test_finished_runs_of_another_commit_are_counted(tmp_path: Path) -> None:
    runs = planned("fine", "fine", "fine", "fails", "fine")
    assert reused_from_other_commits(runs, tmp_path, "new") == 0
    ended(runs, tmp_path)
    commits = ("new", "old", "unknown", "old")
    for run, commit in zip(runs, commits, strict=False):
        write_json(run_folder(tmp_path, run.id) / "environment.json", {"commit": commit})
    # Of the second alone: the fourth failed, and the others' commits are the same or not known.
    assert reused_from_other_commits(runs, tmp_path, "new") == 1
    assert reused_from_other_commits(runs, tmp_path, "unknown") == 0


def test_a_run_that_can_not_store_its_failure_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").touch()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)
    config = planned("fine")[0].config
    execution._train(config, tmp_path / "runs" / "abc", theirs)
    message = ours.recv()
    assert "can't be written" in message.error


def test_interrupting_ends_the_workers_and_keeps_what_is_done(tmp_path: Path) -> None:
    runs = planned("fine", "fine")

    def interrupt(run: PlannedRun, error: str | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(runs, tmp_path, workers=1, work=fake_work, told=interrupt)
    assert [run.state for run in read_runs(tmp_path)].count("finished") == 1


def test_outlook_and_its_lines() -> None:
    outlook = Outlook(total=4, finished=1, failed=1, work_done=1.0)
    outlook.started -= 60
    outlook.active["x"] = "typefaces triplet dam seed 0", Progress(30, 60, 3, 6, 0.25)
    outlook.active["y"] = "typefaces triplet dam seed 1", None
    left = outlook.seconds_left()
    assert left == pytest.approx(60 * 1.5 / 1.5, abs=1)
    text = [line.plain for line in lines(outlook)]
    assert text[0].startswith("2/4 runs done (1 failed) · ")
    assert "epoch 3/6 ( 50%) · loss 0.250" in text[1]
    assert text[2].endswith("starting")
    assert Outlook(total=1).seconds_left() is None


def test_default_workers_share_the_cores() -> None:
    runs = planned("fine")
    assert default_workers(runs) == max(1, len(os.sched_getaffinity(0)))
    on_gpu = runs[0].config.model_copy(update={"device": "cuda"})
    assert default_workers([PlannedRun(on_gpu)]) == 1

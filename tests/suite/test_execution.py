"""One run: claimed, attempted and stored; each way to end leaves what it should."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_runs import environment_of, planned
from safetensors.torch import save_file

from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.suite import execution
from benchmark.suite.execution import (
    Ending,
    Task,
    make,
    outstanding,
    request,
    reused_from_other_commits,
    store_death,
)
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.claims import Claim, Owner, claim
from benchmark.suite.store.runs import read_run, run_folder, write_result
from benchmark.training import Progress
from benchmark.training.environment import code_version
from benchmark.training.interruption import Interruption, RunInterruptedError

Train = Callable[..., dict[str, Any]]


def trained(config: Any, folder: Path, report: Any, loaders: int, **options: Any) -> dict[str, Any]:
    """Stands for `train`: it leaves a checkpoint and weights."""
    work = folder / "training"
    work.mkdir(exist_ok=True)
    save_file({"w": torch.ones(2)}, work / "checkpoint-000000001.safetensors")
    report(Progress(1, 2, 1, 2, 0.5))
    save_file({"w": torch.ones(2)}, folder / "weights.safetensors")
    (folder / "log.txt").write_text("trained")
    return {"state": "finished", "metrics": {"recall@1": 0.5}}


def ending(error: BaseException) -> Train:
    """A training that has left a checkpoint when it ends with `error`."""

    def train(config: Any, folder: Path, report: Any, loaders: int, **options: Any) -> Any:
        trained(config, folder, report, loaders)
        (folder / "weights.safetensors").unlink()
        print("said on the way")
        raise error

    return train


@pytest.fixture
def run(tmp_path: Path) -> PlannedRun:
    (wanted,) = planned("fine")
    request([wanted], tmp_path)
    return wanted


def made(
    monkeypatch: pytest.MonkeyPatch, out: Path, run: PlannedRun, train: Train, code: str = ""
) -> tuple[Ending, list[str]]:
    monkeypatch.setattr(execution, "train", train)
    notes: list[str] = []
    task = Task(str(out), run.id, code or code_version(), 10.0)
    return make(task, lambda progress: None, notes.append, Interruption()), notes


def names(out: Path, run: PlannedRun) -> set[str]:
    return {path.name for path in run_folder(out, run.id).iterdir()}


def test_a_finished_run_leaves_its_result_and_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    assert made(monkeypatch, tmp_path, run, trained) == (Ending("finished"), [])
    assert names(tmp_path, run) == {
        "attempts.json",
        "config.json",
        "environment.json",
        "log.txt",
        "result.json",
        "weights.safetensors",
    }
    stored = read_run(run_folder(tmp_path, run.id))
    (attempt,) = stored.attempts
    assert (attempt.end, attempt.process, attempt.resumed) == ("finished", os.getpid(), False)
    assert attempt.environment == stored.environment.model_dump(exclude_unset=True)
    assert attempt.seconds is not None and attempt.seconds >= 0
    assert stored.result.files.keys() == {"environment.json", "log.txt", "weights.safetensors"}

    def never(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("it is finished")

    assert made(monkeypatch, tmp_path, run, never)[0] == Ending("finished")


def test_a_failed_run_is_tried_again_and_its_attempts_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    folder = run_folder(tmp_path, run.id)
    ended, _ = made(monkeypatch, tmp_path, run, ending(UserError("the loss\nbecame nan")))
    assert ended == Ending("failed", "the loss became nan")
    stored = read_run(folder)
    assert (stored.state, stored.error) == ("failed", "the loss became nan")
    assert "said on the way" in (folder / "log.txt").read_text()
    before = stored.environment
    monkeypatch.setattr(execution, "describe", lambda device, threads: {"commit": "new"})
    ended, _ = made(monkeypatch, tmp_path, run, ending(ZeroDivisionError("again")))
    assert ended == Ending("failed", "ZeroDivisionError: again")
    assert "Traceback" in (folder / "log.txt").read_text()
    made(monkeypatch, tmp_path, run, trained)
    stored = read_run(folder)
    assert [one.end for one in stored.attempts] == ["failed", "failed", "finished"]
    assert [one.resumed for one in stored.attempts] == [False, True, True]
    # It goes on from what the first attempt began; the others stand in their own entries.
    assert stored.environment == before
    assert stored.attempts[2].environment == {"commit": "new"}


def test_an_interrupted_run_is_neither_failed_nor_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    ended, _ = made(monkeypatch, tmp_path, run, ending(RunInterruptedError(signal.SIGTERM)))
    assert ended == Ending("interrupted", "interrupted by SIGTERM", signal.SIGTERM)
    assert "result.json" not in names(tmp_path, run)
    assert read_run(run_folder(tmp_path, run.id)).state == "interrupted"
    assert (run_folder(tmp_path, run.id) / "training").is_dir()


def test_a_run_that_is_claimed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    held = claim(run_folder(tmp_path, run.id))
    assert isinstance(held, Claim)
    before = names(tmp_path, run)
    ended, _ = made(monkeypatch, tmp_path, run, trained)
    assert (ended.state, ended.reason) == ("elsewhere", f"{held.owner} makes it")
    assert names(tmp_path, run) == before
    assert store_death(run_folder(tmp_path, run.id), "it died").state == "elsewhere"
    assert names(tmp_path, run) == before


def test_who_lost_the_claim_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    folder = run_folder(tmp_path, run.id)

    def slow(config: Any, folder: Path, report: Any, loaders: int, **options: Any) -> Any:
        result = trained(config, folder, report, loaders)
        (held,) = folder.glob("claim-*.json")
        held.rename(folder / "claim-000002.json")  # as one who found it without a heartbeat
        write_json(folder / "result.json", {"state": "finished", "metrics": {"recall@1": 0.25}})
        return result

    ended, _ = made(monkeypatch, tmp_path, run, slow)
    assert ended.state == "elsewhere" and "took it over" in str(ended.reason)
    assert read_run(folder).metrics == {"recall@1": 0.25}


def test_the_process_that_died_is_stored(tmp_path: Path, run: PlannedRun) -> None:
    folder = run_folder(tmp_path, run.id)
    execution.Attempts(folder, {}, False)
    assert store_death(folder, "killed") == Ending("failed", "killed")
    stored = read_run(folder)
    assert (stored.state, stored.error) == ("failed", "killed")
    assert stored.attempts[0].end == "failed"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "the GPU's memory is full .* Lower"),
        (MemoryError(), "the memory is full .* Lower sampler.classes"),
        (np._core._exceptions._ArrayMemoryError((9,), np.dtype(float)), "the memory is full"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            "the memory is full .* fewer runs at a time",
        ),
        # torch raises this in the middle of a step.
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
            "A process that loads images died .* goes on from the last checkpoint",
        ),
    ],
)
def test_a_lack_of_memory_and_a_dead_loader_are_named(
    error: BaseException,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: PlannedRun,
) -> None:
    ended, _ = made(monkeypatch, tmp_path, run, ending(error))
    assert ended.state == "failed"
    assert re.search(words, str(ended.reason))


def test_code_that_changes_meanwhile_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    _, notes = made(monkeypatch, tmp_path, run, trained, code="0123456789ab")
    assert "the code was changed while the suite ran" in notes[0]
    assert read_run(run_folder(tmp_path, run.id)).attempts[0].notes == notes


def test_leftovers_and_a_damaged_list_of_attempts_stop_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    folder = run_folder(tmp_path, run.id)
    (folder / ".result.json.0a1b2c3d.part").write_text("half")
    (folder / "training").mkdir()
    (folder / "training" / ".checkpoint-000000002.safetensors.0a1b2c3d.part").write_text("half")
    (folder / "attempts.json").write_text("[" * 100_000)
    assert made(monkeypatch, tmp_path, run, trained)[0] == Ending("finished")
    assert not list(folder.rglob(".*"))
    (attempt,) = read_run(folder).attempts
    assert "attempts.json can't be read" in attempt.notes[0]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"state": "done"}', "[" * 100_000, "changed"])
def test_a_damaged_result_is_made_again_and_named(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    made(monkeypatch, tmp_path, run, trained)
    path = run_folder(tmp_path, run.id) / "result.json"
    sound = path.read_text()
    path.write_text(sound.replace("0.5", "0.6") if damage == "changed" else damage)
    notes: list[str] = []
    assert outstanding([run], tmp_path, notes.append) == [run]
    assert len(notes) == 1 and str(path) in notes[0] and "It is made again" in notes[0]
    assert made(monkeypatch, tmp_path, run, trained)[0] == Ending("finished")
    assert json.loads(path.read_text()) == json.loads(sound)
    assert outstanding([run], tmp_path, notes.append) == []


def test_checkpoints_of_a_finished_run_go_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    made(monkeypatch, tmp_path, run, trained)
    folder = run_folder(tmp_path, run.id)
    (folder / "training").mkdir()
    assert outstanding([run], tmp_path, print) == []
    assert "training" not in names(tmp_path, run)
    assert not isinstance(claim(folder), Owner)


@pytest.mark.parametrize(
    "left", [".attempts.json.5adbc9bd.part", "progress.json", "claim-000001.json"]
)
def test_what_a_killed_process_left_in_a_finished_run_goes_at_the_next_look(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: PlannedRun
) -> None:
    made(monkeypatch, tmp_path, run, trained)
    before = names(tmp_path, run)
    owner = {
        "host": "h",
        "process": 0,
        "machine": "gone",
        "born": "",
        "token": "",
        "released": True,
    }
    (run_folder(tmp_path, run.id) / left).write_text(json.dumps(owner))
    assert outstanding([run], tmp_path, print) == []
    assert names(tmp_path, run) == before


def test_a_request_is_written_once_and_mended(tmp_path: Path, run: PlannedRun) -> None:
    path = run_folder(tmp_path, run.id) / "config.json"
    before = path.stat().st_mtime_ns
    request([run], tmp_path)
    assert path.stat().st_mtime_ns == before
    path.write_text("{")
    request([run], tmp_path)
    assert json.loads(path.read_text()) == run.config.as_json()


def test_a_folder_that_can_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").touch()
    ended, _ = made(monkeypatch, tmp_path, planned("fine")[0], trained)
    assert ended.state == "failed" and "can't be written" in str(ended.reason)


def test_finished_runs_of_another_commit_are_counted(tmp_path: Path) -> None:
    runs = planned("fine", "fine", "fine", "fine", "fine")
    assert reused_from_other_commits(runs, tmp_path, "new") == 0
    request(runs, tmp_path)
    for run, commit in zip(runs, ("new", "old", "unknown", "old"), strict=False):
        folder = run_folder(tmp_path, run.id)
        environment_of(folder, commit)
        if run is not runs[3]:
            write_result(folder, {"state": "finished"})
    # Of the second alone: the fourth isn't finished, and the others' commits are the same or
    # not known.
    assert reused_from_other_commits(runs, tmp_path, "new") == 1
    assert reused_from_other_commits(runs, tmp_path, "unknown") == 0

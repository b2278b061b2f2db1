"""Trackers get what a run does, and change nothing of it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from small_runs import configured, finished

from benchmark.__main__ import main
from benchmark.errors import UserError
from benchmark.suite.execution import Task, _track
from benchmark.training.hooks import trackers
from benchmark.training.hooks.track import Track
from benchmark.training.hooks.trackers import ADDRESS, check_tracker

CHANGES = ("dataset={'type': 'cues', 'cues': 6, 'images': 4}", "evaluate_every=1")
CHANGES += ("transform={'type': 'as_drawn'}", "backbone={'type': 'cuenet', 'width': 4}")


class Memory:
    """A tracker that keeps what it gets."""

    sent: ClassVar[list[tuple[str, float, int]]] = []
    closed = False

    def __init__(self, folder: Path) -> None:
        self.sent.clear()

    def add(self, name: str, value: float, step: int) -> None:
        self.sent.append((name, value, step))

    def close(self) -> None:
        Memory.closed = True


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run without a tracker."""
    config = configured("norm_softmax", "dam", *CHANGES)
    return finished(config, tmp_path_factory.mktemp("plain"))


def test_a_tracker_gets_losses_rates_and_metrics(
    plain: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(trackers.TRACKERS, "json", Memory)  # a package that is always there
    config = configured("norm_softmax", "dam", *CHANGES)
    result, weights = finished(config, tmp_path / "run", track=Track("json", tmp_path / "track"))
    expected, same = plain
    assert result["metrics"] == expected["metrics"] and Memory.closed
    assert all(torch.equal(weights[name], same[name]) for name in same)
    sent: dict[str, dict[int, float]] = {}
    for name, value, step in Memory.sent:
        sent.setdefault(name, {})[step] = value
    steps = sorted(sent["loss"])
    assert steps == list(range(1, len(steps) + 1)) and len(steps) % 2 == 0
    assert sorted(sent["lr/0"]) == sorted(sent["lr/1"]) == steps
    assert sent["lr/1"][1] == pytest.approx(sent["lr/0"][1] * config.proxy_rate)
    half = len(steps) // 2
    first, second = result["history"]
    assert sum(list(sent["loss"].values())[:half]) / half == pytest.approx(first["loss"])
    assert sent["recall@1"] == {
        half: first["metrics"]["recall@1"],
        2 * half: second["metrics"]["recall@1"],
    }


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = configured("norm_softmax", "dam", *CHANGES)
    folder = tmp_path / "track"
    result, _ = finished(config, tmp_path / "run", track=Track("tensorboard", folder))
    events = EventAccumulator(str(folder))
    events.Reload()
    assert {"loss", "lr/0", "recall@1"} <= set(events.Tags()["scalars"])
    last = events.Scalars("recall@1")[-1]
    assert last.value == pytest.approx(result["metrics"]["recall@1"], abs=1e-6)


def pieces(log: bytes) -> Iterator[bytes]:
    """The records of a short log in LevelDB's format, after a header of seven bytes."""
    place = 7
    while place + 7 <= len(log):
        size = int.from_bytes(log[place + 4 : place + 6], "little")
        if place + 7 + size > len(log):
            return
        yield log[place + 7 : place + 7 + size]
        place += 7 + size


def test_wandb_keeps_steps_that_come_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="needs the extra wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_MODE", "offline")
    sent = [("loss", 0.5, 3), ("lr/0", 1e-3, 5), ("loss", 0.25, 4), ("recall@1", 0.75, 5)]
    names = {name for name, _, _ in sent}
    tracker = trackers.Wandb(tmp_path / "a run-0123456789ab")
    for one in sent:
        tracker.add(*one)
    tracker.close()
    (written,) = tmp_path.rglob("run-0123456789ab.wandb")
    found: list[tuple[str, float, int]] = []
    end = time.monotonic() + 30
    while found != sent and time.monotonic() < end:  # it is written by a process of its own
        found = []
        for content in pieces(written.read_bytes()):
            items = Record.FromString(content).history.item
            row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}
            found += [(name, row[name], row["step"]) for name in row if name in names]
        time.sleep(0.1)
    assert found == sent


def test_mlflow_goes_on_with_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="needs the extra mlflow")
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv(ADDRESS, tmp_path.as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    check_tracker("mlflow")
    for step in (1, 2):
        tracker = trackers.MLflow(Path("track/a run-0123456789ab"))
        tracker.add("recall@1", 0.25 * step, step)
        tracker.close()
    client = MlflowClient()
    experiment = client.get_experiment_by_name(trackers.PROJECT)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "recall_at_1")
    assert [(one.step, one.value) for one in history] == [(1, 0.25), (2, 0.5)]
    assert (run.info.run_name, run.info.status) == ("a run-0123456789ab", "FINISHED")


def test_mlflow_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: name)
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(UserError, match=f"needs the environment variable {ADDRESS}"):
        check_tracker("mlflow")


def test_a_runs_folder_has_a_name_that_people_can_read() -> None:
    config = configured("norm_softmax", "dam")
    task = Task("out", "0123456789ab", "code", 10.0, track="tensorboard")
    found = _track(task, config)
    assert found is not None
    assert found.folder == Path("out/track/typefaces-norm_softmax-dam-seed-0-0123456789ab")
    assert _track(Task("out", "0123456789ab", "code", 10.0), config) is None


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '\.\[suite,tensorboard\]'"):
        check_tracker("tensorboard")
    monkeypatch.setattr("benchmark.commands.run.planned_runs", lambda options: [None])
    assert main(["run", "--out", str(tmp_path / "out"), "--track", "tensorboard"]) == 2
    assert "needs the package tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

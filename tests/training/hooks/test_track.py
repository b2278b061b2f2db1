"""Trackers get what a run does, and change nothing of it."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from mmengine.registry import VISBACKENDS
from small_runs import configured, finished

from benchmark.__main__ import main
from benchmark.errors import UserError
from benchmark.suite.execution import Task, _track
from benchmark.training.hooks import track
from benchmark.training.hooks.track import Track, check_tracker

CHANGES = ("dataset={'type': 'cues', 'cues': 6, 'images': 4}", "evaluate_every=1")
CHANGES += ("transform={'type': 'as_drawn'}", "backbone={'type': 'cuenet', 'width': 4}")


class Memory:
    """A tracker that keeps what it gets."""

    sent: ClassVar[list[tuple[str, float, int]]] = []
    closed = False

    def __init__(self, save_dir: str) -> None:
        self.sent.clear()

    def add_scalar(self, name: str, value: float, step: int) -> None:
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
    VISBACKENDS.register_module(name="Memory", module=Memory, force=True)
    monkeypatch.setitem(track.BACKENDS, "json", "Memory")  # a package that is always there
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
    monkeypatch.setattr(track, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install '\.\[suite,tensorboard\]'"):
        check_tracker("tensorboard")
    monkeypatch.setattr("benchmark.commands.run.planned_runs", lambda options: [None])
    assert main(["run", "--out", str(tmp_path / "out"), "--track", "tensorboard"]) == 2
    assert "needs the package tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

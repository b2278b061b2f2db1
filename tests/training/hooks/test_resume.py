"""A run that was interrupted, wherever and however often, equals one that was not."""

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_runs import configured, finished, keep_in

from benchmark.errors import UserError
from benchmark.evaluation import evaluate as measured_by
from benchmark.training import Progress, train
from benchmark.training.checkpoint import read, write
from benchmark.training.hooks import resume
from benchmark.training.interruption import Interruption, RunInterruptedError

pytestmark = pytest.mark.usefixtures("few_classes")

DRAWING = [{"type": "random_erasing"}, {"type": "drop_block"}, {"type": "dropout"}]
ERASING = f"arms.erasing={{'rivals': {DRAWING}}}"
MEMORY = "cases.1.changes={'memory': {'size': 40, 'start': 0.3}}"
STEPS = 6  # in an epoch


@pytest.fixture(autouse=True)
def _every_epoch_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short it is beside a save."""
    monkeypatch.setattr(resume, "APART", 0.0)
    monkeypatch.setattr(resume, "SHARE", math.inf)


def equal(
    folder: Path, found: dict[str, Any], expected: dict[str, Any], weights: dict[str, torch.Tensor]
) -> None:
    for part in ("digests", "metrics", "untrained"):
        assert found[part] == expected[part]
    assert [e["loss"] for e in found["history"]] == [e["loss"] for e in expected["history"]]
    kept = load_file(folder / "weights.safetensors")
    assert kept.keys() == weights.keys()
    assert all(torch.equal(kept[name], weights[name]) for name in weights)


def interrupted(
    config: dict[str, Any], folder: Path, step: int, number: int = signal.SIGTERM, **options: Any
) -> None:
    """Make a run up to the end of `step`, at which it is asked to end."""
    folder.mkdir(exist_ok=True)
    interruption = Interruption()

    def ask(progress: Progress) -> None:
        if progress.step == step:
            interruption.request(number)

    with pytest.raises(RunInterruptedError) as ended:
        train(config, folder, ask, interruption=interruption, **options)
    assert ended.value.number == number


@pytest.mark.parametrize(
    ("objective", "arm", "loaders"),
    [
        ("norm_softmax", "random", 0),
        ("norm_softmax", "erasing", 0),
        ("norm_softmax", "erasing", 2),
        ("multi_similarity", "dam", 0),
        ("triplet", "random", 0),
    ],
)
def test_interrupted_in_the_middle_of_epochs(
    objective: str, arm: str, loaders: int, tmp_path: Path
) -> None:
    config = configured(objective, arm, ERASING, MEMORY, "epochs=3")
    expected, weights = finished(config, tmp_path / "through")
    broken = tmp_path / "broken"
    steps: list[int] = []
    for step in (2, STEPS + 1, 2 * STEPS, 2 * STEPS + 5):
        interrupted(config, broken, step, loaders=loaders)
        torch.manual_seed(12345 + step)  # what another program may have done meanwhile
    notes: list[str] = []
    found = train(config, broken, lambda p: steps.append(p.step), loaders, log=notes.append)
    assert steps == [2 * STEPS + 6]
    assert notes == []
    equal(broken, found, expected, weights)


def test_loaders_move_no_draw(tmp_path: Path) -> None:
    config = configured("norm_softmax", "erasing", ERASING)
    without, weights = finished(config, tmp_path / "0")
    found, _ = finished(config, tmp_path / "2", loaders=2)
    equal(tmp_path / "2", found, without, weights)


@pytest.mark.parametrize("objective", ["proxy_anchor", "triplet"])
def test_killed_between_checkpoints(objective: str, tmp_path: Path) -> None:
    config = configured(objective, "dam", "epochs=3")
    expected, weights = finished(config, tmp_path / "through")

    class KilledError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.step == 2 * STEPS + 3:
            raise KilledError

    broken = tmp_path / "broken"
    broken.mkdir()
    with pytest.raises(KilledError):
        train(config, broken, stop, checkpoint_minutes=0 if objective == "triplet" else 10)
    steps: list[int] = []
    found = train(config, broken, lambda p: steps.append(p.step))
    # Saved after each step, or after each epoch alone.
    assert steps[0] == 2 * STEPS + (3 if objective == "triplet" else 1)
    equal(broken, found, expected, weights)


def test_interrupted_before_training_and_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured("norm_softmax", "baseline")
    expected, weights = finished(config, tmp_path / "through")
    broken = tmp_path / "broken"
    broken.mkdir()
    interruption = Interruption()
    calls: list[int] = []

    def ask(call: int) -> Callable[..., Any]:
        def evaluate(*arguments: Any, **options: Any) -> Any:
            calls.append(call)
            if len(calls) == call:
                interruption.request(signal.SIGINT)
            return measured_by(*arguments, **options)

        return evaluate

    for call in (1, 2):  # the untrained network's evaluation, and the trained one's
        keep_in(monkeypatch, tmp_path / f"cache{call}")  # so that there are both
        calls.clear()
        interruption = Interruption()
        monkeypatch.setattr("benchmark.training.run.evaluate", ask(call))
        with pytest.raises(RunInterruptedError):
            train(config, broken, lambda progress: None, interruption=interruption)
    monkeypatch.setattr("benchmark.training.run.evaluate", measured_by)
    steps: list[int] = []
    found = train(config, broken, lambda p: steps.append(p.step))
    assert steps == []  # all epochs were done
    equal(broken, found, expected, weights)


def test_signals_ask() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        before = signal.getsignal(number)
        interruption = Interruption()
        with (
            interruption.listening(signal.SIGUSR2),
            pytest.raises(RunInterruptedError, match=signal.Signals(number).name),
        ):
            os.kill(os.getpid(), number)
        reached = False
        interruption = Interruption()
        with (
            interruption.listening(signal.SIGUSR2),
            pytest.raises(RunInterruptedError),
            interruption.steps(),
        ):
            os.kill(os.getpid(), number)
            reached = True
        assert reached
        assert signal.getsignal(number) == before


def test_states_are_put_back_from_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a GPU, mmengine would load the file to it, whatever device the run is on."""
    config = configured("norm_softmax", "random", "epochs=3")
    expected, weights = finished(config, tmp_path / "through")
    broken = tmp_path / "broken"
    interrupted(config, broken, STEPS + 2)
    monkeypatch.setattr("mmengine.runner.runner.get_device", lambda: "cuda")
    with torch.device("meta"):
        (newest,) = (broken / "training").glob("checkpoint-000000008*")
        assert read(newest)["state"]["random"]["torch"].device.type == "cpu"
    found = train(config, broken, lambda progress: None)
    equal(broken, found, expected, weights)


def test_another_model_is_refused(tmp_path: Path) -> None:
    interrupted(configured("norm_softmax", "baseline"), tmp_path / "run", 2)
    wider = configured("norm_softmax", "baseline", "dim=32")
    with pytest.raises(UserError, match=r"another model.*remove the folder .*training"):
        train(wider, tmp_path / "run", lambda progress: None)


def test_other_records_are_refused(tmp_path: Path) -> None:
    config = configured("norm_softmax", "baseline")
    interrupted(config, tmp_path / "run", 2)
    (newest,) = (tmp_path / "run" / "training").glob("checkpoint-*")
    content = read(newest)
    del content["state"]["parts"]["quality"]
    write(newest, content)
    with pytest.raises(UserError, match=r"other records \(quality\).*remove the folder .*training"):
        train(config, tmp_path / "run", lambda progress: None)


def test_a_damaged_checkpoint_costs_no_more_than_the_steps_after_the_one_before(
    tmp_path: Path,
) -> None:
    config = configured("norm_softmax", "random", "epochs=3")
    expected, weights = finished(config, tmp_path / "through")
    broken = tmp_path / "broken"
    interrupted(config, broken, 2 * STEPS + 2)
    _, newer = sorted((broken / "training").glob("checkpoint-*"))
    newer.write_bytes(newer.read_bytes()[:-1])
    steps: list[int] = []
    notes: list[str] = []
    found = train(config, broken, lambda p: steps.append(p.step), log=notes.append)
    assert steps[0] == 2 * STEPS + 1
    assert len(notes) == 1 and newer.name in notes[0]
    equal(broken, found, expected, weights)

    for path in (broken / "training").glob("checkpoint-*"):
        content = read(path)
        path.unlink()
        write(path, {**content, "run": "another"})  # a checkpoint of another run, itself sound
    steps.clear()
    found = train(config, broken, lambda p: steps.append(p.step), log=notes.append)
    assert steps[0] == 1
    assert "belongs to the run another" in notes[1] and "begins anew" in notes[-1]
    equal(broken, found, expected, weights)


def test_short_epochs_are_not_all_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving may take 1 % of the time, and what would be done again is worth a save or not."""
    monkeypatch.setattr(resume, "APART", 1.0)
    monkeypatch.setattr(resume, "SHARE", 0.01)
    clock, saving = [100.0], [0.8]
    monkeypatch.setattr(resume.time, "monotonic", lambda: clock[0])
    steps: list[int] = []

    class SlowCheckpoints:
        def save(self, step: int, state: dict[str, Any]) -> None:
            steps.append(step)
            clock[0] += saving[0]

    runner: Any = SimpleNamespace(
        model=torch.nn.Identity(),
        optim_wrapper=SimpleNamespace(state_dict=dict),
        param_schedulers=[],
        device="cpu",
    )
    for epoch, seconds, expected in (
        (2.0, 0.16, [1, 9, 17]),
        (2.0, 0.01, list(range(1, 21))),
        (0.4, 0.002, [3, 6, 9, 12, 15, 18]),
    ):
        steps.clear()
        saving[0] = seconds
        interruption = Interruption()
        hook = resume.CheckpointHook(SlowCheckpoints(), {}, 10, interruption)  # type: ignore[arg-type]
        for runner.epoch in range(20):
            runner.iter = runner.epoch + 1
            clock[0] += epoch
            hook.after_train_epoch(runner)
        assert steps == expected
    hook._took = 0.8
    interruption.requested = signal.SIGTERM  # then it is saved, however lately that was done
    runner.iter = 21
    with pytest.raises(RunInterruptedError):
        hook.after_train_epoch(runner)
    assert steps[-1] == 21

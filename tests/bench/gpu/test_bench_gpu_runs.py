"""The sections of `bench gpu` on whole runs, with small ones on a CPU."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.bench.gpu.checks import Check, Conditions, made
from benchmark.bench.gpu.runs import pipeline, repeatability, synchronisations
from benchmark.bench.gpu.runs.planned import changed, finished, noise_runs, stopped
from tests.training.small_runs import keep_in


@pytest.fixture
def conditions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conditions:
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    keep_in(monkeypatch, tmp_path / "cache")
    return Conditions("cpu", True, tmp_path)


def test_one_objective_repeats_itself(conditions: Conditions) -> None:
    cases = repeatability._Cases(conditions, "noise", "norm_softmax", noise_runs(conditions))
    tasks = [
        cases.task("baseline", "rule all", repeatability._Case.everything),
        cases.task("erasing", "resumed", repeatability._Case.resumed),
    ]
    checks = list(made(lambda conditions: tasks, conditions))
    assert [check.verdict for check in checks] == ["passed", "passed"]
    assert checks[1].note.startswith("stopped after step ")


def test_differences_between_runs_are_named(conditions: Conditions) -> None:
    config = noise_runs(conditions)["norm_softmax", "baseline"]
    config = changed(config, epochs=1)
    first = finished(config, conditions.work / "first")
    other = finished(changed(config, seed=1), conditions.work / "other")
    assert first.differences(first) == ""
    assert first.differences(other) == "metrics, losses, digests, weights"
    assert len(first.steps) == 12
    with pytest.raises(RuntimeError, match="before it was stopped after step 99"):
        stopped(config, conditions.work / "stopped", 99)


def test_pipeline_times_runs_and_loaders(conditions: Conditions) -> None:
    checks = {check.name: check for check in made(pipeline.tasks, conditions)}
    assert not [check for check in checks.values() if check.verdict == "failed"]
    assert "from 8 random images" in next(iter(checks.values())).note
    names = " ".join(checks)
    for part in ("loader / plain loader", "dam: run / limit", "with DAM / baseline's"):
        assert part in names
    assert all(check.measured > 0 for check in checks.values())


def test_time_within_epochs_leaves_out_what_was_prepared() -> None:
    clock = pipeline._Clock(99)
    # Epochs of 4 steps of a second, of which the first two take no time; 10 s between them.
    for epoch, start in ((2, 0.0), (3, 12.0)):
        clock.ended += [(epoch, start + second) for second in (0.0, 0.0, 1.0, 2.0)]
    assert clock.seconds_within(2) == pytest.approx(1.0)
    assert clock.seconds() == pytest.approx(14.0 / 7)
    assert clock.seconds_between() == pytest.approx(10.0 - 4.0 / 6)


def test_waits_are_counted_by_place(
    conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the GPU had been waited for in each backward pass."""
    watching = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", watching.append)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    assert found_waits(lambda: None) == 0
    assert watching == ["warn", "default"]
    assert found_waits(lambda: warnings.warn("another", stacklevel=1)) == 0
    message = "called a synchronizing CUDA operation"
    assert found_waits(lambda: warnings.warn(message, stacklevel=1)) == 1


def found_waits(within: Any) -> float:
    """The waits a step that are counted of a loss in which `within` is called."""

    class Loss(torch.nn.Module):
        def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            within()
            return features.sum()

    check: Check
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True):
        patch.setattr(synchronisations, "loss_of", lambda name, mapped: Loss())
        (check,) = synchronisations._of_loss("a loss", "", False, "cpu")
    assert check.verdict == ("failed" if check.measured else "passed")
    if check.measured:
        assert "test_bench_gpu_runs.py" in check.note
    return check.measured

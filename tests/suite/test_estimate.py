"""What a plan's time is said to be, and from what."""

from pathlib import Path

import pytest

from benchmark.suite import throughput
from benchmark.suite.estimate import STATE, Estimate, disk_space, estimate, measure
from benchmark.suite.plan import PlannedRun, plan
from benchmark.suite.throughput import Throughput
from benchmark.training.building import build_model


@pytest.fixture(scope="module")
def runs() -> list[PlannedRun]:
    """Two arms of two objectives, three seeds each."""
    planned = plan("smoke", device="cpu", overrides=["epochs=4"])
    wanted = {"multi_similarity", "triplet"}
    return [r for r in planned if r.config.objective_name in wanted and r.config.arm != "random"]


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.suite.throughput.cache_folder", lambda: tmp_path / "cache")


def _finished(epochs: list[float], evaluation: float, total: float) -> dict[str, object]:
    history = [{"epoch": i + 1, "loss": 1.0, "seconds": s} for i, s in enumerate(epochs)]
    timing = {"evaluate_s": evaluation, "total_s": total}
    return {"state": "finished", "history": history, "timing": timing}


def test_nothing_is_known_before_anything_ran(runs: list[PlannedRun]) -> None:
    assert estimate(runs, workers=2) == Estimate(0.0, exact=0, similar=0, unknown=12)


def test_a_finished_run_tells_of_its_kind(runs: list[PlannedRun]) -> None:
    baseline = [r for r in runs if r.label.startswith("typefaces triplet baseline")]
    # All three epochs, two evaluations, and three seconds for everything else.
    finished = _finished([9.0, 2.0, 1.0], 0.5, total=12.0 + 1.0 + 3.0)
    throughput.keep_run(baseline[0].config, finished)
    found = estimate(baseline, workers=1)
    # The median epoch, four of them, and the rest, for each of three seeds.
    assert found == Estimate(3 * (4 * 2.0 + 2 * 0.5 + 3.0), exact=3, similar=0, unknown=0)
    assert estimate(baseline, workers=2).seconds == found.seconds / 2
    assert estimate(baseline, workers=8).seconds == found.seconds / 3  # no more than the runs


def test_a_resumed_run_says_nothing_of_the_rest(runs: list[PlannedRun]) -> None:
    throughput.keep_run(runs[0].config, _finished([2.0, 2.0], 0.5, total=3.5))
    assert throughput.read(runs[0].config) == Throughput(epoch_s=2.0, evaluation_s=0.5)


def test_a_run_that_was_slowed_down_counts_for_little(runs: list[PlannedRun]) -> None:
    for epoch in (8.0, 2.0, 2.5, 30.0, 2.0, 1.5):  # of which the last five are kept
        throughput.keep_run(runs[0].config, _finished([epoch], 0.5, total=epoch + 1.0))
    assert throughput.read(runs[0].config) == Throughput(epoch_s=2.0, evaluation_s=0.5)
    throughput.keep(runs[0].config, Throughput(epoch_s=9.0, evaluation_s=0.5))  # measured anew
    assert throughput.read(runs[0].config) == Throughput(epoch_s=9.0, evaluation_s=0.5)


def test_evaluations_between_epochs_take_their_time(runs: list[PlannedRun]) -> None:
    throughput.keep(runs[0].config, Throughput(epoch_s=1.0, evaluation_s=10.0))
    between = runs[0].config.model_copy(update={"evaluate_every": 2})  # after 2 of 4 epochs
    assert estimate([PlannedRun(between)], workers=1).seconds == 4 * 1.0 + 3 * 10.0


def test_other_losses_are_judged_by_the_mean_of_those_that_ran(runs: list[PlannedRun]) -> None:
    by_label = {run.label: run for run in runs}
    first = by_label["typefaces triplet baseline seed 0"]
    second = by_label["typefaces triplet dam seed 0"]
    throughput.keep(first.config, Throughput(epoch_s=1.0, evaluation_s=0.0))
    throughput.keep(second.config, Throughput(epoch_s=3.0, evaluation_s=1.0))
    found = estimate(runs, workers=1)
    assert (found.exact, found.similar, found.unknown) == (6, 6, 0)
    assert found.seconds == 3 * 4.0 + 3 * (12.0 + 2.0) + 6 * (4 * 2.0 + 2 * 0.5)


@pytest.mark.parametrize(
    "change", ["dim=32", "threads=2", "sampler.samples=2", "transform.shift=1.0"]
)
def test_another_network_or_batch_is_another_kind(runs: list[PlannedRun], change: str) -> None:
    throughput.keep(runs[0].config, Throughput(epoch_s=1.0, evaluation_s=1.0))
    others = plan("smoke", device="cpu", seeds=[0], overrides=[change])
    assert estimate(others, workers=1).unknown == len(others)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"runs": []}', b'{"runs": [{"epoch_s": -1}]}', b"\xff"]
)
def test_a_damaged_note_is_no_note(runs: list[PlannedRun], tmp_path: Path, content: bytes) -> None:
    throughput.keep(runs[0].config, Throughput(epoch_s=1.0, evaluation_s=1.0))
    (note,) = (tmp_path / "cache").rglob("*.json")
    note.write_bytes(content)
    assert estimate(runs[:1], workers=1).unknown == 1


def test_a_cache_that_cannot_be_written_costs_the_note_alone(
    runs: list[PlannedRun], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    throughput.keep(runs[0].config, Throughput(epoch_s=1.0, evaluation_s=1.0))
    assert estimate(runs[:1], workers=1).unknown == 1


def test_measuring_times_each_kind_once(
    runs: list[PlannedRun], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmark.suite.estimate.STEPS", 1)
    progress: list[tuple[int, int]] = []
    few = [run for run in runs if run.config.objective_name == "triplet"]
    measure(few, lambda done, total: progress.append((done, total)))
    assert progress == [(0, 2), (1, 2), (2, 2)]
    found = estimate(few, workers=1)
    assert (found.exact, found.unknown) == (6, 0)
    assert found.seconds > 0


def test_disk_space_is_that_of_the_weights_that_runs_leave(runs: list[PlannedRun]) -> None:
    weights = build_model(runs[0].config, classes=100).state_dict()
    size = sum(value.numel() * value.element_size() for value in weights.values())
    found = disk_space(runs, workers=2)
    texts_and_queries = found.kept - len(runs) * size
    assert 0 < texts_and_queries < 100_000 * len(runs)
    assert found.working == 2 * 3 * STATE * size  # two runs with three checkpoints each
    assert disk_space(runs, workers=50).working == len(runs) * 3 * STATE * size


def test_planning_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*arguments: object) -> None:
        raise AssertionError("a step was taken")

    monkeypatch.setattr("mmengine.optim.OptimWrapper.update_params", trained)
    estimate(plan("smoke", device="cpu", seeds=[0]), workers=1)

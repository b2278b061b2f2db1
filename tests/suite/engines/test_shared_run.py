"""A run that several processes share: made, interrupted and resumed as one that isn't shared."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from long_tests import long
from safetensors.torch import load_file

from benchmark.bench.faults.store import planned
from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError
from benchmark.suite.engines.choice import choose_engine
from benchmark.suite.engines.engine import Watch, execute
from benchmark.suite.engines.local import grouped
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_runs, run_folder
from benchmark.training import distributed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> PlannedRun:
    """Pairs, a memory and the rule `random`."""
    return planned(tmp_path_factory.mktemp("suite"))[3]


def made(out: Path, run: PlannedRun, processes: int, **watch: Any) -> Any:
    engine = choose_engine("local", f"processes={processes}", [run], 1)
    outlook = execute([run], out, engine, watch=Watch(**watch))
    assert outlook.finished == 1
    (stored,) = read_runs(out).runs
    return stored, load_file(stored.folder / "weights.safetensors")


@long
def test_shared_it_is_the_same_run(run: PlannedRun, tmp_path: Path) -> None:
    alone, weights = made(tmp_path / "alone", run, 1)
    shared, shared_weights = made(tmp_path / "shared", run, 2)
    assert shared.attempts[0].environment["processes"] == 2
    for name in ("initial_weights", "data_images"):
        assert shared.digests[name] == alone.digests[name]
    for ours, theirs in zip(shared.history, alone.history, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
    for name, expected in weights.items():
        torch.testing.assert_close(shared_weights[name], expected, rtol=5e-3, atol=5e-4)


@long
def test_shared_and_interrupted_it_goes_on_exactly(run: PlannedRun, tmp_path: Path) -> None:
    shared, shared_weights = made(tmp_path / "shared", run, 2)
    broken = tmp_path / "broken"

    def stop(outlook: Outlook) -> None:
        if list(run_folder(broken, run.id).glob("training/checkpoint-*")):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SuiteInterruptedError):
        made(broken, run, 2, show=stop)
    resumed, resumed_weights = made(broken, run, 2)
    assert [one.end for one in resumed.attempts][-2:] == ["interrupted", "finished"]
    assert resumed.digests == shared.digests
    assert resumed.metrics == shared.metrics
    assert all(torch.equal(resumed_weights[n], shared_weights[n]) for n in shared_weights)


@long
def test_a_batch_that_can_not_be_shared_is_refused(run: PlannedRun, tmp_path: Path) -> None:
    engine = choose_engine("local", "processes=3", [run], 1)  # of batches of 16
    outlook = execute([run], tmp_path, engine)
    assert outlook.failed == 1
    (stored,) = read_runs(tmp_path).runs
    assert "a batch of 16 images" in str(stored.error)


def test_rivals_that_draw_can_not_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "processes", lambda: 2)
    with pytest.raises(UserError, match="rivals: dropout draws for a whole batch"):
        distributed.check_rivals(["cbam", "dropout"])
    distributed.check_rivals(["cbam"])


def test_gpus_are_given_in_groups() -> None:
    assert grouped(["0", "1", "2", "3", "4"], 2) == ["0,1", "2,3"]
    with pytest.raises(UserError, match="processes=2: there are 1 GPUs here"):
        grouped(["0"], 2)

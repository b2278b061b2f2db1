"""Processes on this machine: what is told of them, stored, and done when they end badly."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_runs import fake_work, planned

from benchmark.ending import SuiteInterruptedError
from benchmark.suite.engines import local
from benchmark.suite.engines.engine import Watch, execute
from benchmark.suite.engines.local import Local, default_workers, loaders, visible_gpus
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.execution import Ending, outstanding
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.claims import claim
from benchmark.suite.store.runs import read_run, read_runs, run_folder


def ended(
    runs: list[PlannedRun],
    out: Path,
    workers: int = 2,
    gpus: tuple[str, ...] = (),
    note: Callable[[str], None] = lambda text: None,
) -> tuple[Outlook, dict[int, Ending]]:
    endings: dict[int, Ending] = {}
    outlook = execute(
        runs,
        out,
        Local(workers, list(gpus), fake_work),
        watch=Watch(
            on_ended=lambda run, ending: endings.update({run.config.seed: ending}), note=note
        ),
    )
    return outlook, endings


def test_failed_and_killed_runs_are_stored_and_the_others_go_on(tmp_path: Path) -> None:
    runs = planned("fine", "fails", "killed", "fine", "exits")
    outlook, endings = ended(runs, tmp_path)
    assert (outlook.finished, outlook.failed) == (2, 3)
    states = ["finished", "failed", "failed", "finished", "failed"]
    assert [endings[n].state for n in range(5)] == states
    stored = {run.config.seed: run for run in read_runs(tmp_path).runs}
    assert [stored[n].state for n in range(5)] == states
    assert stored[1].error == "no luck"
    assert "was killed (SIGKILL), as systems do where memory runs out" in str(stored[2].error)
    assert stored[4].error == "its process died with exit status 3"
    assert stored[0].metrics == {"recall@1": 0.5}
    left = {path.name for run in runs for path in run_folder(tmp_path, run.id).iterdir()}
    assert left == {
        "config.json",
        "result.json",
        "log.txt",
        "claim-000001.json",
        "claim-000002.json",
    }


def test_finished_runs_are_not_made_again_and_failed_ones_are(tmp_path: Path) -> None:
    runs = planned("fine", "fails")
    ended(runs, tmp_path)
    assert outstanding(runs, tmp_path, print) == [runs[1]]
    (run_folder(tmp_path, runs[1].id) / "mended").touch()
    before = (run_folder(tmp_path, runs[0].id) / "result.json").stat().st_mtime_ns
    outlook, endings = ended(runs, tmp_path)
    assert endings == {1: Ending("finished")}
    assert (outlook.finished, outlook.failed) == (2, 0)
    assert (run_folder(tmp_path, runs[0].id) / "result.json").stat().st_mtime_ns == before
    assert read_run(run_folder(tmp_path, runs[1].id)).state == "finished"
    assert ended(runs, tmp_path)[1] == {}


def test_a_run_that_another_process_makes_is_left_to_it(tmp_path: Path) -> None:
    runs = planned("fine", "fine")
    folder = run_folder(tmp_path, runs[0].id)
    claim(folder)  # by this process
    outlook, endings = ended(runs, tmp_path)
    assert (outlook.finished, outlook.elsewhere, outlook.failed) == (1, 1, 0)
    assert endings[0].state == "elsewhere" and f"process {os.getpid()} on" in str(endings[0].reason)
    assert read_run(folder).state == "going on"
    assert read_run(run_folder(tmp_path, runs[1].id)).state == "finished"


def test_the_death_of_a_process_is_not_written_over_a_finished_result(tmp_path: Path) -> None:
    runs = planned("fine")
    ended(runs, tmp_path)
    folder = run_folder(tmp_path, runs[0].id)
    before = (folder / "result.json").read_bytes()
    from benchmark.suite.execution import store_death

    assert store_death(folder, "it died") == Ending("finished")
    assert (folder / "result.json").read_bytes() == before


def test_notes_of_runs_are_passed_on(tmp_path: Path) -> None:
    notes: list[str] = []
    ended(planned("notes"), tmp_path, note=notes.append)
    assert notes == ["d o a seed 0: something to know"]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 75)]
)
def test_signals_end_the_runs_and_keep_what_is_done(
    number: int, status: int, tmp_path: Path
) -> None:
    runs = planned("fine", "waits", "waits", "fine")
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        if len(notes) == 2:  # both wait
            os.kill(os.getpid(), number)

    handlers = signal.getsignal(number)
    with pytest.raises(SuiteInterruptedError) as interrupted:
        ended(runs, tmp_path, note=note)
    assert interrupted.value.status == status
    assert signal.getsignal(number) == handlers
    assert notes[2].startswith("stopping: runs are saved at the end of their step")
    assert read_run(run_folder(tmp_path, runs[0].id)).state == "finished"
    assert read_run(run_folder(tmp_path, runs[3].id)).state == "not run"


def test_an_error_here_leaves_no_process_behind(tmp_path: Path) -> None:
    engine = Local(1, [], fake_work)

    def fail(text: str) -> None:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError, match="waiting"):
        execute(planned("waits", "fine"), tmp_path, engine, watch=Watch(note=fail))
    assert not engine._active
    assert [run.state for run in read_runs(tmp_path).runs] == ["not run", "not run"]


def test_each_worker_has_a_gpu_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = planned("waits", "waits", "waits")
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        if len(notes) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SuiteInterruptedError):
        ended(runs, tmp_path, workers=3, gpus=("3", "GPU-ab"), note=note)
    seen = [(run_folder(tmp_path, run.id) / "log.txt").read_text() for run in runs]
    # In turn, where there are fewer than runs; each is free to use its own.
    assert sorted(seen) == ["3, False", "3, False", "GPU-ab, False"]


def test_gpus_workers_and_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "cores", lambda: 12)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(local.torch.cuda, "device_count", lambda: 4)
    assert visible_gpus() == ["0", "1", "2", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-5c")
    assert visible_gpus() == ["2", "GPU-5c"]
    runs = planned("fine")
    assert (default_workers(runs), loaders([run.config for run in runs], 12)) == (12, 0)
    assert default_workers(planned("fine", threads=4)) == 3
    runs = planned("fine", threads=4, device="cuda")
    configs = [run.config for run in runs]
    assert (default_workers(runs), loaders(configs, 2), loaders(configs, 1)) == (2, 5, 8)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == [] and default_workers(runs) == 1

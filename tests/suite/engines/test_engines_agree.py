"""Every engine makes the same runs with the same numbers, to the bit."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from long_tests import LONG, long

from benchmark.bench.faults.store import differences, outcome, planned
from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError
from benchmark.suite.engines.choice import choose_engine
from benchmark.suite.engines.engine import Watch, execute
from benchmark.suite.engines.ray import Ray
from benchmark.suite.engines.slurm import RunJob, Slurm
from benchmark.suite.engines.worker import work
from benchmark.suite.execution import Ending, Task, request
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_runs, run_folder
from benchmark.training.environment import code_version
from benchmark.training.interruption import Interruption


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[PlannedRun]:
    return planned(tmp_path_factory.mktemp("suite"))[: 3 if LONG else 1]


@pytest.fixture(scope="module")
def expected(runs: list[PlannedRun], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("local") / "store"
    outlook = execute(runs, out, choose_engine("local", None, runs, 2))
    assert outlook.finished == len(runs)
    return outcome(out)


def test_submitit_makes_the_same(
    runs: list[PlannedRun], expected: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("submitit")
    notes: list[str] = []
    engine = choose_engine("slurm", "cluster=local,time=5", runs, None)
    outlook = execute(runs, tmp_path / "store", engine, watch=Watch(note=notes.append))
    assert (outlook.finished, outlook.failed) == (len(runs), 0)
    assert differences(tmp_path / "store", expected) == []
    assert notes[0].startswith(f"{len(runs)} jobs were submitted: ")
    kept = {path.suffix for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert kept == {".json", ".npz", ".safetensors", ".txt"}  # submitit's pickles lie elsewhere


@long
def test_a_preempted_job_goes_on(
    runs: list[PlannedRun], expected: dict[str, Any], tmp_path: Path
) -> None:
    """The signal that SLURM sends before it takes a node away, in the middle of a run."""
    pytest.importorskip("submitit")
    out = tmp_path / "store"
    folder = run_folder(out, runs[0].id)

    def interrupt() -> None:
        while not list(folder.glob("training/checkpoint-*")):
            time.sleep(0.01)
        (held,) = folder.glob("claim-*.json")
        os.kill(json.loads(held.read_text())["process"], signal.SIGUSR2)

    watch = Watch(note=lambda text: threading.Thread(target=interrupt).start())
    engine = Slurm({"cluster": "local", "time": "5"}, gpu=False)
    assert execute(runs[:1], out, engine, watch=watch).finished == 1
    (stored,) = read_runs(out).runs
    assert [one.end for one in stored.attempts] == ["interrupted", "finished"]
    assert differences(out, {runs[0].id: expected[runs[0].id]}) == []


@long
def test_ray_makes_the_same_though_a_node_is_lost(
    runs: list[PlannedRun], expected: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    script = tmp_path / "on_ray.py"
    script.write_text(ON_RAY)
    answer = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    assert differences(tmp_path / "store", expected) == []
    said = json.loads(answer.stdout.splitlines()[-1])
    assert said == {"killed": True, "states": ["finished"] * 3}
    attempts = [len(run.attempts) for run in read_runs(tmp_path / "store").runs]
    assert sorted(attempts) == [1, 1, 2]


ON_RAY = """
import json, sys, threading, time
from pathlib import Path

import psutil
import ray
from ray.cluster_utils import Cluster

from benchmark.bench.faults.store import planned
from benchmark.suite.store.claims import owner_of
from benchmark.suite.engines.engine import Watch, execute
from benchmark.suite.engines.ray import Ray
from benchmark.suite.store.runs import run_folder

root = Path(sys.argv[1])
runs = planned(root)[:3]
out = root / "store"
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
second = cluster.add_node(num_cpus=1)
ray.init(address=cluster.address, log_to_driver=False)
killed = []

def kill():
    raylet = second.all_processes["raylet"][0].process.pid
    while not killed:
        for run in runs:
            found = owner_of(run_folder(out, run.id))
            begun = (run_folder(out, run.id) / "attempts.json").exists()
            if begun and found and psutil.Process(found[0].process).ppid() == raylet:
                cluster.remove_node(second, allow_graceful=False)
                killed.append(True)
                break
        time.sleep(0.01)

threading.Thread(target=kill, daemon=True).start()
states = []
watch = Watch(on_ended=lambda run, ending: states.append(ending.state))
execute(runs, out, Ray({}, gpu=False), watch=watch)
print(json.dumps({"killed": bool(killed), "states": states}))
ray.shutdown()
cluster.shutdown()
"""


def test_a_worker_of_another_commit_refuses(runs: list[PlannedRun], tmp_path: Path) -> None:
    request(runs[:1], tmp_path)
    task = Task(str(tmp_path), runs[0].id, "0123456789ab", 10.0)
    ending = work(task, Interruption())
    assert ending.state == "refused"
    assert "the suite was planned by 0123456789ab" in str(ending.reason)
    assert [path.name for path in run_folder(tmp_path, runs[0].id).iterdir()] == ["config.json"]


def test_a_job_holds_strings_and_numbers_alone(runs: list[PlannedRun]) -> None:
    pytest.importorskip("submitit")
    job = RunJob(out="/out", run_id="1", code=code_version(), checkpoint_minutes=10.0)
    assert all(isinstance(value, str | int | float) for value in job.task.values())
    again = job.checkpoint().function
    assert isinstance(again, RunJob) and again.task == job.task


@pytest.mark.parametrize(
    ("name", "options", "workers", "words"),
    [
        ("slurm", "colour=red", None, "--engine slurm has no option 'colour'. It has partition"),
        ("ray", "time=3", None, "--engine ray has no option 'time'. It has address"),
        ("local", "time=3", None, "--engine local has no option 'time'. It has processes"),
        ("slurm", "partition", None, "'partition' is no key=value"),
        ("slurm", "time=1,time=2", None, "time is given twice"),
        ("slurm", "time=soon", None, "time=soon: a whole number is wanted"),
        ("ray", None, 3, "--workers belongs to --engine local"),
    ],
)
def test_options_that_are_wrong_are_refused(
    name: str, options: str | None, workers: int | None, words: str, runs: list[PlannedRun]
) -> None:
    with pytest.raises(UserError) as refused:
        choose_engine(name, options, runs, workers)
    assert words in str(refused.value)


def test_nothing_to_make_starts_nothing(tmp_path: Path) -> None:
    for engine in (Slurm({}, gpu=False), Ray({}, gpu=False)):
        assert execute([], tmp_path, engine).total == 0


def test_without_slurm_it_says_so(runs: list[PlannedRun], tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    if os.environ.get("SLURM_CONF"):
        pytest.skip("there is a SLURM here")
    with pytest.raises(UserError, match=r"--engine slurm: .*sbatch"):
        execute(runs[:1], tmp_path, Slurm({}, gpu=False))


@long
def test_watching_may_end_while_jobs_go_on(
    runs: list[PlannedRun], expected: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("submitit")
    out = tmp_path / "store"
    engine = Slurm({"cluster": "local", "time": "5"}, gpu=False)
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        if len(notes) == 1:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with pytest.raises(SuiteInterruptedError):
        execute(runs[:1], out, engine, watch=Watch(note=note))
    assert "the jobs go on without being watched" in notes[1]
    deadline = time.monotonic() + 120
    while not (run_folder(out, runs[0].id) / "result.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    ended: list[Ending] = []
    watch = Watch(on_ended=lambda run, ending: ended.append(ending))
    time.sleep(1)  # for what comes after the result
    assert execute(runs[:1], out, engine, watch=watch).finished == 1 and ended == []
    assert differences(out, {runs[0].id: expected[runs[0].id]}) == []

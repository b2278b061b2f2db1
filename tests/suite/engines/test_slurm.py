"""The engine on a real SLURM, where one runs: `tests/engines/start_slurm.sh` starts one here."""

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from benchmark.bench.faults.store import differences, outcome, planned
from benchmark.suite.engines.choice import choose_engine
from benchmark.suite.engines.engine import Watch, execute
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_runs, run_folder

pytestmark = pytest.mark.skipif(
    "SLURM_CONF" not in os.environ or shutil.which("sbatch") is None,
    reason="no SLURM here; tests/engines/start_slurm.sh starts one",
)


def test_a_job_that_is_requeued_half_way_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    configs = [run.config.model_copy(update={"epochs": 10}) for run in planned(tmp_path)[:2]]
    runs = [PlannedRun(config) for config in configs]
    out, alone = tmp_path / "store", tmp_path / "local"
    folder = run_folder(out, runs[0].id)
    requeued: list[str] = []

    def requeue(array: str) -> None:
        while not list(folder.glob("training/checkpoint-*")):
            time.sleep(0.01)
        subprocess.run(["scontrol", "requeue", f"{array}_0"], check=True)
        requeued.append(array)

    def note(text: str) -> None:
        found = re.search(r"jobs were submitted: (\d+)", text)
        if found is not None:
            threading.Thread(target=requeue, args=(found[1],), daemon=True).start()

    engine = choose_engine("slurm", "partition=tests,time=30,cpus=1,parallel=1", runs, None)
    outlook = execute(runs, out, engine, checkpoint_minutes=0.0, watch=Watch(note=note))
    assert (outlook.finished, outlook.failed, len(requeued)) == (2, 0, 1)
    attempts = {run.id: [one.end for one in run.attempts] for run in read_runs(out).runs}
    assert attempts[runs[0].id] in (["interrupted", "finished"], [None, "finished"])
    assert attempts[runs[1].id] == ["finished"]
    execute(runs, alone, choose_engine("local", None, runs, 1))
    assert differences(out, outcome(alone)) == []

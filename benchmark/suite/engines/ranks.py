"""One run in several processes of this machine, which torchrun starts.

The first process claims, evaluates and stores the run, as a process alone would; the others take
its steps with it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.suite.execution import Ending, Note, Report, Task, make
from benchmark.suite.store.claims import owner_of
from benchmark.suite.store.runs import read_config, run_folder
from benchmark.suite.store.upkeep import progress_of
from benchmark.training import train
from benchmark.training.distributed import from_first, is_first, process_group
from benchmark.training.interruption import Interruption, RunInterruptedError

_ENDING = "ending: "


def make_in_ranks(
    task: Task, processes: int, report: Report, note: Note, interruption: Interruption
) -> Ending:
    """Make a run in so many processes, and pass on what they say."""
    folder = run_folder(Path(task.out), task.run_id)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--local-addr", "127.0.0.1", "--nproc-per-node", str(processes)),
            *("-m", __name__, json.dumps(asdict(task))),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")},
    )
    asked = False
    with interruption.steps():
        while process.poll() is None:
            progress = progress_of(folder)
            if progress is not None:
                report(progress)
            if interruption.requested is not None and not asked:
                asked = _ask_first(folder, process)
            time.sleep(0.2)
    output, errors = process.communicate()
    for line in output.splitlines():
        if line.startswith(_ENDING):
            return Ending(**json.loads(line.removeprefix(_ENDING)))
    last = (errors.strip().splitlines() or ["no message"])[-1]
    note(f"its processes ended with status {process.returncode}")
    return Ending("failed", f"its {processes} processes ended without a result: {last}")


def _ask_first(folder: Path, process: "subprocess.Popen[str]") -> bool:
    """Ask the run's first process to end, which the others then do with it.

    torchrun would give them 30 seconds, which may be less than a step takes.
    """
    found = owner_of(folder)
    if found is None:
        process.terminate()
    else:
        os.kill(found[0].process, signal.SIGTERM)
    return True


def main(text: str) -> None:
    """In one of the processes: make the run, or take part in it."""
    task = Task(**json.loads(text))
    config = read_config(run_folder(Path(task.out), task.run_id))
    interruption = Interruption()
    with interruption.listening(), process_group(config.device):
        if is_first():
            trained = _Announced()
            ending = make(task, lambda progress: None, print, interruption, trained)
            if not trained.begun:
                from_first(False)
            print(f"{_ENDING}{json.dumps(asdict(ending))}", flush=True)
        elif from_first(None):
            folder = run_folder(Path(task.out), task.run_id)
            with contextlib.suppress(RunInterruptedError):  # the first process says so
                train(
                    config,
                    folder,
                    lambda progress: None,
                    task.loaders,
                    interruption=interruption,
                    checkpoint_minutes=task.checkpoint_minutes,
                )


class _Announced:
    """`train` that tells the other processes that it begins."""

    def __init__(self) -> None:
        self.begun = False

    def __call__(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        self.begun = True
        from_first(True)
        return train(*arguments, **options)


if __name__ == "__main__":
    main(sys.argv[1])

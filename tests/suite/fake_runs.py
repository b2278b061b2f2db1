"""Runs that take no time: what becomes of each stands in its configuration."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import torch
from run_configs import run_config

from benchmark.durable import write_json
from benchmark.suite.execution import Ending, Task
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.claims import Owner, claim
from benchmark.suite.store.runs import read_config, run_folder, write_failure, write_result
from benchmark.training import Progress

GPUS_AT_IMPORT = os.environ.get("CUDA_VISIBLE_DEVICES")  # when libraries may count them


def fake_work(task: Task, channel: Any) -> None:
    """Stands for a run, in a process of its own."""
    folder = run_folder(Path(task.out), task.run_id)
    fate = read_config(folder).objective.options["fate"]
    held = claim(folder)
    if isinstance(held, Owner):
        channel.send(Ending("elsewhere", f"{held} makes it"))
        return
    refused = torch.cuda._is_in_bad_fork()  # what torch asks itself before it uses a GPU
    (folder / "log.txt").write_text(f"{GPUS_AT_IMPORT}, {refused}")
    channel.send(Progress(1, 2, 1, 2, 0.5))
    if fate == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fate == "exits":
        os._exit(3)
    if fate == "notes":
        channel.send("something to know")
    if fate == "waits":
        _wait(channel)
        return
    if fate == "fails" and not (folder / "mended").exists():
        write_failure(folder, "no luck")
        held.release()
        channel.send(Ending("failed", "no luck"))
        return
    write_result(folder, {"state": "finished", "metrics": {"recall@1": 0.5}})
    held.release(for_good=True)
    channel.send(Ending("finished"))


def _wait(channel: Any) -> None:
    """Until a signal asks to end."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: asked.append(number))
    channel.send("waiting")
    deadline = time.monotonic() + 60
    while not asked and time.monotonic() < deadline:
        time.sleep(0.01)
    channel.send(Ending("interrupted", "asked", asked[0]))


def planned(*fates: str, **changes: Any) -> list[PlannedRun]:
    """A run for each fate; its number is its seed."""
    return [
        PlannedRun(
            run_config(
                dataset={"type": "d"},
                objective={"type": "o", "fate": fate},
                objective_name="o",
                arm="a",
                seed=number,
                **changes,
            )
        )
        for number, fate in enumerate(fates)
    ]


def environment_of(folder: Path, commit: str) -> None:
    """Let the run in `folder` be of `commit`."""
    write_json(folder / "environment.json", {"commit": commit})

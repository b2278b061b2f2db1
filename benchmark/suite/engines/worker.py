"""A run on a machine that only the store connects with the one that planned it."""

import time
from pathlib import Path

from benchmark.suite.execution import Ending, Task, make
from benchmark.suite.store import claims
from benchmark.suite.store.claims import owner_of
from benchmark.suite.store.runs import run_folder
from benchmark.training.environment import code_version
from benchmark.training.interruption import Interruption


def work(task: Task, interruption: Interruption) -> Ending:
    """Make a task's run in this process; refuse it where this machine has other code.

    A run that was begun on a machine that is gone is taken over once its heartbeat is missed.
    """
    present = code_version()
    if present != task.code:
        return Ending(
            "refused",
            f"the code here is {present}, but the suite was planned by {task.code}: bring both to "
            "the same commit, without changes",
        )
    while True:
        ending = make(task, lambda progress: None, print, interruption)
        if ending.state != "elsewhere" or not _freed(run_folder(Path(task.out), task.run_id)):
            return ending


def _freed(folder: Path) -> bool:
    """Whether the run's owner turned out to be gone; wait until that, or its next heartbeat."""
    before = float("-inf")
    while (found := owner_of(folder)) is not None:
        age = found[1]
        if age < before:
            return False
        before = age
        time.sleep(claims.HEARTBEAT_SECONDS / 3)
    return True

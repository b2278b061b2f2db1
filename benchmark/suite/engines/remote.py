"""What engines on other machines share: the store says how far each run is."""

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.execution import Ending, Task
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import read_result, run_folder
from benchmark.suite.store.upkeep import progress_of
from benchmark.training.interruption import on_signals

POLL_SECONDS = 1.0
"""Between two looks at the store."""


def sent(task: Task) -> dict[str, Any]:
    """A task as the strings and numbers that a worker is sent."""
    return asdict(task)


def ending_in_store(folder: Path) -> Ending | None:
    """How a run ended, by its result; None where there is none yet."""
    try:
        result = read_result(folder)
    except UserError as error:
        return Ending("failed", str(error))
    if result is None:
        return None
    if result.state == "finished":
        return Ending("finished")
    return Ending("failed", result.error)


def stamp(folder: Path) -> int:
    """What changes when a result is stored; 0 where there is none."""
    try:
        return (folder / "result.json").stat().st_mtime_ns
    except OSError:
        return 0


def show_progress(outlook: Outlook, runs: list[PlannedRun], out: Path) -> None:
    """Put how far `runs` are, of those that have begun, into `outlook`."""
    for run in runs:
        progress = progress_of(run_folder(out, run.id))
        if progress is not None:
            outlook.active[run.id] = run.label, progress


class Stopping:
    """Whether a signal asked this process to end; for a loop that looks at it."""

    def __init__(self) -> None:
        self.number: int | None = None

    def listening(self) -> contextlib.AbstractContextManager[None]:
        """Note signals within the block."""
        return on_signals(self._note)

    def _note(self, number: int) -> None:
        self.number = number


def whole_number(options: dict[str, str], name: str, default: int) -> int:
    """An option of an engine that counts something. Raises UserError for anything else."""
    text = options.get(name, str(default))
    if not text.isdecimal():
        raise UserError(f"--engine-options {name}={text}: a whole number is wanted")
    return int(text)


def check_options(engine: str, options: dict[str, str], known: dict[str, str]) -> None:
    """Raise UserError for an option that isn't in `known`, which says what each is."""
    for name in options:
        if name not in known:
            listed = "; ".join(f"{key}: {meaning}" for key, meaning in known.items())
            raise UserError(f"--engine {engine} has no option {name!r}. It has {listed}.")

"""Trials: a suite is made by processes that get killed, then made to its end, then compared."""

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.bench.faults.operations import Operations
from benchmark.bench.faults.store import differences, planned
from benchmark.report import write_report
from benchmark.suite.engines.choice import choose_engine
from benchmark.suite.engines.engine import execute
from benchmark.suite.execution import Task, make, outstanding, request
from benchmark.suite.plan import PlannedRun
from benchmark.training.environment import code_version
from benchmark.training.interruption import Interruption

SECONDS = 300
"""After so long a trial hangs, and has not survived."""
_CONTEXT = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Verdict:
    """How a trial went: which kills there were, and what was wrong afterwards."""

    kills: list[str]
    wrong: list[str]


class Trials:
    """Trials with `runs`, of which an uninterrupted suite left `expected`."""

    def __init__(self, runs: list[PlannedRun], expected: dict[str, Any]) -> None:
        self.runs = runs
        self.expected = expected
        self.code = code_version()

    def killed_before(self, out: Path, operation: int) -> Verdict:
        """One process is killed before its operation on files number `operation`."""
        request(self.runs, out)
        operations = Operations(out, operation)
        with _started([lambda: self._make_watched(out, operations)]) as [process]:
            died = _ended(process)
        kills = [f"operation {operation}"] if died else []
        return Verdict(kills, self._finish(out))

    def killed_at_random(self, out: Path, processes: int, draw: random.Random) -> Verdict:
        """`processes` make one store at a time; each is killed at a random moment, three times."""
        request(self.runs, out)
        kills = []
        for _ in range(3):
            work = [lambda: self.make(out)] * processes
            with _started(work) as started:
                for process in draw.sample(started, len(started)):
                    time.sleep(draw.uniform(0, 2.5 / processes))
                    if process.is_alive():
                        process.kill()
                        kills.append("SIGKILL")
        return Verdict(kills, self._finish(out))

    def asked_to_end(self, out: Path, number: int, draw: random.Random) -> Verdict:
        """A process is sent the signal `number` at random moments, and ends by itself."""
        request(self.runs, out)
        kills, wrong = [], []
        for _ in range(3):
            with _started([lambda: self.make(out)]) as [process]:
                time.sleep(draw.uniform(0.1, 2.5))
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, number)
                    kills.append(signal.Signals(number).name)
                if not _ended(process):
                    continue
                if process.exitcode == -signal.SIGKILL:
                    wrong.append("it didn't end")
        return Verdict(kills, wrong + self._finish(out))

    def killed_engine(
        self, out: Path, engine: str, options: str | None, draw: random.Random
    ) -> Verdict:
        """The process that watches an engine is killed, with what it started, then run again."""
        kills = []
        for _ in range(2):
            process = self._command(out, engine, options)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(5, 25))
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                kills.append(f"SIGKILL of {engine} and all that it started")
            process.wait()
        process = self._command(out, engine, options)
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Verdict(kills, [f"{engine} hung"])
        wrong = [f"{engine} ended with status {status}"] if status else []
        return Verdict(kills, wrong + self._finish(out))

    def killed_report(self, out: Path, source: Path, operation: int, table: bytes) -> Verdict:
        """The report on a finished store is killed, and then written again."""
        out.symlink_to(source)
        operations = Operations(source, operation)

        def report() -> None:
            with operations.watched():
                write_report(out)

        with _started([report]) as [process]:
            died = _ended(process)
        write_report(out)
        wrong = [] if (out / "table.csv").read_bytes() == table else ["table.csv differs"]
        return Verdict(["report"] if died else [], wrong + differences(out, self.expected))

    def _command(self, out: Path, engine: str, options: str | None) -> "subprocess.Popen[bytes]":
        """The suite by an engine, in a process group of its own."""
        code = (
            "import sys\nfrom pathlib import Path\n"
            "from benchmark.bench.faults.trials import make_by_engine\n"
            "make_by_engine(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])\n"
        )
        suite = out.parent / f"{out.name}.suite"
        suite.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-c", code, str(suite), str(out), engine, options or ""],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _make_watched(self, out: Path, operations: Operations) -> None:
        with operations.watched():
            self.make(out)

    def make(self, out: Path) -> None:
        """Make what isn't finished, as a worker does it, one run after another."""
        interruption = Interruption()
        with interruption.listening():
            for run in outstanding(self.runs, out, lambda note: None):
                task = Task(str(out), run.id, self.code, checkpoint_minutes=0.002)
                ending = make(task, lambda progress: None, lambda note: None, interruption)
                if ending.state == "interrupted":
                    return

    def _finish(self, out: Path) -> list[str]:
        """Make the rest without a kill, and compare."""
        with _started([lambda: self.make(out)]) as [process]:
            if not _ended(process, by_itself=True):
                return ["making the rest hung"]
        if process.exitcode:
            return [f"making the rest ended with status {process.exitcode}"]
        return differences(out, self.expected)


def operations_of(work: Callable[[], None], folder: Path) -> list[str]:
    """The operations on files that `work` does, in a process of its own."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)

    def listed() -> None:
        operations = Operations(folder)
        with operations.watched():
            work()
        sender.send(operations.names)

    with _started([listed]) as [process]:
        names: list[str] = receiver.recv()
        process.join()
    return names


def make_by_engine(suite: Path, out: Path, engine: str, options: str) -> None:
    """Make the suite by an engine; for a process of its own."""
    runs = planned(suite)
    workers = 2 if engine == "local" else None
    outlook = execute(runs, out, choose_engine(engine, options, runs, workers))
    if outlook.finished < len(runs):
        raise SystemExit(1)


@contextlib.contextmanager
def _started(work: list[Callable[[], None]]) -> Any:
    """A forked process for each piece of work; none of them outlives the block."""
    processes = [_CONTEXT.Process(target=one) for one in work]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def _ended(process: Any, by_itself: bool = False) -> bool:
    """Wait for a process; whether it was killed, or with `by_itself` whether it ended at all."""
    process.join(SECONDS)
    if by_itself:
        return process.exitcode is not None
    return bool(process.exitcode == -signal.SIGKILL)

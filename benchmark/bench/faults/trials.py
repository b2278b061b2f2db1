"""Trials: runs are made by processes that get killed, then made to their end, then compared."""

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from benchmark.bench.faults.operations import Operations
from benchmark.bench.faults.store import differences, planned
from benchmark.report import write_report
from benchmark.suite.engines.choice import choose_engine
from benchmark.suite.engines.engine import execute
from benchmark.suite.execution import Task, make, outstanding, request
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.claims import owner_of
from benchmark.suite.store.runs import run_folder
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
    """Trials with `runs`, of which an uninterrupted suite left `expected` by id.

    A run takes about `seconds`.
    """

    def __init__(self, runs: list[PlannedRun], expected: dict[str, Any], seconds: float) -> None:
        self.runs = runs
        self.expected = expected
        self.seconds = seconds
        self.code = code_version()

    def of(self, run: PlannedRun) -> "Trials":
        """Trials with one of the runs."""
        expected = {run.id: self.expected[run.id]} if self.expected else {}
        return Trials([run], expected, self.seconds)

    def killed_before(self, out: Path, number: int, name: str) -> Verdict:
        """One process is killed before its operation on files `number`, which is called `name`."""
        operations = Operations(out, number)

        def work() -> None:
            with operations.watched():
                self.make(out)

        with _started([work]) as [process]:
            died = _killed(process)
        return Verdict([name] if died else [], self._finish(out))

    def killed_at_random(self, out: Path, processes: int, draw: random.Random) -> Verdict:
        """`processes` make one store at a time, and each is killed at a random moment."""
        whole = self.seconds * len(self.runs) / processes
        with _started([lambda: self.make(out)] * processes) as started:
            begun = time.monotonic()
            moments = sorted(draw.uniform(0, whole) for _ in started)
            kills = []
            for process, moment in zip(started, moments, strict=True):
                process.join(max(0.0, begun + moment - time.monotonic()))
                if process.is_alive():
                    process.kill()
                    kills.append(f"SIGKILL after {moment:.2f} s")
        return Verdict(kills, self._finish(out))

    def asked_to_end(self, out: Path, number: int, draw: random.Random) -> Verdict:
        """A process is sent the signal `number` at a random moment, and ends by itself."""
        kills, wrong = [], []
        moment = draw.uniform(0.2, 1) * self.seconds
        with _started([lambda: self.make(out)]) as [process]:
            process.join(moment)
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, number)
                kills.append(f"{signal.Signals(number).name} after {moment:.2f} s")
            process.join(SECONDS)
            if process.exitcode is None:
                wrong.append("it was asked to end, and didn't")
        return Verdict(kills, wrong + self._finish(out))

    def killed_workers(self, out: Path, engine: str, options: str, draw: random.Random) -> Verdict:
        """Two workers of an engine are killed at random moments; it goes on, or is run again."""
        kills: list[str] = []
        killed: set[int] = set()
        with self._command(out, engine, options) as process:
            deadline = time.monotonic() + SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                worker = next(iter(self._workers(out) - killed), None)
                if worker is not None and len(kills) < 2:
                    time.sleep(draw.uniform(0, self.seconds / 4))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)
                        kills.append(f"SIGKILL of a worker of {engine}")
                    killed.add(worker)
                time.sleep(0.01)
            hung = process.poll() is None
        return Verdict(kills, [f"{engine} hung"] * hung + self._finish(out))

    def killed_report(self, out: Path, source: Path, number: int, name: str) -> Verdict:
        """The report on the finished store `source` is killed, and then written again."""
        out.mkdir()
        (out / "runs").symlink_to(source / "runs")
        operations = Operations(out, number)

        def report() -> None:
            with operations.watched():
                report_on(out)

        with _started([report]) as [process]:
            died = _killed(process)
        with _started([lambda: report_on(out)]) as [process]:
            process.join(SECONDS)
        wrong = [] if process.exitcode == 0 else ["the report wasn't written"]
        if _contents(out) != _contents(source):
            wrong.append("the report differs")
        return Verdict([name] if died else [], wrong + differences(out, self.expected))

    def _workers(self, out: Path) -> set[int]:
        """The processes that make a run now."""
        found = (owner_of(run_folder(out, run.id)) for run in self.runs)
        return {one[0].process for one in found if one is not None}

    @contextlib.contextmanager
    def _command(self, out: Path, engine: str, options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """The suite by an engine, in a process of its own with a session of its own."""
        code = (
            "import sys\nfrom pathlib import Path\n"
            "from benchmark.bench.faults.trials import make_by_engine\n"
            "make_by_engine(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])\n"
        )
        suite = out.parent / f"{out.name}.suite"
        suite.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(suite), str(out), engine, options],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def make(self, out: Path) -> None:
        """Make what isn't finished, as a worker does it, one run after another."""
        interruption = Interruption()
        request(self.runs, out)
        with interruption.listening():
            for run in outstanding(self.runs, out, lambda note: None):
                task = Task(str(out), run.id, self.code, checkpoint_minutes=0.002)
                ending = make(task, lambda progress: None, lambda note: None, interruption)
                if ending.state == "interrupted":
                    return

    def _finish(self, out: Path) -> list[str]:
        """Make the rest without a kill, and compare."""
        with _started([lambda: self.make(out)]) as [process]:
            process.join(SECONDS)
            if process.exitcode is None:
                return ["making the rest hung"]
        if process.exitcode:
            return [f"making the rest ended with status {process.exitcode}"]
        return differences(out, self.expected)


def operations_of(work: Callable[[], None], folder: Path) -> list[str]:
    """The operations on files below `folder` that `work` does, in a process of its own."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)

    def listed() -> None:
        operations = Operations(folder)
        with operations.watched():
            work()
        sender.send(operations.names)

    with _started([listed]) as [process]:
        sender.close()
        names: list[str] = receiver.recv()
        process.join()
    return names


def make_by_engine(suite: Path, out: Path, engine: str, options: str) -> None:
    """Make the suite by an engine; for a process of its own."""
    runs = planned(suite)
    workers = 2 if engine == "local" else None
    execute(runs, out, choose_engine(engine, options, runs, workers), checkpoint_minutes=0.002)


def report_on(out: Path) -> None:
    """Write the report on a store."""
    write_report(out)


def _contents(out: Path) -> dict[str, bytes]:
    """What a report wrote, apart from pictures and pages with times in them."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.suffix in (".csv", ".md", ".tex")
    }


@contextlib.contextmanager
def _started(work: list[Callable[[], None]]) -> Iterator[list[ForkProcess]]:
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


def _killed(process: ForkProcess) -> bool:
    """Wait for a process; whether it was killed, rather than came to its end."""
    process.join(SECONDS)
    return process.exitcode == -signal.SIGKILL

"""Where runs run: each in a process of its own, several at a time, watched from here.

A process of its own means that a run can't be disturbed by the one before it, and that one that
is killed is a failed run rather than the end of the suite. The processes are forked from a server
that has the libraries loaded, so that starting one takes a moment.
"""

import contextlib
import io
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmark.durable import write_json, write_text
from benchmark.errors import UserError
from benchmark.run_config import RunConfig
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store import read_run, read_stored, run_folder
from benchmark.suite.stored_files import Environment, Result
from benchmark.training import Progress, remove_checkpoints, train
from benchmark.training.environment import UNKNOWN, describe
from benchmark.training.memory import keep_freed_memory


@dataclass
class Outlook:
    """What there is to show while a suite runs; `active` maps a run's id to label and progress."""

    total: int
    finished: int = 0
    failed: int = 0
    active: dict[str, tuple[str, Progress | None]] = field(default_factory=dict)
    work_done: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def ended(self) -> int:
        """Runs that need no more work."""
        return self.finished + self.failed

    def seconds_left(self) -> float | None:
        """Time left at the pace so far; None until there is one."""
        going = [p.step / p.steps for _, p in self.active.values() if p is not None]
        done = self.work_done + sum(going)
        if done <= 0:
            return None
        return (time.monotonic() - self.started) * (self.total - self.ended - sum(going)) / done


def outstanding(runs: list[PlannedRun], out: Path) -> list[PlannedRun]:
    """The runs that have no finished result in `out`."""
    return [
        run
        for run in runs
        if not (run_folder(out, run.id) / "result.json").exists()
        or read_run(run_folder(out, run.id)).state != "finished"
    ]


def reused_from_other_commits(runs: list[PlannedRun], out: Path, present: str) -> int:
    """How many runs are finished in `out` that another commit than `present` made.

    Runs whose commit isn't known aren't counted, and none are where the present one isn't.
    """
    if present == UNKNOWN:
        return 0
    found = 0
    for folder in (run_folder(out, run.id) for run in runs):
        result, environment = folder / "result.json", folder / "environment.json"
        if result.exists() and environment.exists():
            finished = read_stored(result, Result).state == "finished"
            commit = read_stored(environment, Environment).commit or UNKNOWN
            found += finished and commit not in (UNKNOWN, present)
    return found


@dataclass(frozen=True)
class _Ended:
    """A run's last message."""

    error: str | None


Work = Callable[[RunConfig, Path, Connection], None]


def execute(
    runs: list[PlannedRun],
    out: Path,
    *,
    workers: int,
    work: Work | None = None,
    show: Callable[[Outlook], None] = lambda outlook: None,
    told: Callable[[PlannedRun, str | None], None] = lambda run, error: None,
) -> Outlook:
    """Make the runs that `out` doesn't hold yet, `workers` at a time.

    A run that failed before is tried again; one that was interrupted goes on from its last
    checkpoint. `show` is called whenever something moved, `told` with every run that ended and
    its error (None where there is none). `work` is what a process does with its run; the default
    trains. Nothing is lost when this process is interrupted.
    """
    for run in runs:
        write_json(run_folder(out, run.id) / "config.json", run.config.as_json())
    waiting = outstanding(runs, out)
    outlook = Outlook(total=len(runs), finished=len(runs) - len(waiting))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmark.suite.execution"])
    active: dict[Connection, tuple[PlannedRun, BaseProcess]] = {}
    process: BaseProcess
    try:
        while waiting or active:
            while waiting and len(active) < workers:
                run = waiting.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=work or _train,
                    args=(run.config, run_folder(out, run.id), theirs),
                    daemon=False,
                )
                process.start()
                theirs.close()
                active[ours] = run, process
                outlook.active[run.id] = run.label, None
            for channel in wait(list(active), timeout=1.0):
                assert isinstance(channel, Connection)
                run, process = active[channel]
                try:
                    message = channel.recv()
                except EOFError:
                    process.join()
                    message = _Ended(f"its process died with exit status {process.exitcode}")
                    _store_failure(run_folder(out, run.id), message.error or "")
                if isinstance(message, Progress):
                    outlook.active[run.id] = run.label, message
                    continue
                process.join()
                del active[channel], outlook.active[run.id]
                channel.close()
                outlook.work_done += 1
                outlook.finished += message.error is None
                outlook.failed += message.error is not None
                show(outlook)
                told(run, message.error)
            show(outlook)
    finally:
        for _, process in active.values():
            process.terminate()
        for _, process in active.values():
            process.join()
    return outlook


def _store_failure(folder: Path, error: str) -> None:
    write_json(folder / "result.json", {"state": "failed", "error": error})


def _train(config: RunConfig, folder: Path, channel: Connection) -> None:
    """In the run's own process: train, store, tell."""
    # An interrupt from the keyboard reaches this process too; the one that watches ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = io.StringIO()
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 0.2 or progress.step == progress.steps:
            last = now
            try:
                channel.send(progress)
            except BrokenPipeError:  # nobody watches any more: leave the checkpoint as it is
                raise SystemExit(1) from None

    error: str | None = None
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            if config.device == "cpu":
                keep_freed_memory()
            write_json(folder / "environment.json", describe(config.device, config.threads))
            result = train(config, folder, report, loaders(config))
        write_json(folder / "result.json", result)
        remove_checkpoints(folder)
    except UserError as problem:
        error = str(problem)
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
        output.write(traceback.format_exc())
    if error is not None:
        # Where nothing can be written, the one that watches is told all the same.
        with contextlib.suppress(UserError):
            _store_failure(folder, " ".join(error.split()))
            write_text(folder / "log.txt", f"{output.getvalue()}\n{error}\n")
    channel.send(_Ended(error))


def loaders(config: RunConfig) -> int:
    """Processes that decode a run's images: up to 8 on a GPU; a CPU is busy with training."""
    return 0 if config.device == "cpu" else min(8, _cores() - 1)


def default_workers(runs: list[PlannedRun]) -> int:
    """As many as the cores carry on a CPU; one on a GPU."""
    if any(run.config.device != "cpu" for run in runs):
        return 1
    return max(1, _cores() // max(run.config.threads for run in runs))


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1

"""Runs on this machine, each in a process of its own, several at a time, watched from here.

A process of its own means that a run can't be disturbed by the one before it, and that one that
is killed is a failed run rather than the end of the suite. The processes of runs on a CPU are
forked from a server that has the libraries loaded, so that starting one takes a moment. Those of
runs on a GPU start afresh: torch refuses the GPU to a process that was forked from one that has
counted the GPUs, as mmengine does when it is imported.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError
from benchmark.run_config import RunConfig
from benchmark.suite.engines.engine import Watch, count
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.engines.ranks import make_in_ranks
from benchmark.suite.execution import Ending, Task, make, store_death
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import run_folder
from benchmark.training import Progress
from benchmark.training.interruption import Interruption, on_signals

Work = Callable[[Task, Connection], None]


@dataclass(frozen=True)
class _Started:
    """A run that is being made: its process, and the GPU that the process sees."""

    run: PlannedRun
    process: BaseProcess
    gpu: str | None


PRELOADED = "benchmark.suite.engines.preloaded"
"""Loaded before the processes of runs on a CPU are forked."""


class Local:
    """Makes runs in `workers` processes; on `gpus` one a worker, in turn where there are fewer.

    `loaders` processes decode each run's images, and `processes` share each of its batches; an
    item of `gpus` then names as many. `work` is what a process does; the default makes its
    task's run.
    """

    def __init__(
        self,
        workers: int,
        gpus: list[str],
        work: Work | None = None,
        *,
        loaders: int = 0,
        processes: int = 1,
    ) -> None:
        self.workers = workers
        self.gpus = gpus
        self.loaders = loaders
        self.work = work or partial(_make, processes=processes)
        self._signal: int | None = None
        self._active: dict[Connection, _Started] = {}

    def make(
        self, runs: list[PlannedRun], task: Callable[[str], Task], outlook: Outlook, watch: Watch
    ) -> None:
        """Make the runs; see `Engine`."""
        context = multiprocessing.get_context("spawn" if self.gpus else "forkserver")
        context.set_forkserver_preload([__name__, PRELOADED])
        waiting = list(runs)
        stopping = False
        self._signal = None
        with on_signals(self._received):
            try:
                while self._active or (waiting and not stopping):
                    while waiting and len(self._active) < self.workers and self._signal is None:
                        self._start(context, waiting.pop(0), task, outlook)
                    if self._signal is not None and not stopping:
                        stopping = True
                        watch.note(
                            "stopping: runs are saved at the end of their step; again to stop at "
                            "once, without saving"
                        )
                        self._ask_to_end()
                    for channel in wait(list(self._active), timeout=0.5):
                        assert isinstance(channel, Connection)
                        self._receive(channel, task, outlook, watch)
                    watch.show(outlook)
            finally:
                for started in self._active.values():
                    started.process.kill()
                for started in self._active.values():
                    started.process.join()
                self._active.clear()
        if self._signal is not None:
            raise SuiteInterruptedError(self._signal)

    def _start(
        self,
        context: multiprocessing.context.BaseContext,
        run: PlannedRun,
        task: Callable[[str], Task],
        outlook: Outlook,
    ) -> None:
        gpu = self._free_gpu()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=self.work, args=(task(run.id), theirs))  # type: ignore[attr-defined]
        with _seeing(gpu):
            process.start()
        theirs.close()
        self._active[ours] = _Started(run, process, gpu)
        outlook.active[run.id] = run.label, None

    def _free_gpu(self) -> str | None:
        """The GPU with the fewest runs."""
        used = [started.gpu for started in self._active.values()]
        return min(self.gpus, key=used.count) if self.gpus else None

    def _receive(
        self, channel: Connection, task: Callable[[str], Task], outlook: Outlook, watch: Watch
    ) -> None:
        started = self._active[channel]
        run, process = started.run, started.process
        try:
            message = channel.recv()
        except EOFError:
            process.join()
            if self._signal is not None:  # asked to end before it could listen
                message = Ending("interrupted")
            else:
                folder = run_folder(Path(task(run.id).out), run.id)
                message = store_death(folder, _death(process.exitcode))
        if isinstance(message, Progress):
            outlook.active[run.id] = run.label, message
            return
        if isinstance(message, str):
            watch.note(f"{run.label}: {message}")
            return
        self._ended(channel, message, outlook, watch)

    def _ended(self, channel: Connection, ending: Ending, outlook: Outlook, watch: Watch) -> None:
        started = self._active.pop(channel)
        started.process.join()
        channel.close()
        count(outlook, started.run, ending)
        watch.show(outlook)
        watch.on_ended(started.run, ending)

    def _received(self, number: int) -> None:
        if self._signal is not None:  # for the second time: at once
            raise SuiteInterruptedError(number)
        self._signal = number

    def _ask_to_end(self) -> None:
        for started in self._active.values():
            if started.process.pid is not None and started.process.is_alive():
                os.kill(started.process.pid, signal.SIGTERM)


def _death(exitcode: int | None) -> str:
    """What to say of a process that ended without a word."""
    if exitcode == -signal.SIGKILL:
        return (
            "its process was killed (SIGKILL), as systems do where memory runs out: make fewer "
            "runs at a time (--workers), or lower sampler.classes"
        )
    if exitcode is not None and exitcode < 0:
        return f"its process was ended by {signal.Signals(-exitcode).name}"
    return f"its process died with exit status {exitcode}"


@contextmanager
def _seeing(gpu: str | None) -> Iterator[None]:
    """Let a process that is started here see this GPU alone, before its imports count them."""
    name, before = "CUDA_VISIBLE_DEVICES", os.environ.get("CUDA_VISIBLE_DEVICES")
    if gpu is not None:
        os.environ[name] = gpu
    try:
        yield
    finally:
        if before is not None:
            os.environ[name] = before
        elif gpu is not None:
            del os.environ[name]


def _make(task: Task, channel: Connection, processes: int = 1) -> None:
    """Make a run, and send what happens."""
    interruption = Interruption()

    def send(message: Progress | str) -> None:
        try:
            channel.send(message)
        except OSError:  # nobody watches any more: save, and end
            interruption.request(signal.SIGTERM)

    with interruption.listening():
        if processes > 1:
            ending = make_in_ranks(task, processes, _sometimes(send), send, interruption)
        else:
            ending = make(task, _sometimes(send), send, interruption)
    with suppress(OSError):
        channel.send(ending)


def _sometimes(send: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Five times a second, and at the end."""
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 0.2 or progress.step == progress.steps:
            last = now
            send(progress)

    return report


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name.strip()]
    return [str(number) for number in range(torch.cuda.device_count())]


def grouped(gpus: list[str], size: int) -> list[str]:
    """The GPUs in groups of `size`, each as CUDA_VISIBLE_DEVICES names it.

    Raises UserError where there are fewer than one group needs.
    """
    if len(gpus) < size:
        raise UserError(f"--engine-options processes={size}: there are {len(gpus)} GPUs here")
    return [",".join(gpus[i : i + size]) for i in range(0, len(gpus) - size + 1, size)]


def default_workers(runs: list[PlannedRun]) -> int:
    """As many as the cores carry on a CPU; one a GPU."""
    if any(run.config.device != "cpu" for run in runs):
        return max(1, len(visible_gpus()))
    return max(1, cores() // max(run.config.threads for run in runs))


def loaders(configs: Iterable[RunConfig], workers: int) -> int:
    """Processes that decode a run's images: up to 8 on a GPU; a CPU is busy with training."""
    if all(config.device == "cpu" for config in configs):
        return 0
    return max(1, min(8, cores() // workers - 1))


def cores() -> int:
    """The processors that this process may use."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return found or 1

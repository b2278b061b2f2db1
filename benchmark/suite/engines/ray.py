"""Runs as tasks of a Ray cluster; install dam-benchmark[ray].

Ray starts a run again on another node where one is lost, and the run goes on from the store. Each
task has a process of its own. What Ray keeps may be thrown away: `run` again makes what isn't
finished.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.ending import SuiteInterruptedError
from benchmark.errors import UserError
from benchmark.suite.engines.engine import Watch, count
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.engines.remote import (
    POLL_SECONDS,
    Stopping,
    check_options,
    sent,
    show_progress,
    whole_number,
)
from benchmark.suite.engines.worker import work
from benchmark.suite.execution import Ending, Task
from benchmark.suite.plan import PlannedRun
from benchmark.training.interruption import Interruption

OPTIONS = {
    "address": "of a cluster that runs, or auto; without one, a cluster is started here",
    "cpus": "processors for a run (default 1)",
    "gpus": "GPUs for a run (default 1 where it trains on one)",
}


def make_run(**task: Any) -> list[Any]:
    """In a worker's process: make a run; returns how it ended, why, and by which signal."""
    interruption = Interruption()
    with interruption.listening():
        ending = work(Task(**task), interruption)
    return [ending.state, ending.reason, ending.number]


class Ray:
    """Makes runs as tasks; `options` are those of `OPTIONS`."""

    def __init__(self, options: dict[str, str], *, gpu: bool) -> None:
        check_options("ray", options, OPTIONS)
        self.address = options.get("address")
        self.cpus = whole_number(options, "cpus", 1)
        self.gpus = whole_number(options, "gpus", 1 if gpu else 0)
        self.loaders = max(1, self.cpus - 1) if gpu else 0

    def make(
        self, runs: list[PlannedRun], task: Callable[[str], Task], outlook: Outlook, watch: Watch
    ) -> None:
        """Start the runs' tasks and watch them; see `Engine`."""
        if not runs:
            return
        try:
            import ray
        except ImportError as error:
            raise UserError("--engine ray needs Ray: pip install '.[ray]'") from error
        started = not ray.is_initialized()
        if started:
            self._connect(ray)
        try:
            # A process that is given back after one run, so that none is disturbed by another.
            remote = ray.remote(
                num_cpus=self.cpus, num_gpus=self.gpus, max_retries=-1, max_calls=1
            )(make_run)
            waiting = {remote.remote(**sent(task(run.id))): run for run in runs}
            self._watch(ray, waiting, Path(task(runs[0].id).out), outlook, watch)
        finally:
            if started:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        # "local" starts one; without an address Ray looks for the last one that ran here, which may
        # be gone.
        options: dict[str, Any] = {"address": self.address}
        if self.address is None:
            options = {"address": "local", "include_dashboard": False}
        try:
            ray.init(**options, log_to_driver=False)
        except Exception as error:  # Ray raises bare ones too
            raise UserError(f"--engine ray: there is no cluster to use: {error}") from error

    def _watch(
        self, ray: Any, waiting: dict[Any, PlannedRun], out: Path, outlook: Outlook, watch: Watch
    ) -> None:
        stopping = Stopping()
        asked = False
        with stopping.listening():
            while waiting:
                if stopping.number is not None and not asked:
                    asked = True
                    watch.note("stopping: runs are saved at the end of their step")
                    for reference in waiting:
                        ray.cancel(reference)  # which is Ctrl-C in the worker
                ended, _ = ray.wait(list(waiting), timeout=POLL_SECONDS)
                for reference in ended:
                    run = waiting.pop(reference)
                    ending = _ending(ray, reference)
                    count(outlook, run, ending)
                    watch.on_ended(run, ending)
                show_progress(outlook, list(waiting.values()), out)
                watch.show(outlook)
        if stopping.number is not None:
            raise SuiteInterruptedError(stopping.number)


def _ending(ray: Any, reference: Any) -> Ending:
    """What a task returned, or why it couldn't."""
    try:
        state, reason, number = ray.get(reference)
    except ray.exceptions.TaskCancelledError:
        return Ending("interrupted")
    except ray.exceptions.RayError as error:
        return Ending("failed", f"its worker was lost: {str(error).partition(chr(10))[0]}")
    return Ending(state, reason, number)

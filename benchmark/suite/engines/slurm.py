"""Runs as jobs of a SLURM cluster, by submitit; install dam-benchmark[slurm].

Each run is a job of one array. A job that is preempted, or whose time is nearly over, saves its run
at the end of the step and is put into the queue again, where it goes on. What submitit keeps lies
beside the store, in `<out>.slurm`, and may be thrown away: `run` again submits what isn't finished.
"""

import signal
import time
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
    ending_in_store,
    sent,
    show_progress,
    stamp,
    whole_number,
)
from benchmark.suite.engines.worker import work
from benchmark.suite.execution import Ending, Task
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import run_folder
from benchmark.training.interruption import Interruption

OPTIONS = {
    "partition": "its name",
    "time": "minutes for a run until it is saved and queued again (default 240)",
    "cpus": "processors for a run (default 4)",
    "gpus": "GPUs for a run (default 1 where it trains on one)",
    "memory": "GB for a run",
    "parallel": "runs at a time (default 64)",
    "account": "what is charged",
    "qos": "quality of service",
    "constraint": "features of the nodes",
    "warning": "seconds before the end of the time at which a run is saved (default 120)",
    "cluster": "slurm, or local for processes of this machine in its place",
}
REQUEUES = 1000
"""How often a run may be queued again."""


class RunJob:
    """What a job does; all that it holds are the strings and numbers of a task."""

    def __init__(self, **task: Any) -> None:
        self.task = task

    def __call__(self) -> list[str | None]:
        """Make the run; returns how it ended, and why."""
        from submitit.core.job_environment import JobEnvironment

        warning = JobEnvironment._usr_sig()
        requeue = signal.getsignal(warning)
        interruption = Interruption()
        with interruption.listening(warning):
            ending = work(Task(**self.task), interruption)
        if ending.number == warning and callable(requeue):
            # submitit's own handler queues the job again, now that the run is saved.
            requeue(warning, None)
        if ending.number == signal.SIGTERM:
            # SLURM takes the job away, to queue it again or for good. A result would say that it
            # came to its end.
            raise SystemExit(128 + signal.SIGTERM)
        return [ending.state, ending.reason]

    def checkpoint(self) -> Any:
        """What submitit queues again: the same task, as the run goes on from the store."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(RunJob(**self.task))


class Slurm:
    """Makes runs as jobs; `options` are those of `OPTIONS`."""

    def __init__(self, options: dict[str, str], *, gpu: bool) -> None:
        check_options("slurm", options, OPTIONS)
        for name in ("time", "memory", "parallel", "warning"):  # now, rather than at the submission
            whole_number(options, name, 0)
        self.options = options
        self.gpus = whole_number(options, "gpus", 1 if gpu else 0)
        self.cluster = options.get("cluster", "slurm")
        self.cpus = whole_number(options, "cpus", 4)
        self.loaders = max(1, self.cpus - 1) if gpu else 0

    def make(
        self, runs: list[PlannedRun], task: Callable[[str], Task], outlook: Outlook, watch: Watch
    ) -> None:
        """Submit the runs and watch them; see `Engine`.

        An interruption ends the watching alone: the jobs go on, and `scancel` ends them.
        """
        if not runs:
            return
        out = Path(task(runs[0].id).out)
        executor = self._executor(out.with_name(f"{out.name}.slurm"))
        # A result that lies there already is of an attempt that failed.
        before = {run.id: stamp(run_folder(out, run.id)) for run in runs}
        jobs = self._submit(executor, runs, task)
        waiting = {run.id: (run, job) for run, job in zip(runs, jobs, strict=True)}
        named = ", ".join(dict.fromkeys(str(job.job_id).partition("_")[0] for job in jobs))
        watch.note(f"{len(jobs)} jobs were submitted: {named}")
        stopping = Stopping()
        with stopping.listening():
            while waiting and stopping.number is None:
                for run, job in list(waiting.values()):
                    ending = self._ending(run_folder(out, run.id), before[run.id], job)
                    if ending is not None:
                        del waiting[run.id]
                        count(outlook, run, ending)
                        watch.on_ended(run, ending)
                show_progress(outlook, [run for run, _ in waiting.values()], out)
                watch.show(outlook)
                if waiting:
                    time.sleep(POLL_SECONDS)
        if stopping.number is not None:
            watch.note(
                f"the jobs go on without being watched; 'status --out {out}' shows them, and "
                f"'scancel {named}' ends them"
            )
            raise SuiteInterruptedError(stopping.number)

    def _executor(self, folder: Path) -> Any:
        try:
            import submitit
        except ImportError as error:
            raise UserError("--engine slurm needs submitit: pip install '.[slurm]'") from error
        try:
            executor = submitit.AutoExecutor(
                folder,
                cluster=self.cluster,
                slurm_max_num_timeout=REQUEUES,
                local_max_num_timeout=REQUEUES,
            )
        except RuntimeError as error:
            raise UserError(f"--engine slurm: {error}. Is sbatch there?") from error
        options = self.options
        slurm: dict[str, Any] = {
            f"slurm_{name}": options[name]
            for name in ("partition", "account", "qos", "constraint")
            if name in options
        }
        if "memory" in options:
            slurm["mem_gb"] = whole_number(options, "memory", 0)
        executor.update_parameters(
            name="dam-benchmark",
            timeout_min=whole_number(options, "time", 240),
            cpus_per_task=self.cpus,
            gpus_per_node=self.gpus,
            slurm_array_parallelism=whole_number(options, "parallel", 64),
            slurm_signal_delay_s=whole_number(options, "warning", 120),
            **slurm,
        )
        return executor

    def _submit(
        self, executor: Any, runs: list[PlannedRun], task: Callable[[str], Task]
    ) -> list[Any]:
        """A job for each run; together they are one array."""
        from submitit.core.utils import FailedJobError

        try:
            with executor.batch():
                return [executor.submit(RunJob(**sent(task(run.id)))) for run in runs]
        except FailedJobError as error:
            said = " ".join(str(error).split())
            raise UserError(f"--engine slurm: sbatch refuses the jobs: {said}") from error

    def _ending(self, folder: Path, before: int, job: Any) -> Ending | None:
        """How a run ended; None while its job is queued or running."""
        done = job.done()
        ending = ending_in_store(folder) if stamp(folder) != before else None
        if ending is not None or not done:
            return ending
        error = job.exception()
        if error is None:
            state, reason = job.result()
            return Ending(state, reason)
        return Ending("failed", f"its job ended without a result: {error}")

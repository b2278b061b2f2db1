"""What an engine is, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmark.data.root import root
from benchmark.suite.engines.outlook import Outlook
from benchmark.suite.execution import Ending, Task, outstanding, request
from benchmark.suite.plan import PlannedRun
from benchmark.training.environment import code_version
from benchmark.training.run import CHECKPOINT_MINUTES


@dataclass(frozen=True)
class Watch:
    """What an engine calls as things happen."""

    show: Callable[[Outlook], None] = lambda outlook: None
    """With the state of things, whenever something moved."""
    on_ended: Callable[[PlannedRun, Ending], None] = lambda run, ending: None
    """With every run that ended."""
    note: Callable[[str], None] = lambda text: None
    """With what a user should know."""


class Engine(Protocol):
    """What makes runs."""

    loaders: int
    """Processes that decode the images of each run."""

    def make(
        self, runs: list[PlannedRun], task: Callable[[str], Task], outlook: Outlook, watch: Watch
    ) -> None:
        """Make `runs`, each by the task for its id; keep `outlook` and call `watch`.

        Raises SuiteInterruptedError where it was asked to end before all were made.
        """
        ...


def execute(
    runs: list[PlannedRun],
    out: Path,
    engine: Engine,
    *,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    track: str | None = None,
    watch: Watch = Watch(),
) -> Outlook:
    """Let `engine` make the runs that `out` doesn't hold yet.

    A run that failed before is tried again; one that was interrupted goes on from its last
    checkpoint, saved within epochs every `checkpoint_minutes`. `track` names what training is shown
    in while it goes on. Raises SuiteInterruptedError where a
    signal asked to end; nothing is lost then.
    """
    request(runs, out)
    waiting = outstanding(runs, out, watch.note)
    outlook = Outlook(total=len(runs), finished=len(runs) - len(waiting))
    code = code_version()
    data_root = root()

    def task(run_id: str) -> Task:
        return Task(
            out=str(out.resolve()),
            run_id=run_id,
            code=code,
            checkpoint_minutes=checkpoint_minutes,
            loaders=engine.loaders,
            data_root=None if data_root is None else str(data_root),
            track=track,
        )

    engine.make(waiting, task, outlook, watch)
    return outlook


def count(outlook: Outlook, run: PlannedRun, ending: Ending) -> None:
    """Note in `outlook` that a run ended."""
    outlook.active.pop(run.id, None)
    outlook.work_done += ending.state in ("finished", "failed")
    outlook.finished += ending.state == "finished"
    outlook.failed += ending.state in ("failed", "refused")
    outlook.interrupted += ending.state == "interrupted"
    outlook.elsewhere += ending.state == "elsewhere"

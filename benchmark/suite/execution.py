"""One run: claimed, begun or gone on with, and stored.

Whoever makes a run claims it first; until then nothing but its `config.json` is written, which has
the same bytes whoever writes it. An attempt ends as finished, failed with a reason, or interrupted,
and a result that is finished is never replaced.
"""

import contextlib
import io
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark.data.root import use_root
from benchmark.data.transport import loader_death
from benchmark.durable import leftovers, write_json, write_text
from benchmark.errors import UserError
from benchmark.models.joined import processes
from benchmark.run_config import RunConfig
from benchmark.suite import throughput
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.attempts import Attempts, note_death
from benchmark.suite.store.claims import Claim, ClaimLostError, Owner, claim
from benchmark.suite.store.runs import (
    PROGRESS,
    is_finished,
    read_config,
    read_run,
    run_folder,
    write_failure,
    write_result,
)
from benchmark.training import Progress, remove_checkpoints, train
from benchmark.training.checkpoint import WORK, resumable
from benchmark.training.environment import UNKNOWN, code_version, describe
from benchmark.training.hooks.track import Track
from benchmark.training.interruption import Interruption, RunInterruptedError
from benchmark.training.memory import keep_freed_memory, out_of_memory

PROGRESS_SECONDS = 10.0
"""Between two notes of how far a run is, which `status` reads."""


@dataclass(frozen=True)
class Task:
    """What a worker is sent: where the run is, and how to make it; strings and numbers alone."""

    out: str
    run_id: str
    code: str
    """The version of the code that planned the run."""
    checkpoint_minutes: float
    loaders: int = 0
    """Processes that decode images."""
    data_root: str | None = None
    track: str | None = None
    """What the course of training is sent to, such as "tensorboard"."""


@dataclass(frozen=True)
class Ending:
    """How an attempt at a run ended, seen from the one who watches.

    "elsewhere" is a run that somebody else makes, "refused" one that this machine can't make.
    """

    state: Literal["finished", "failed", "interrupted", "elsewhere", "refused"]
    reason: str | None = None
    number: int | None = None
    """The signal that interrupted it."""


Report = Callable[[Progress], None]
Note = Callable[[str], None]


def request(runs: list[PlannedRun], out: Path) -> None:
    """Write down which runs are wanted: a worker reads them from the store."""
    for run in runs:
        path = run_folder(out, run.id) / "config.json"
        try:
            known = read_config(path.parent) == run.config
        except UserError:
            known = False
        if not known:
            write_json(path, run.config.as_json())


def outstanding(runs: list[PlannedRun], out: Path, note: Note) -> list[PlannedRun]:
    """The runs that have no finished result in `out`; `note` names the results that are damaged."""
    waiting = []
    for run in runs:
        folder = run_folder(out, run.id)
        try:
            done = is_finished(folder)
        except UserError as error:
            note(f"{error} It is made again.")
            done = False
        if not done:
            waiting.append(run)
        elif _is_untidy(folder):
            _tidy(folder)
    return waiting


def reused_from_other_commits(runs: list[PlannedRun], out: Path, present: str) -> int:
    """How many runs are finished in `out` that another commit than `present` made.

    Runs whose commit isn't known aren't counted, and none are where the present one isn't.
    """
    if present == UNKNOWN:
        return 0
    found = 0
    for folder in (run_folder(out, run.id) for run in runs):
        with contextlib.suppress(UserError):  # what is damaged is made again
            stored = read_run(folder)
            commit = stored.environment.commit or UNKNOWN
            found += stored.state == "finished" and commit not in (UNKNOWN, present)
    return found


def _is_untidy(folder: Path) -> bool:
    """Whether a finished run's folder holds what its process would have removed."""
    unneeded = [folder / WORK, folder / PROGRESS, *folder.glob("claim-*.json"), *leftovers(folder)]
    return any(path.exists() for path in unneeded)


def _tidy(folder: Path) -> None:
    """Remove what a finished run's process left behind when it was killed."""
    held = claim(folder)
    if isinstance(held, Claim):
        with held:
            for path in (folder / PROGRESS, *leftovers(folder)):
                path.unlink(missing_ok=True)
            remove_checkpoints(folder)
            held.release(for_good=True)


def make(
    task: Task,
    report: Report,
    note: Note,
    interruption: Interruption,
    training: Callable[..., dict[str, Any]] | None = None,
) -> Ending:
    """Make a run in this process, and store it; go on with it where it was interrupted.

    `report` gets its progress and `note` what a user should know. `interruption` may ask it to end.
    `training` stands for `train`.
    """
    folder = run_folder(Path(task.out), task.run_id)
    try:
        use_root(None if task.data_root is None else Path(task.data_root))
        held = claim(folder)
        if isinstance(held, Owner):
            return Ending("elsewhere", f"{held} makes it")
        with held:
            ending = _make_ours(task, folder, held, report, note, interruption, training or train)
            interruption.conclude()
            held.release(for_good=ending.state == "finished")
        return ending
    except RunInterruptedError as error:
        return Ending("interrupted", str(error), error.number)
    except ClaimLostError:
        return Ending("elsewhere", "another process took it over, as this one seemed to be gone")
    except UserError as error:
        return Ending("failed", str(error))


def _make_ours(
    task: Task,
    folder: Path,
    held: Claim,
    report: Report,
    note: Note,
    interruption: Interruption,
    training: Callable[..., dict[str, Any]],
) -> Ending:
    """Make a run that nobody else touches."""
    for path in leftovers(folder):
        path.unlink(missing_ok=True)
    with contextlib.suppress(UserError):  # a damaged result is replaced
        if is_finished(folder):
            remove_checkpoints(folder)
            return Ending("finished")
    config = read_config(folder)
    if config.device == "cpu":
        keep_freed_memory()
    environment = describe(config.device, config.threads)
    if processes() > 1:
        environment["processes"] = processes()
    resumed = resumable(folder)
    attempts = Attempts(folder, environment, resumed)
    if not resumed:
        write_json(folder / "environment.json", environment)
    (folder / "result.json").unlink(missing_ok=True)  # of an attempt that failed

    def noted(text: str) -> None:
        attempts.present.notes.append(text)
        note(text)

    if code_version() != task.code:
        noted("the code was changed while the suite ran; this run is made by what was loaded")

    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            result = training(
                config,
                folder,
                _watched(folder, held, report),
                task.loaders,
                interruption=interruption,
                checkpoint_minutes=task.checkpoint_minutes,
                track=_track(task, config),
                log=noted,
            )
        interruption.conclude()
        held.check()
        write_result(folder, result)
        attempts.end("finished")
        throughput.keep_run(config, result)
        remove_checkpoints(folder)
        return Ending("finished")
    except RunInterruptedError as error:
        interruption.conclude()
        held.check()
        attempts.end("interrupted", str(error))
        return Ending("interrupted", str(error), error.number)
    except ClaimLostError:
        raise
    except UserError as error:
        reason = str(error)
    except Exception as error:
        named = out_of_memory(error) or loader_death(error)
        reason = str(named or f"{type(error).__name__}: {error}")
        output.write(traceback.format_exc())
    finally:
        (folder / PROGRESS).unlink(missing_ok=True)
    interruption.conclude()
    reason = " ".join(reason.split())
    held.check()
    with contextlib.suppress(UserError):  # where nothing can be written, the watcher learns it
        write_failure(folder, reason)
        write_text(folder / "log.txt", f"{output.getvalue()}\n{reason}\n")
        attempts.end("failed", reason)
    return Ending("failed", reason)


def _track(task: Task, config: RunConfig) -> Track | None:
    """Where the tracker writes: a folder of the run, whose name people can read."""
    if task.track is None:
        return None
    name = re.sub(r"[^\w.=+-]+", "-", config.label)
    return Track(task.track, Path(task.out) / "track" / f"{name}-{task.run_id}")


def _watched(folder: Path, held: Claim, report: Report) -> Report:
    """`report`, which now and then also notes the progress for `status`, while the run is ours."""
    last = time.monotonic()

    def watched(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS:
            last = now
            held.check()
            write_json(folder / PROGRESS, progress._asdict())
        report(progress)

    return watched


def store_death(folder: Path, reason: str) -> Ending:
    """Store that the process of a run ended without a word, unless somebody has the run by now."""
    held = claim(folder)
    if isinstance(held, Owner):
        return Ending("elsewhere", f"{held} makes it")
    with held:
        finished = False
        with contextlib.suppress(UserError):
            finished = is_finished(folder)
        if finished:
            held.release(for_good=True)
            return Ending("finished")
        write_failure(folder, reason)
        note_death(folder, reason)
    return Ending("failed", reason)

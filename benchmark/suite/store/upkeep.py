"""Looking after a store: what is damaged in it, what can go, and how far its runs are."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.durable import leftovers
from benchmark.errors import UserError
from benchmark.suite.store.claims import Owner, claim, owner_of
from benchmark.suite.store.runs import (
    PROGRESS,
    StoredRun,
    is_finished,
    read_run,
    run_folders,
)
from benchmark.suite.store.sealing import damaged_files
from benchmark.training import Progress, remove_checkpoints
from benchmark.training.checkpoint import WORK, resumable
from benchmark.validation import known, shown


@dataclass(frozen=True)
class Checked:
    """A run's folder, and what is wrong there."""

    folder: Path
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is no fault, but not as it should be."""


def check_store(out: Path) -> list[Checked]:
    """Read every run below `out`, its weights and its other files."""
    return [_check(folder) for folder in run_folders(out)]


def _check(folder: Path) -> Checked:
    try:
        run = read_run(folder)
    except UserError as error:
        return Checked(folder, [str(error)])
    notes = []
    if owner_of(folder) is None:
        notes += [f"{path.name} was left behind" for path in leftovers(folder)]
        if run.state == "finished" and (folder / WORK).exists():
            notes.append("checkpoints of a finished run were left behind")
    if run.state != "finished":
        return Checked(folder, [], notes)
    if run.result.checksum is None:
        notes.append("it has no checksums: it was made before there were any")
    return Checked(folder, damaged_files(run.result.files, folder), notes)


@dataclass(frozen=True)
class Cleaned:
    """What was removed: how many files, and their bytes."""

    files: int
    size: int
    going_on: list[str]
    """The ids of runs that are being made, which were left alone."""


def clean_store(out: Path) -> Cleaned:
    """Remove what nobody needs: leftovers of killed processes, and finished runs' checkpoints.

    Runs, results and the checkpoints of unfinished runs stay.
    """
    files, size = 0, 0
    going_on = []
    for folder in run_folders(out):
        held = claim(folder)
        if isinstance(held, Owner):
            going_on.append(folder.name)
            continue
        with held:
            finished = _is_finished(folder)
            unneeded = leftovers(folder)
            if finished:
                unneeded += [path for path in (folder / WORK).rglob("*") if path.is_file()]
                unneeded += [folder / PROGRESS] if (folder / PROGRESS).exists() else []
            files += len(unneeded)
            size += sum(path.stat().st_size for path in unneeded)
            for path in unneeded:
                path.unlink(missing_ok=True)
            if finished:
                remove_checkpoints(folder)
            held.release(for_good=finished or not _begun(folder))
    return Cleaned(files, size, going_on)


def _is_finished(folder: Path) -> bool:
    try:
        return is_finished(folder)
    except UserError:
        return False


def _begun(folder: Path) -> bool:
    """Whether there is more in a run's folder than the wish to make it."""
    return resumable(folder) or (folder / "attempts.json").exists()


@dataclass(frozen=True)
class Status:
    """How far a run is; `owner` makes it now, and said so `heartbeat` seconds ago."""

    id: str
    label: str
    state: str
    owner: Owner | None = None
    heartbeat: float | None = None
    progress: Progress | None = None
    reason: str | None = None
    dataset: str | None = None
    """The data set's type; None where the run can't be read."""


def statuses(out: Path, only: Collection[str] = ()) -> list[Status]:
    """How far every run below `out` is, those that are going on first.

    With `only` those on these data sets. Raises UserError for one on which there is none.
    """
    found = [_status(folder) for folder in run_folders(out)]
    present = sorted({one.dataset for one in found if one.dataset is not None})
    for name in only:
        if name not in present:
            raise UserError(f"--only: no run is on {shown(name)}. {known(name, present)}")
    found = [one for one in found if not only or one.dataset in only]
    order = ("going on", "interrupted", "failed", "damaged", "not run", "finished")
    return sorted(found, key=lambda status: (order.index(status.state), status.label))


def _status(folder: Path) -> Status:
    try:
        run = read_run(folder)
    except UserError as error:
        return Status(folder.name, folder.name, "damaged", reason=str(error))
    owner, heartbeat = owner_of(folder) or (None, None)
    return Status(
        run.id,
        run.config.label,
        "going on" if owner is not None else run.state,
        owner,
        heartbeat,
        progress_of(folder),
        run.error or _last_reason(run),
        run.config.dataset.type,
    )


def _last_reason(run: StoredRun) -> str | None:
    if run.state == "interrupted" and run.attempts:
        return run.attempts[-1].reason or "its process was killed"
    return None


def progress_of(folder: Path) -> Progress | None:
    """How far a run is, as its worker last noted; None where it didn't yet."""
    try:
        noted = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        return Progress(**noted)
    except (OSError, ValueError, TypeError, RecursionError):
        return None

"""Stored runs whose data has changed since: found before any of them is reused or resumed."""

import contextlib
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from benchmark.durable import refusals_explained
from benchmark.errors import UserError
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.claims import owner_of
from benchmark.suite.store.runs import canonical, is_finished, run_folder
from benchmark.training.building import load_dataset
from benchmark.training.checkpoint import resumable
from benchmark.training.data_record import data_change, data_record, read_record

Choice = Literal["error", "redo", "keep"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


def settle_changed_data(runs: Iterable[PlannedRun], out: Path, choice: Choice) -> list[str]:
    """Compare what stored runs were made of with the data that is there; returns what was done.

    With "redo", runs of other data are moved to `out`/replaced, so that they are made again.
    With "keep", finished ones stay, and those that would be resumed are moved: no run mixes two
    states of its data. With "error", the first of them is a UserError.
    """
    present: dict[str, dict[str, Any]] = {}
    notes = []
    for run in runs:
        folder = run_folder(out, run.id)
        finished = False
        with contextlib.suppress(UserError):  # a damaged result is made again
            finished = is_finished(folder)
        if (not finished and not resumable(folder)) or owner_of(folder) is not None:
            continue
        kind = canonical(run.config.model_dump(mode="json", include={"dataset", "transform"}))
        if kind not in present:
            present[kind] = data_record(load_dataset(run.config))
        change = data_change(read_record(folder), present[kind])
        if not change:
            continue
        if choice == "error":
            raise UserError(
                f"{folder} ({run.label}) is of other data than is there now: {change}. Put the "
                "data back, or choose: --data-changed redo makes such runs again (the old ones "
                "are moved aside), --data-changed keep leaves finished ones as they are."
            )
        if choice == "keep" and finished:
            notes.append(f"{run.label} is kept, though its data has changed: {change}")
            continue
        aside = out / "replaced" / f"{run.id}-{secrets.token_hex(4)}"
        with refusals_explained(aside):
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
        notes.append(f"{run.label} is made again, the old run is now {aside}: {change}")
    return notes

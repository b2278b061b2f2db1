"""What is kept of a run, and how it is read back.

`DIR/runs/<id>/` holds

    config.json          the resolved configuration; its hash is the id
    environment.json     device, library versions, commit, threads
    attempts.json        who made the run, in how many goes, and how each ended
    result.json          status, metrics, training history, digests, timing, checksums
    log.txt              the training log
    weights.safetensors  what the last epoch left
    per_query.npz        what the last evaluation found for each query
    elements.npz         how often each element was kept, and how good it was when evaluated

and, while it is being made, a claim, its progress, and the folder `training` with checkpoints.

Files are written as `benchmark.durable` does it: a reader never meets half of one.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.durable import refusals_explained, write_json
from benchmark.errors import UserError
from benchmark.printable import printable
from benchmark.run_config import RunConfig
from benchmark.suite.store.attempts import FILE, Attempt, read_attempts
from benchmark.suite.store.claims import owner_of
from benchmark.suite.store.sealing import check_seal, sealed
from benchmark.suite.store.stored_files import Environment, Epoch, Images, Result, State
from benchmark.validation import Model, validated

PROGRESS = "progress.json"
"""How far a run that is going on has come."""


def canonical(config: dict[str, Any]) -> str:
    """The configuration as a string, in which the order of keys doesn't matter."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(config: dict[str, Any]) -> str:
    """The run's id: the first 12 hexadecimal digits of the SHA-256 of its configuration."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:12]


def check_writable(folder: Path) -> None:
    """Make `folder` where it is missing, and write a file there and remove it.

    Raises UserError where that fails, so that it fails before hours of work.
    """
    probe = folder / f".probe.{os.getpid()}"
    with refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"probe")
        probe.unlink()


def read_stored(path: Path, model: type[Model]) -> Model:
    """A file of a run as its model.

    Raises UserError, naming the file, where it is damaged or holds something else.
    """
    return _as_model(path, model, _read_json(path))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_int=_whole_number)
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _as_model(path: Path, model: type[Model], value: Any) -> Model:
    try:
        return validated(model, value)
    except UserError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, reason: Exception) -> UserError:
    return UserError(
        f"{path} can't be read ({reason}). Remove the folder {path.parent}, and the next "
        "'run' makes it again."
    )


def _whole_number(digits: str) -> int:
    if len(digits) > 19:
        raise ValueError(f"it holds a whole number of {len(digits)} digits")
    return int(digits)


@dataclass(frozen=True)
class StoredRun:
    """One run as it lies in its folder; see `benchmark.suite.store.stored_files`."""

    id: str
    folder: Path
    config: RunConfig
    result: Result
    environment: Environment
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def state(self) -> State:
        """How far it came."""
        return self.result.state

    @property
    def error(self) -> str | None:
        """Why it failed."""
        return self.result.error

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics by name, in [0, 1], after the last epoch."""
        return self.result.metrics

    @property
    def untrained(self) -> dict[str, float]:
        """Metrics by name before the first step."""
        return self.result.untrained

    @property
    def history(self) -> list[Epoch]:
        """One entry an epoch."""
        return self.result.history

    @property
    def digests(self) -> dict[str, str]:
        """What lets a reader check that two runs were paired."""
        return self.result.digests

    @property
    def dataset(self) -> Images:
        """What the data set is called, and its counts."""
        return self.result.dataset

    @property
    def warnings(self) -> list[str]:
        """What was wrong with it, although it ended."""
        return self.result.warnings

    @property
    def timing(self) -> dict[str, float]:
        """Seconds by what they were spent on."""
        return self.result.timing

    def changed_between_attempts(self) -> list[str]:
        """What differed between the attempts that this run was put together from, as sentences."""
        first = max((n for n, one in enumerate(self.attempts) if not one.resumed), default=0)
        environments = [one.environment for one in self.attempts[first:]]
        names = sorted({name for one in environments for name in one})
        found = []
        for name in names:
            values = list(dict.fromkeys(str(one.get(name, "unknown")) for one in environments))
            if len(values) > 1:
                found.append(
                    f"made in {len(environments)} attempts with another {name.replace('_', ' ')}: "
                    f"{', then '.join(values)}"
                )
        return found


def run_folder(out: Path, run_id: str) -> Path:
    """Where the run `run_id` is kept."""
    return out / "runs" / run_id


def read_config(folder: Path) -> RunConfig:
    """The configuration of the run in `folder`. Raises UserError where it isn't that run's."""
    path = folder / "config.json"
    config = _read_json(path)
    checked = _as_model(path, RunConfig, config)
    # The hash is that of the file: a run from before a key was added keeps its name.
    if folder.name != identity(config):
        raise UserError(
            f"{folder} isn't named {identity(config)}, the hash of its config.json: one of the two "
            "was changed. Remove the folder, and the next 'run' makes it again."
        )
    return checked


def read_result(folder: Path) -> Result | None:
    """The result of the run in `folder`, None where there is none yet.

    Raises UserError for one that is damaged or was changed.
    """
    path = folder / "result.json"
    if not path.exists():
        return None
    content = _read_json(path)
    result = _as_model(path, Result, content)
    try:
        check_seal(content, folder.name)
    except ValueError as error:
        raise _unreadable(path, error) from error
    return result


def is_finished(folder: Path) -> bool:
    """Whether the run in `folder` has a finished result. Raises UserError for a damaged one."""
    result = read_result(folder)
    return result is not None and result.state == "finished"


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Store a finished run's result, with checksums."""
    write_json(folder / "result.json", sealed(result, folder))


def write_failure(folder: Path, reason: str) -> None:
    """Store that a run failed. The caller has claimed it and knows that it isn't finished."""
    write_json(folder / "result.json", {"state": "failed", "error": reason})


def read_run(folder: Path) -> StoredRun:
    """One run, finished or not.

    Raises UserError where a file is damaged, or where the folder's name isn't the configuration's
    hash: then the results would be shown under settings that they don't come from.
    """
    config = read_config(folder)
    environment = folder / "environment.json"
    attempts = _attempts(folder)
    return StoredRun(
        id=folder.name,
        folder=folder,
        config=config,
        result=read_result(folder) or Result(state=_state(folder, attempts)),
        environment=(
            read_stored(environment, Environment) if environment.exists() else Environment()
        ),
        attempts=attempts,
    )


def _attempts(folder: Path) -> list[Attempt]:
    try:
        return read_attempts(folder)
    except (OSError, ValueError) as error:
        raise _unreadable(folder / FILE, error) from error


def _state(folder: Path, attempts: list[Attempt]) -> State:
    """The state of a run that has no result."""
    if owner_of(folder) is not None:
        return "going on"
    return "interrupted" if attempts else "not run"


def run_folders(out: Path) -> list[Path]:
    """The folders of all runs below `out`, in the order of their ids.

    Raises UserError where there is none, as below a mistyped folder.
    """
    folders = sorted(path for path in (out / "runs").glob("*") if path.is_dir())
    if not folders:
        raise UserError(
            f"There are no runs in {out}. Make some with: "
            f"python -m benchmark run --suite smoke --out {out}"
        )
    return folders


@dataclass(frozen=True)
class Damaged:
    """A run's folder that can't be read, and why."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class Stored:
    """What lies below an output folder: its runs in the order of their ids, and what is damaged."""

    runs: list[StoredRun]
    damaged: list[Damaged] = field(default_factory=list)


def read_runs(out: Path) -> Stored:
    """All runs below `out`. Raises UserError where there is none that can be read."""
    folders = run_folders(out)
    stored = Stored([])
    for folder in folders:
        try:
            stored.runs.append(read_run(folder))
        except UserError as error:
            stored.damaged.append(Damaged(folder, printable(str(error))))
    if not stored.runs:
        others = len(stored.damaged) - 1
        beside = f" {others} more can't be read either." if others else ""
        raise UserError(stored.damaged[0].reason + beside)
    return stored

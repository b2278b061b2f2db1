"""What is kept of a run, and how it is read back.

`DIR/runs/<id>/` holds

    config.json          the resolved configuration; its hash is the id
    environment.json     device, library versions, commit, threads
    result.json          status, metrics, training history, digests, timing
    log.txt              the training log
    weights.safetensors  what the last epoch left

Every file is written beside its place and moved there, so that a reader never meets half of one.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.suite.shape import State, check_config, check_environment, check_result

_REMEDIES = {
    errno.EISDIR: "Move the folder of that name away",
    errno.EEXIST: "Move the file away that stands where a folder has to be",
    errno.ENOTDIR: "Move the file away that stands where a folder has to be",
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room on that disk",
}


def canonical(config: dict[str, Any]) -> str:
    """The configuration as text, in which the order of keys doesn't matter."""
    return json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(config: dict[str, Any]) -> str:
    """The run's id: the first 12 hexadecimal digits of the SHA-256 of its configuration."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:12]


def check_writable(folder: Path) -> None:
    """Make `folder` where it is missing, and write a file there and remove it.

    Raises UserError where that fails, so that it fails before hours of work.
    """
    probe = folder / f".probe.{os.getpid()}"
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"probe")
        probe.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there. Raises UserError where that fails."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an OSError while `path` is written into a UserError: what, why, and what to do."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Make its folder writable")
        reason = error.strerror or error
        raise UserError(
            f"{path} can't be written ({reason}). {remedy}, or give another folder with --out."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file in the same way."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: Path, check: Callable[[Any], None]) -> Any:
    """Read JSON that `check` lets pass.

    Raises UserError, naming the file, where it is damaged or `check` raises ValueError.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        check(value)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} can't be read ({error}). Remove the folder {path.parent}, and the next "
            "'run' makes it again."
        ) from error
    return value


@dataclass(frozen=True)
class StoredRun:
    """One run as it lies in its folder.

    `metrics` and `untrained` map a metric's name to its value in [0, 1], after the last epoch and
    before the first step. `history` has one entry an epoch: `epoch`, `loss`, `seconds`, and
    `metrics` where the run was evaluated in between. `digests` (`initial_weights`, `batches`,
    `final_weights`) let a reader check that two runs were paired.
    """

    id: str
    folder: Path
    config: dict[str, Any]
    state: State
    error: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    untrained: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)


def run_folder(out: Path, run_id: str) -> Path:
    """Where the run `run_id` is kept."""
    return out / "runs" / run_id


def read_run(folder: Path) -> StoredRun:
    """One run, finished or not.

    Raises UserError where a file is damaged, or where the folder's name isn't the configuration's
    hash: then the results would be shown under settings that they don't come from.
    """
    config = read_json(folder / "config.json", check_config)
    if folder.name != identity(config):
        raise UserError(
            f"{folder} isn't named {identity(config)}, the hash of its config.json: one of the two "
            "was changed. Remove the folder, and the next 'run' makes it again."
        )
    environment = folder / "environment.json"
    result = folder / "result.json"
    return StoredRun(
        id=folder.name,
        folder=folder,
        config=config,
        environment=read_json(environment, check_environment) if environment.exists() else {},
        **(read_json(result, check_result) if result.exists() else {"state": "not run"}),
    )


def read_runs(out: Path) -> list[StoredRun]:
    """All runs below `out`, in the order of their ids."""
    folders = sorted(path.parent for path in (out / "runs").glob("*/config.json"))
    if not folders:
        raise UserError(
            f"There are no runs in {out}. Make some with: "
            f"python -m benchmark run --suite smoke --out {out}"
        )
    return [read_run(folder) for folder in folders]

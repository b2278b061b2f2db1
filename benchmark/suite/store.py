"""What is kept of a run, and how it is read back.

`DIR/runs/<id>/` holds

    config.json          the resolved configuration; its hash is the id
    environment.json     device, library versions, commit, threads
    result.json          status, metrics, training history, digests, timing
    log.txt              the training log
    weights.safetensors  what the last epoch left

Files are written as `benchmark.durable` does it: a reader never meets half of one.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.durable import refusals_explained
from benchmark.errors import UserError
from benchmark.suite.shape import State, check_config, check_environment, check_result


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
    with refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"probe")
        probe.unlink()


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

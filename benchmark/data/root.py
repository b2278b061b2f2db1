"""Where the data sets lie: one root, given once."""

import os
from pathlib import Path

from benchmark.errors import UserError
from benchmark.paths import expanded

VARIABLE = "DAM_BENCHMARK_DATA_ROOT"


def use_root(folder: Path | None) -> None:
    """Take `folder` as the data root of this process and of those it starts.

    Without a folder the environment variable DAM_BENCHMARK_DATA_ROOT stays as it is. Raises
    UserError where the folder can't be listed.
    """
    if folder is None:
        return
    folder = expanded(folder)
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise UserError(
            f"--data-root {folder}: the folder can't be read ({error.strerror}). "
            "Give the folder that holds the data sets' own folders."
        ) from error
    os.environ[VARIABLE] = str(folder.resolve())


def root() -> Path | None:
    """The data root, or None where none was given."""
    value = os.environ.get(VARIABLE)
    return expanded(value) if value else None


def no_root(name: str, folder: str) -> str:
    """What to say where `name` lies in `folder` below the data root, and there is none."""
    return (
        f"{name} is read from the folder {folder} below the data root, and none is given. "
        f"Give it with --data-root DIR or in the environment variable {VARIABLE}."
    )


def required_root(name: str, folder: str) -> Path:
    """The data root. Raises UserError if there is none."""
    found = root()
    if found is None:
        raise UserError(no_root(name, folder))
    return found

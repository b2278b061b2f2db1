"""Files that are either complete or not there, however the process or the machine ends.

A file is written under a temporary name in its own folder, synced, renamed to its place, and the
folder is synced: a reader never sees half a file, and a file that was there stays until the new
one is complete. Temporary names are unique, so that writers on several machines that share a
folder don't collide.
"""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.errors import UserError

TEMPORARY = ".part"
"""The suffix of a file that isn't complete yet."""

_REMEDIES = {
    errno.EISDIR: "Move the folder of that name away",
    errno.EEXIST: "Move the file away that stands where a folder has to be",
    errno.ENOTDIR: "Move the file away that stands where a folder has to be",
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room on that disk",
}


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A temporary path to write to, which is moved to `path` when the block ends.

    If the block raises, nothing is left. Raises UserError if the disk refuses.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    with refusals_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            _sync(beside)
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        sync_folder(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file. Raises UserError if the disk refuses."""
    with staged(path) as beside:
        beside.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, if the file system can."""
    if os.name == "nt":  # which can't open a folder, and keeps names by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def leftovers(folder: Path) -> list[Path]:
    """Temporary files in `folder` and below, of writers that were killed or are still writing."""
    return sorted(folder.rglob(f".*{TEMPORARY}"))


@contextlib.contextmanager
def refusals_explained(path: Path) -> Iterator[None]:
    """Turn an OSError while `path` is written into a UserError: what, why, and what to do."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Make its folder writable")
        reason = error.strerror or error
        raise UserError(
            f"{path} can't be written ({reason}). {remedy}, or give another folder with --out."
        ) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Paths as users write them, and what is there: a file, a folder, nothing, or something locked."""

import errno
import os
import stat
from pathlib import Path

from benchmark.errors import UserError

NOTHING_THERE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG))
"""Errors for a path that leads to nothing, as a loop of links does."""


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` or `~user` replaced by that home folder.

    A shell leaves the `~` of `--out=~/runs` and `dataset.path=~/images` to the program. The `~` of
    an unknown user stays as it is, as in a shell.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path.expanduser raises for such a user)


def exists(path: Path) -> bool:
    """Whether there is anything at `path`. Raises UserError if it may not be looked at."""
    return _mode(path) != 0


def is_file(path: Path) -> bool:
    """Whether there is a regular file. Raises UserError if it may not be looked at."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder. Raises UserError if it may not be looked at."""
    return stat.S_ISDIR(_mode(path))


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, sorted, without hidden ones; none if it can't be read.

    For suggestions only: folders that must not be overlooked are read elsewhere, with errors.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(
                Path(entry.path)
                for entry in found
                if not entry.name.startswith(".") and entry.is_dir()
            )
    except OSError:
        return []


def _mode(path: Path) -> int:
    """The kind and permissions of what is at `path`, or 0 if nothing is."""
    try:
        return path.stat().st_mode
    except ValueError:  # no path holds a zero byte, or half of a character
        return 0
    except OSError as error:
        if error.errno in NOTHING_THERE:
            return 0
        raise UserError(
            f"{path} can't be looked at ({error.strerror}). Mend the permissions of the folders "
            "that it lies in."
        ) from error


def require_regular(path: Path) -> None:
    """Raise OSError unless `path` leads to a regular file.

    Reading a pipe would wait forever for a writer, and a device may have no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it isn't a regular file", str(path))

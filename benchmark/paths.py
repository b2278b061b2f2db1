"""Paths as users write them, and what lies there: a file, a folder, nothing, or what is locked."""

import errno
import os
import stat
from pathlib import Path

from benchmark.errors import UserError

ABSENT = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG))
"""What the system says where there is nothing; a loop of links leads to nothing."""


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` or `~user` replaced by that home folder.

    A shell leaves the `~` of `--out=~/runs` and `dataset.path=~/images` to the program. One whose
    user isn't known stays as it is, as in a shell.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path.expanduser raises for such a user)


def exists(path: Path) -> bool:
    """Whether there is anything at `path`. Raises UserError where it may not be looked at."""
    return _mode(path) != 0


def is_file(path: Path) -> bool:
    """Whether there is a regular file. Raises UserError where it may not be looked at."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder. Raises UserError where it may not be looked at."""
    return stat.S_ISDIR(_mode(path))


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, sorted; hidden ones, and those in a folder that is locked, are not.

    For suggestions only: what must not be overlooked is read with an error of its own.
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
    """The kind and permissions of what `path` leads to, or 0 where that is nothing."""
    try:
        return path.stat().st_mode
    except ValueError:  # no path holds a zero byte, or half of a character
        return 0
    except OSError as error:
        if error.errno in ABSENT:
            return 0
        raise UserError(
            f"{path} can't be looked at ({error.strerror}). Mend the permissions of the folders "
            "that it lies in."
        ) from error


def require_regular(path: Path) -> None:
    """Raise OSError unless `path` leads to a regular file.

    Reading a pipe would wait for a writer for ever, and a device may have no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))

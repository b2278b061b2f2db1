"""What lies at a path: a file, a folder, nothing, or something that may not be looked at."""

import errno
import stat
from pathlib import Path

from benchmark.errors import UserError

ABSENT = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG))
"""What the system says where there is nothing; a loop of links leads to nothing."""


def exists(path: Path) -> bool:
    """Whether there is anything at `path`. Raises UserError where it may not be looked at."""
    return _mode(path) != 0


def is_file(path: Path) -> bool:
    """Whether there is a regular file. Raises UserError where it may not be looked at."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder. Raises UserError where it may not be looked at."""
    return stat.S_ISDIR(_mode(path))


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

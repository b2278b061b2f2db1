"""Files that can be read to their end."""

import errno
import stat
from pathlib import Path


def require_regular(path: Path) -> None:
    """Raise OSError unless `path` leads to a regular file.

    Reading a pipe would wait for a writer for ever, and a device may have no end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))

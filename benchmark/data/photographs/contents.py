"""A digest of the bytes of many files, remembered as long as none of them changes.

Hashing a data set takes seconds to minutes, so the digest is kept in the cache folder under a key
made of each file's path, size, inode, and times of change. Among these is the time of the inode's
last change (ctime), so that an older file copied over a newer one is noticed too.
"""

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmark.data.cache_folder import cache_folder
from benchmark.durable import write_text
from benchmark.errors import UserError

THREADS = min(4, os.cpu_count() or 1)
SETTLED_NS = 2_000_000_000
"""How old the last change must be, in nanoseconds, for a further one to show in a file's times."""


def files_digests(folder: Path, names: Sequence[str]) -> tuple[str, str]:
    """SHA-256 of the names and sizes of the files `names` in `folder`, and of their bytes.

    The second is over the SHA-256 of each file in the order of `names`. Both are in hexadecimal.
    Raises UserError for a file that can't be read.
    """
    begun = time.time_ns()
    sizes, key, newest = _statuses(folder, names)
    kept = cache_folder() / "digests" / f"{key}.txt"
    with suppress(OSError, UnicodeDecodeError):
        found = kept.read_text(encoding="ascii").strip()
        if re.fullmatch("[0-9a-f]{64}", found):
            return sizes, found
    whole = hashlib.sha256()
    with ThreadPoolExecutor(THREADS) as pool:
        for digest in pool.map(_digest, (folder / name for name in names)):
            whole.update(digest)
    if newest < begun - SETTLED_NS:
        with suppress(UserError):  # a cache that can't be written only costs time
            write_text(kept, whole.hexdigest() + "\n")
    return sizes, whole.hexdigest()


def _statuses(folder: Path, names: Sequence[str]) -> tuple[str, str, int]:
    """SHA-256 of names and sizes, the key of the files' digest, and the newest time in them."""
    sizes, key, newest = hashlib.sha256(), hashlib.sha256(repr(os.fspath(folder)).encode()), 0
    for name in names:
        path = folder / name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it isn't a regular file", str(path))
        except OSError as error:
            raise _unreadable(path, error) from error
        times = (status.st_mtime_ns, status.st_ctime_ns)
        newest = max(newest, *times)
        sizes.update(repr((name, status.st_size)).encode())
        key.update(repr((name, status.st_size, status.st_ino, *times)).encode())
    return sizes.hexdigest(), key.hexdigest(), newest


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} can't be read ({error.strerror}). Take it from the data set's archive again, or "
        "mend its permissions."
    )

"""Root without what lets it into every file: its capabilities CAP_DAC_OVERRIDE and _READ_SEARCH.

It goes on owning its files, so that Python still finds its own modules in root's folders.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

VERSION = 0x20080522
"""Of Linux's capget and capset, whose sets have 64 bits in two parts."""
LETS_INTO_ALL = 1 << 1 | 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Part(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


@contextmanager
def modes_heeded() -> Iterator[None]:
    """Whoever runs this thread, and those that it starts, is kept out by the modes of files."""
    parts = (_Part * 2)()
    _call("capget", parts)
    before = parts[0].effective
    parts[0].effective = before & ~LETS_INTO_ALL
    _call("capset", parts)
    try:
        yield
    finally:
        parts[0].effective = before
        _call("capset", parts)


def _call(name: str, parts: "ctypes.Array[_Part]") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(ctypes.byref(_Header(VERSION, 0)), parts):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))

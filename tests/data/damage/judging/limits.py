"""What a damaged tree may not do to a test: never end, or be read where the user may not read."""

import builtins
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Hanging(BaseException):
    """A tree took longer than it may; whoever catches Exception must not take it for damage."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise Hanging again and again after so many seconds."""

    def stop(*_: object) -> None:
        raise Hanging(f"not done in {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def denied(paths: set[str]) -> Iterator[None]:
    """Nobody may open these files, nor what is in these folders: root heeds no modes."""
    functions = ((builtins, "open"), (io, "open"), (os, "listdir"), (os, "scandir"))
    below = tuple(f"{path}/" for path in paths)

    def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any = ".", *args: Any, **options: Any) -> Any:
            path = "" if isinstance(file, int) else os.fspath(file)
            if path in paths or path.startswith(below):
                raise PermissionError(13, "Permission denied", path)
            return function(file, *args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module, name in functions if paths else ():
            patch.setattr(module, name, guarded(getattr(module, name)))
        yield

"""Operations on files, counted, so that a process can be killed before any one of them."""

import io
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COUNTED = ("replace", "rename", "link", "unlink", "rmdir", "mkdir", "fsync")
_RANDOM = re.compile(r"\.[0-9a-f]{8}(?=\.part$)|\d{6,}|(?<=/)[0-9a-f]{12}(?=/|$)")


class Operations:
    """Names the operations of this process below `folder`, and kills it before number `kill`.

    Without `kill` they are only listed.
    """

    def __init__(self, folder: Path, kill: int | None = None) -> None:
        self.folder = str(folder)
        self.kill = kill
        self.names: list[str] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within the block, every operation is counted before it happens."""
        originals = {name: getattr(os, name) for name in COUNTED}
        opened = io.open
        for name, original in originals.items():
            setattr(os, name, self._counted(name, original))

        def open_counted(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if not isinstance(file, int) and set(mode) & set("wxa"):
                self._count("write", file)
            return opened(file, mode, *arguments, **options)

        io.open = open_counted
        try:
            yield
        finally:
            io.open = opened
            for name, original in originals.items():
                setattr(os, name, original)

    def _counted(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def counted(path: Any, *arguments: Any, **options: Any) -> Any:
            self._count(name, arguments[0] if name in ("replace", "rename", "link") else path)
            return original(path, *arguments, **options)

        return counted

    def _count(self, name: str, path: Any) -> None:
        place = _place(path)
        # rmtree works with names relative to an open folder.
        if place.startswith("/") and not place.startswith(self.folder):
            return
        if self.kill is not None and len(self.names) == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(f"{name} {_RANDOM.sub('*', place.removeprefix(self.folder))}")


def _place(path: Any) -> str:
    """The path that is meant, also where it is an open file."""
    if isinstance(path, int):
        try:
            return str(Path(f"/proc/self/fd/{path}").readlink())
        except OSError:
            return f"open file {path}"
    return os.fsdecode(path)

"""A copy of a layout's tree that a damage may change; its files are links to the template's.

So a file is never written to in place: whatever stood there goes first.
"""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from damage.tree.layouts import Layout, Shown


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def restore(copy: Path, template: Path) -> None:
    """Let the folder `copy` hold what `template` holds, its files as links to the template's.

    What is right already stays: after a damage that is nearly all.
    """
    if copy.is_symlink() or not copy.is_dir():
        _clear(copy)
        copy.mkdir()
    copy.chmod(0o755)
    with os.scandir(template) as found:
        wanted = {entry.name: entry for entry in found}
    with os.scandir(copy) as found:
        for entry in list(found):
            if entry.name not in wanted:
                _clear(Path(entry.path))
    for name, entry in wanted.items():
        path = copy / name
        if entry.is_dir():
            restore(path, Path(entry.path))
        elif not os.path.lexists(path) or not os.path.samestat(path.lstat(), entry.stat()):
            _clear(path)
            path.hardlink_to(entry.path)


class Tree:
    """The tree in `folder`, the data set's own; paths are relative to it."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout = layout
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def remove(self, name: str) -> None:
        _clear(self.path(name))

    def clear(self, name: str) -> Path:
        """The path with nothing on it, in a folder that is there."""
        path = self.path(name)
        _clear(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, content: bytes) -> None:
        self.clear(name).write_bytes(content)

    def copy(self, name: str, new: str) -> None:
        self.write(new, self.read(name))

    def rename(self, name: str, new: str) -> None:
        target = self.path(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path(name).rename(target)

    def link(self, name: str, target: str | Path) -> None:
        self.clear(name).symlink_to(target)

    def folder_at(self, name: str) -> None:
        self.clear(name).mkdir()

    def fifo(self, name: str) -> None:
        os.mkfifo(self.clear(name))

    def socket(self, name: str) -> None:
        # A socket's address has 107 bytes at most, so it is bound by a short name and moved.
        path = self.clear(name)
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind("bound")
        finally:
            os.chdir(here)
        path.with_name("bound").rename(path)

    def lines(self, name: str) -> list[str]:
        return self.read(name).decode("utf-8").splitlines()

    def write_lines(self, name: str, lines: list[str]) -> None:
        self.write(name, "".join(f"{line}\n" for line in lines).encode("utf-8"))

    def edit(self, name: str, change: Callable[[list[str]], list[str]]) -> None:
        """Write a text list's lines as `change` gives them."""
        self.write_lines(name, change(self.lines(name)))


def listed_as(image: Shown) -> str:
    """What the image's list calls it; cub200 and msmt17 leave out the folder of all images."""
    return image.path.partition("/")[2] if image.listed.endswith(".txt") else image.path

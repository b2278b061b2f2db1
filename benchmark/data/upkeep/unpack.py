"""An archive's folder, unpacked beside its place and moved there once it is complete."""

import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmark.errors import UserError
from benchmark.paths import exists

OnBytes = Callable[[int], None]
"""Called with the number of bytes unpacked, as the work goes on."""


def unpack(archive: Path, goal: Path, on_bytes: OnBytes = lambda size: None) -> None:
    """Unpack the folder of `goal`'s name from a tar archive to `goal`.

    Members that would leave the folder are refused (tarfile's filter "data"). Raises UserError
    if `goal` exists, and if the archive is damaged or has no such folder; nothing of it is left
    then.
    """
    if exists(goal):
        raise UserError(f"{goal} is there already, and nothing is overwritten. Move it away first.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{goal.name}.", dir=goal.parent) as beside:
            with tarfile.open(archive) as opened:
                opened.extractall(beside, members=_counted(opened, on_bytes), filter="data")
            unpacked = Path(beside) / goal.name
            if not unpacked.is_dir():
                raise UserError(
                    f"{archive} holds no folder {goal.name}. Move it away, and call this again to "
                    "download it."
                )
            unpacked.rename(goal)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(
            f"{archive} can't be unpacked beside {goal} ({error}). If the disk is full, make room; "
            "else move the file away, and call this again to download it."
        ) from error


def _counted(opened: tarfile.TarFile, on_bytes: OnBytes) -> Iterator[tarfile.TarInfo]:
    size = 0
    for member in opened:
        yield member
        size += member.size
        on_bytes(size)

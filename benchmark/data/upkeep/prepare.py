"""A release put below the data root: downloaded where anybody may do so, else explained."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmark.data.official.release import Release
from benchmark.data.official.source import Archive
from benchmark.data.upkeep.download import Log, download
from benchmark.data.upkeep.unpack import unpack
from benchmark.errors import UserError
from benchmark.paths import exists

Stage = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Begins a long task with a name and a size in bytes; yields `update(bytes_done)`."""


def prepare(archive: Archive, below: Path, stage: Stage, log: Log) -> Path:
    """The archive's folder in the data root `below`, downloaded and unpacked there.

    The archive stays beside it. Raises UserError where the folder is there already, and as
    `download` and `unpack` do.
    """
    goal = below / archive.folder
    if exists(goal):
        raise UserError(f"{goal} is there already, and nothing is overwritten. Move it away first.")
    with stage(f"downloading {archive.name}", archive.size) as on_bytes:
        path = download(archive, below, on_bytes, log)
    with stage(f"unpacking {archive.name}", 0) as on_bytes:
        unpack(path, goal, on_bytes)
    return goal


def steps(release: Release, below: Path | None, check: str) -> list[str]:
    """The steps by which a person gets a release into the data root `below`.

    The last one is `check`, the command that checks it.
    """
    root = str(below) if below is not None else "DIR"
    source = release.source
    return [
        f"Read the terms on the page '{source.page}' ({source.address}). {source.terms}",
        *(step.replace("{root}", root) for step in source.steps),
        f"Check it:\n{check}",
    ]

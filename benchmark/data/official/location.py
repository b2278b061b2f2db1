"""Where a release lies below the data root, even if it was unpacked one folder too deep."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.errors import UserError
from benchmark.paths import exists, is_folder, subfolders

DEPTH = 3
"""How deeply folders with a release's own names may be nested."""


def located(below: Path, names: Sequence[str], marks: Sequence[str]) -> Path | None:
    """The folder of the release; else the first folder with one of its names; else None.

    `names` are the paths below the data root `below` that it may have; the release's own folder
    contains at least one of `marks`. Folders that are nested, as by unpacking an archive into a
    folder of its own name (Market-1501/Market-1501/query), are entered. Raises UserError for a
    folder that may not be read.
    """
    own = {Path(name).name for name in names}
    named = [below / name for name in names if is_folder(below / name)]
    for folder in named:
        for inner in _nested(folder, own):
            if marked(inner, marks):
                return inner
    return named[0] if named else None


def marked(folder: Path, marks: Sequence[str]) -> bool:
    """Whether one of `marks`, files or folders, lies in the folder."""
    return any(exists(folder / mark) for mark in marks)


def misplaced(below: Path, names: Sequence[str], marks: Sequence[str]) -> str:
    """Where else the release seems to lie, and what to do; empty if it isn't found."""
    if marked(below, marks):
        if below.name in names:
            return f"{below} is the release itself. Give --data-root {below.parent}."
        return f"{below} holds it itself. Move what belongs to it into {below / names[0]}."
    for folder in subfolders(below):
        with suppress(UserError):  # a folder that may not be read is passed over
            inside = located(folder, names, marks)
            if inside is not None and marked(inside, marks):
                return f"It lies in {inside}. Give --data-root {folder}."
            if marked(folder, marks):
                return f"It seems to lie in {folder}. Rename that to {below / names[0]}."
    return ""


def _nested(folder: Path, names: set[str]) -> Iterator[Path]:
    """The folder, and those nested in it under its own name or another of the release's."""
    yield folder
    for _ in range(DEPTH):
        inner = sorted(child for child in subfolders(folder) if child.name in names | {folder.name})
        if not inner:
            return
        folder = inner[0]
        yield folder

"""Where below the data root a release lies, also where it was unpacked one folder too deep."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.errors import UserError
from benchmark.paths import exists, is_folder, subfolders

DEPTH = 3
"""How many folders of a release's own names may lie in one another."""


def located(below: Path, names: Sequence[str], marks: Sequence[str]) -> Path | None:
    """The folder of the release, or where there is none that holds it, the first of its names.

    `names` are paths below the data root `below` under which it may lie, and one of `marks` lies
    in its own folder. Archives that were unpacked into a folder of their own name leave
    Market-1501/Market-1501/query: such folders are entered. Raises UserError where a folder may
    not be looked at.
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
    """Where else the release lies and what to do; empty where it isn't in sight."""
    if marked(below, marks):
        if below.name in names:
            return f"{below} is the release itself. Give --data-root {below.parent}."
        return f"{below} holds it itself. Move what belongs to it into {below / names[0]}."
    for folder in subfolders(below):
        with suppress(UserError):  # of a folder that may not be looked at there is nothing to say
            inside = located(folder, names, marks)
            if inside is not None and marked(inside, marks):
                return f"It lies in {inside}. Give --data-root {folder}."
            if marked(folder, marks):
                return f"It seems to lie in {folder}. Rename that to {below / names[0]}."
    return ""


def _nested(folder: Path, names: set[str]) -> Iterator[Path]:
    """The folder, and those within it that bear its name or another of the release's."""
    yield folder
    for _ in range(DEPTH):
        inner = sorted(child for child in subfolders(folder) if child.name in names | {folder.name})
        if not inner:
            return
        folder = inner[0]
        yield folder

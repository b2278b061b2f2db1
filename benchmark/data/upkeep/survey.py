"""The images that a data set on disk names, and other files beside them; no image is opened."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.data.official.market1501 import PARTS, Market1501, junk, market_halves
from benchmark.data.official.release import Aside, Release
from benchmark.data.own.image_folder import ImageFolder
from benchmark.data.own.reid_folder import ReidFolder
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import SUFFIXES, Listing
from benchmark.data.root import root
from benchmark.paths import is_folder

OnDisk = Release | ImageFolder | ReidFolder
"""The data sets whose images are files."""

LEFT_BY_SYSTEMS = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir"))
"""Names, in lower case, of files that operating systems leave in folders, beside hidden ones."""


@dataclass(frozen=True)
class Survey:
    """What lies in `folder`, in the `layout` that was found there.

    `halves` has the images that are there. `absent` are the listed paths without a file. `aside`
    are images that are there and listed, but that the data set leaves out. `strays` are files in
    the image folders that aren't listed, each with what is odd about it.
    """

    folder: Path
    layout: str
    halves: Halves
    absent: list[str]
    aside: Aside | None
    strays: dict[str, str]


def folder_of(dataset: OnDisk) -> Path | None:
    """Where the data set lies, if there is a folder; its contents aren't read.

    Raises UserError if it may not be read.
    """
    below = root()
    if isinstance(dataset, Release):
        return None if below is None else dataset.folder_below(below)
    folder = dataset.folder()
    return folder if is_folder(folder) else None


def survey(dataset: OnDisk) -> Survey:
    """Read the lists and folders of a data set.

    Raises UserError if it isn't there, and if a list or folder is too damaged to tell anything
    about the images.
    """
    if isinstance(dataset, ImageFolder):
        return _image_folder(dataset)
    if isinstance(dataset, Market1501 | ReidFolder):
        return _market(dataset)
    contents = dataset.contents()
    halves = contents.halves
    named = {path for _, listing in splits(halves) for path in listing.paths}
    named.update(contents.absent)
    absent, aside = list(contents.absent), dataset.set_aside(contents.folder)
    if aside is not None:
        other = np.array([path not in named for path in aside.images.paths], dtype=bool)
        images = aside.images.where(other)
        missing = images.missing(contents.folder)
        absent += images.where(missing).paths
        aside = replace(aside, images=images.where(~missing))
        named.update(images.paths)
    strays = _strays(
        contents.folder,
        sorted({path.partition("/")[0] for path in named}),
        named,
        lambda path: "no list names it",
    )
    return Survey(contents.folder, contents.layout, halves, absent, aside, strays)


def splits(halves: Halves) -> list[tuple[str, Listing]]:
    """The halves' images by the names that their counts go by."""
    if halves.gallery is None:
        return [("train", halves.train), ("test", halves.query)]
    return [("train", halves.train), ("query", halves.query), ("gallery", halves.gallery)]


def _market(dataset: Market1501 | ReidFolder) -> Survey:
    folder = dataset.find()
    aside = dataset.set_aside(folder) if isinstance(dataset, Market1501) else junk(folder)
    misnamed: list[str] = []
    halves = market_halves(folder, misnamed)
    named = {path for _, listing in splits(halves) for path in listing.paths}
    named.update(aside.images.paths)

    def oddity(path: str) -> str:
        if path in misnamed:
            return "its name doesn't begin with identity and camera, as in 0002_c1s1_000451_03.jpg"
        return _oddity(path, "it lies in a folder within the folder of images")

    return Survey(
        folder,
        "bounding_box_train, query and bounding_box_test; junk left out, distractors kept",
        halves,
        [],
        aside,
        _strays(folder, PARTS, named, oddity),
    )


def _image_folder(dataset: ImageFolder) -> Survey:
    folder = dataset.find()
    halves = dataset.halves(folder)
    named = {path for _, half in splits(halves) for path in half.paths}
    strays = _strays(
        folder, [""], named, lambda path: _oddity(path, "it lies in no class's folder")
    )
    layout = f"<class>/<image>, split by class with seed {dataset.seed}"
    return Survey(folder, layout, halves, [], None, strays)


def _oddity(path: str, misplaced: str) -> str:
    is_image = Path(path).suffix.lower() in SUFFIXES
    return misplaced if is_image else "by its name it is no image"


def _strays(
    folder: Path, parts: list[str] | tuple[str, ...], named: set[str], oddity: Callable[[str], str]
) -> dict[str, str]:
    """The files in `folder`/`parts` that aren't in `named`, each with its oddity."""
    found = (path for part in parts for path in _files(folder, part) if path not in named)
    return {path: oddity(path) for path in sorted(found)}


def _files(folder: Path, part: str) -> Iterator[str]:
    """The paths below `folder` of the files in its `part`, without `LEFT_BY_SYSTEMS`."""
    for inside, folders, files in os.walk(folder / part):
        folders[:] = [name for name in folders if _counts(name)]
        below = Path(inside).relative_to(folder).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in files if _counts(name))


def _counts(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in LEFT_BY_SYSTEMS

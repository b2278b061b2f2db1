"""Image files with their labels, as a data set's lists or folders give them."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.errors import UserError

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"))
"""What the names of image files end in; other files in an image folder are no part of it."""

DISTRACTOR = 0
"""The identity of Market-1501's false detections, which stay in the gallery."""
JUNK = -1
"""The identity of its images that count neither as matches nor as mistakes."""


@dataclass(frozen=True)
class Labelled:
    """One image: its path below the data set's folder, its class, and its camera if it has one."""

    path: str
    label: int
    camera: int = 0


@dataclass(frozen=True)
class Listing:
    """Images ordered by class and then by path, whatever the order on the disk.

    `labels` and `cameras` [N] are the data set's own numbers.
    """

    paths: list[str]
    labels: npt.NDArray[np.int64]
    cameras: npt.NDArray[np.int64]

    @classmethod
    def of(cls, images: Iterable[Labelled], source: Path) -> "Listing":
        """Order the images that `source` lists.

        Raises UserError for a path that comes twice or leaves the data set's folder.
        """
        ordered = sorted(images, key=lambda image: (image.label, image.path))
        paths = [image.path for image in ordered]
        seen: set[str] = set()
        for path in paths:
            if path in seen:
                raise UserError(f"{source} lists {path} twice. Take the list as it was released.")
            seen.add(path)
            if path.startswith("/") or ".." in path.split("/"):
                raise UserError(f"{source} lists {path}, which is outside the data set's folder.")
        return cls(
            paths,
            np.array([image.label for image in ordered], dtype=np.int64),
            np.array([image.camera for image in ordered], dtype=np.int64),
        )

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Listing":
        """The images for which `chosen` [N] is true."""
        paths = [self.paths[index] for index in np.flatnonzero(chosen)]
        return Listing(paths, self.labels[chosen], self.cameras[chosen])

    def missing(self, folder: Path) -> npt.NDArray[np.bool_]:
        """For each image [N] whether its file is not below `folder`; each folder is read once."""
        held: dict[str, set[str]] = {}
        absent = np.zeros(len(self.paths), dtype=bool)
        for index, path in enumerate(self.paths):
            parent, _, name = path.rpartition("/")
            if parent not in held:
                try:
                    held[parent] = set(os.listdir(folder / parent))  # noqa: PTH208
                except (OSError, ValueError):
                    held[parent] = set()
            # A file system may write a name's accents otherwise than the list does.
            absent[index] = name not in held[parent] and not os.path.exists(folder / path)  # noqa: PTH110
        return absent


def whole_number(text: str) -> int | None:
    """The number from 0 that `text` writes in at most nine digits, if it does."""
    return int(text) if text.isdecimal() and len(text) <= 9 else None


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank. Raises UserError where it can't be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UserError(
            f"{path} can't be read ({reason}). Unpack the data set's archive again."
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def entries(folder: Path, accept: Callable[["os.DirEntry[str]"], bool]) -> list[str]:
    """The names in `folder` that `accept` takes, sorted; hidden ones are left out.

    Raises UserError where the folder can't be read.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(e.name for e in found if not e.name.startswith(".") and accept(e))
    except OSError as error:
        raise UserError(
            f"{error.filename or folder} can't be read as a folder ({error.strerror}). "
            "Unpack the data set's archive again, or mend the folder's permissions."
        ) from error


def is_image(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is named like an image; a link that leads nowhere is one as well."""
    return Path(entry.name).suffix.lower() in SUFFIXES


def identities(folder: Path, part: str) -> Listing:
    """The images `folder`/`part`/* of Market-style names: identity, `_c`, camera, anything.

    As in `0002_c1s1_000451_03.jpg`; junk, whose identity is -1, is left out.
    Raises UserError for an image with another name.
    """
    images = []
    for name in entries(folder / part, is_image):
        match = re.match(r"(-1|\d{1,9})_c(\d{1,9})", name)
        if match is None:
            raise UserError(
                f"{folder / part / name}: the name doesn't begin with identity and camera, as in "
                "0002_c1s1_000451_03.jpg. Rename or remove the file."
            )
        if int(match[1]) != JUNK:
            images.append(Labelled(f"{part}/{name}", int(match[1]), int(match[2])))
    return Listing.of(images, folder / part)

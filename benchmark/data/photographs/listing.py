"""Image files with their labels, as a data set's lists or folders give them."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.errors import UserError
from benchmark.paths import require_regular

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"))
"""What the names of image files end in; other files in a folder of images aren't read."""

SPECIAL = frozenset(("", ".", ".."))
"""Parts of a path that aren't names; a leading or a double slash leaves the empty one."""

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

        Raises UserError for a path that is listed twice, or that isn't plain: with "." or ".." in
        it, it could lead out of the data set's folder, or repeat another path unnoticed.
        """
        ordered = sorted(images, key=lambda image: (image.label, image.path))
        paths = [image.path for image in ordered]
        seen: set[str] = set()
        for path in paths:
            if path in seen:
                raise UserError(f"{source} lists {path} twice. Take the list as it was released.")
            seen.add(path)
            if not SPECIAL.isdisjoint(path.split("/")):
                raise UserError(
                    f"{source} lists {path}, which is no plain path within the data set's folder. "
                    "Take the list as it was released."
                )
        return cls(
            paths,
            np.array([image.label for image in ordered], dtype=np.int64),
            np.array([image.camera for image in ordered], dtype=np.int64),
        )

    def joined(self, other: "Listing", source: Path) -> "Listing":
        """The images of both. Raises UserError where `source`, which lists `other`, repeats one."""
        images = [
            Labelled(path, label, camera)
            for one in (self, other)
            for path, label, camera in zip(
                one.paths, one.labels.tolist(), one.cameras.tolist(), strict=True
            )
        ]
        return Listing.of(images, source)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Listing":
        """The images for which `chosen` [N] is true."""
        paths = [self.paths[index] for index in np.flatnonzero(chosen)]
        return Listing(paths, self.labels[chosen], self.cameras[chosen])

    def missing(self, folder: Path) -> npt.NDArray[np.bool_]:
        """Whether the file of each image [N] is missing below `folder`; a folder is read once.

        Raises UserError for a folder that is there and can't be read.
        """
        held: dict[str, set[str]] = {}
        absent = np.zeros(len(self.paths), dtype=bool)
        for index, path in enumerate(self.paths):
            parent, _, name = path.rpartition("/")
            if parent not in held:
                try:
                    held[parent] = set(os.listdir(folder / parent))  # noqa: PTH208
                except (FileNotFoundError, NotADirectoryError, ValueError):
                    held[parent] = set()
                except OSError as error:
                    raise _unreadable(folder / parent, error) from error
            # A file system may encode a name's accents differently from the list.
            absent[index] = name not in held[parent] and not os.path.exists(folder / path)  # noqa: PTH110
        return absent


def whole_number(text: str) -> int | None:
    """The number that `text` writes in one to nine decimal digits; None for any other text."""
    return int(text) if text.isdecimal() and len(text) <= 9 else None


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that aren't blank.

    Raises UserError if it can't be read or has none.
    """
    try:
        require_regular(path)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UserError(
            f"{path} can't be read ({reason}). Unpack the data set's archive again, or mend the "
            "permissions."
        ) from error
    # Not splitlines(): a name may contain one of the rarer characters that it takes for line ends.
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        raise UserError(f"{path} is empty. Unpack the data set's archive again.")
    return lines


def entries(folder: Path, accept: Callable[["os.DirEntry[str]"], bool]) -> list[str]:
    """The names in `folder` that `accept` lets through, sorted, without hidden ones.

    Raises UserError where the folder can't be read, and for a name that is not in UTF-8.
    """
    try:
        with os.scandir(folder) as found:
            names = sorted(e.name for e in found if not e.name.startswith(".") and accept(e))
    except OSError as error:
        raise _unreadable(folder, error) from error
    for name in names:
        require_utf8(name, folder)
    return names


def require_utf8(name: str, folder: Path) -> None:
    """Raise UserError if `name` in `folder` is not in UTF-8: no list or table could hold it."""
    shown = os.fsencode(name).decode("utf-8", "backslashreplace")
    if shown != name:
        raise UserError(f"{folder / shown}: the name is not in UTF-8. Rename it.")


def _unreadable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"{error.filename or folder} can't be read as a folder ({error.strerror}). Unpack the data "
        "set's archive again, or mend the link or the permissions."
    )


def is_image(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry has the name of an image; a link that leads nowhere counts too."""
    return Path(entry.name).suffix.lower() in SUFFIXES

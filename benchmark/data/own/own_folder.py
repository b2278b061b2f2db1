"""What data sets of a user's own images share: where they lie and what they are called."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from benchmark.data.dataset import DataSet, Status
from benchmark.data.official.counts import OFFICIAL
from benchmark.data.official.parts import PARTS
from benchmark.data.photographs.decoders import checked_decoder
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import require_utf8
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.root import root
from benchmark.data.validation import Validation
from benchmark.errors import UserError
from benchmark.paths import expanded, is_folder

TAKEN = tuple(
    name.casefold()
    for title, parts in PARTS.items()
    for name in (title, *(part.name for part in parts))
) + tuple(title.casefold() for title in OFFICIAL)
"""How the names of releases, and of their parts, begin, in lower case."""


class OwnFolder(ABC):
    """A data set in the folder `path`, relative to the data root, or without one to this folder.

    Tables call it `name`, by default the folder's name. `validation` and `decoder` are those of the
    official releases.
    """

    layout: ClassVar[str]
    """What the folder holds, in words."""

    def __init__(
        self, path: str, name: str | None, validation: dict[str, Any] | None, decoder: str
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name.strip()):
            raise UserError(f"dataset.name is what tables call the data set, not {name!r}.")
        if name is not None and not name.isprintable():
            raise UserError(f"dataset.name={name!r} holds characters that no table can show.")
        self.path = path
        self.name = name
        self.validation = Validation.of(validation)
        self.decoder = checked_decoder(decoder)

    @abstractmethod
    def halves(self, folder: Path) -> Halves:
        """The images in `folder`. Raises UserError if it is not as it should be."""

    @property
    @abstractmethod
    def note(self) -> str:
        """How the halves were made, in a sentence."""

    def folder(self) -> Path:
        """Where the data set should lie. Raises UserError if `path` isn't a path."""
        if not isinstance(self.path, str) or not self.path:
            raise UserError(f"dataset.path is the folder's path, not {self.path!r}.")
        return (root() or Path.cwd()) / expanded(self.path)

    def find(self) -> Path:
        """The folder. Raises UserError if there is none, or if no table could show its name."""
        folder = self.folder()
        if not is_folder(folder):
            relative = not expanded(self.path).is_absolute() and root() is None
            below = ", and no data root is given (--data-root DIR)" if relative else ""
            raise UserError(
                f"dataset.path: there is no folder {folder}{below}. Give the path of one that "
                f"holds {self.layout}."
            )
        require_utf8(folder.name, folder.parent)
        return folder

    def title(self, folder: Path) -> str:
        """The name in results: never that of an official release."""
        unnamed = folder.name in ("", "..")
        title = (self.name or (folder.resolve() if unnamed else folder).name).strip()
        return f"{title} (own images)" if title.casefold().startswith(TAKEN) else title

    def status(self) -> Status:
        """Whether the folder is there, and what it holds."""
        try:
            return Status(True, self.halves(self.find()).counts())
        except UserError as error:
            return Status(False, {}, str(error))

    def load(self, transform: object) -> DataSet:
        """Training images, augmented by `transform`, and those to test on.

        Raises UserError if the folder is not as it should be.
        """
        photo_transform = PhotoTransform.expect(transform, type(self).__name__)
        folder = self.find()
        halves = self.halves(folder)
        note = f"The images in {folder.name}/: {self.note}."
        title, decoder = self.title(folder), self.decoder
        return halves.dataset(
            title, note, folder, photo_transform, self.validation, decoder=decoder
        )

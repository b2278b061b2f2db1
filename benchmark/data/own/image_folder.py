"""Data set `image_folder`: a user's own images as FOLDER/<class>/<image>."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.own.own_folder import OwnFolder
from benchmark.data.photographs.decoders import PILLOW
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Labelled, Listing, entries, is_image
from benchmark.data.validation import checked_seed, shuffled
from benchmark.errors import UserError
from benchmark.registry import DATASETS


@DATASETS.register_module(name="image_folder")
class ImageFolder(OwnFolder):
    """Retrieval among classes that training never sees.

    The classes are the folders in `path`; `seed` draws the share `test_share` of them to test on.
    `name`, `validation` and `decoder` are as in `OwnFolder`.
    """

    layout = "a folder of images for each class"

    def __init__(
        self,
        path: str = "image_folder",
        test_share: float = 0.5,
        seed: int = 0,
        name: str | None = None,
        validation: dict[str, Any] | None = None,
        decoder: str = PILLOW,
    ) -> None:
        super().__init__(path, name, validation, decoder)
        number = isinstance(test_share, int | float) and not isinstance(test_share, bool)
        if not number or not 0 < test_share < 1:
            raise UserError(f"dataset.test_share is between 0 and 1, not {test_share!r}.")
        self.test_share = test_share
        self.seed = checked_seed(seed, "dataset.seed")

    @property
    def note(self) -> str:
        """How the classes were split."""
        return f"one class a folder, split by class with seed {self.seed}"

    def halves(self, folder: Path) -> Halves:
        """The images by class. Raises UserError if the folder is not as it should be."""
        classes = entries(folder, _is_class)
        images = []
        for label, name in enumerate(classes):
            if inner := entries(folder / name, _is_folder):
                if len(classes) == 1:
                    raise UserError(
                        f"{folder} holds nothing but the folder {name}. Give "
                        f"dataset.path={folder / name} if the classes are the folders in that."
                    )
                raise UserError(
                    f"{folder / name / inner[0]} is a folder within a class. Images lie in "
                    f"{folder.name}/<class>/ itself: move them there."
                )
            files = entries(folder / name, is_image)
            if not files:
                raise UserError(f"The class {folder / name} has no images. Add some or remove it.")
            images += [Labelled(f"{name}/{file}", label) for file in files]
        listing = Listing.of(images, folder)
        tested = min(max(round(self.test_share * len(classes)), 1), len(classes))
        test = np.isin(listing.labels, shuffled(len(classes), self.seed)[:tested])
        remedy = (
            f"Add images, or change dataset.test_share={self.test_share}, the share of the "
            f"{len(classes)} classes that is tested."
        )
        return Halves(listing.where(~test), listing.where(test), remedy=remedy)


def _is_class(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; a class whose link leads nowhere must not be overlooked."""
    if entry.is_symlink() and not Path(entry.path).exists():
        raise FileNotFoundError(errno.ENOENT, "a link that leads nowhere", entry.path)
    return entry.is_dir()


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; a loop of links isn't one."""
    try:
        return entry.is_dir()
    except OSError:
        return False

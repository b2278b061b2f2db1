"""Data set `image_folder`: a user's own images as FOLDER/<class>/<image>."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.dataset import DataSet, Status
from benchmark.data.official.release import required_root
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Labelled, Listing, entries, is_image, require_utf8
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.photographs.validation import Validation, checked_seed, shuffled
from benchmark.errors import UserError
from benchmark.paths import is_folder
from benchmark.registry import DATASETS


def own_folder(path: str, layout: str) -> Path:
    """The user's folder `path`, below the data root if it is relative.

    Raises UserError where it isn't there, or has a name that no table could hold; `layout` says
    what it should hold.
    """
    if not isinstance(path, str) or not path:
        raise UserError(f"dataset.path is the folder's path, not {path!r}.")
    given = Path(path)
    folder = given if given.is_absolute() else required_root("dataset.path", path) / given
    if not is_folder(folder):
        raise UserError(
            f"dataset.path: there is no folder {folder}. Give the path of one that holds {layout}."
        )
    require_utf8(folder.name, folder.parent)
    return folder


@DATASETS.register_module(name="image_folder")
class ImageFolder:
    """Retrieval among classes that training never sees.

    The classes are the folders below `path`; `seed` draws the share `test_share` of them to test
    on. `validation` is as in the official data sets.
    """

    def __init__(
        self,
        path: str = "image_folder",
        test_share: float = 0.5,
        seed: int = 0,
        validation: dict[str, Any] | None = None,
    ) -> None:
        number = isinstance(test_share, int | float) and not isinstance(test_share, bool)
        if not number or not 0 < test_share < 1:
            raise UserError(f"dataset.test_share is between 0 and 1, not {test_share!r}.")
        self.path = path
        self.test_share = test_share
        self.seed = checked_seed(seed, "dataset.seed")
        self.validation = Validation.of(validation)

    def status(self) -> Status:
        """Whether the folder is there, and what it holds."""
        try:
            _, halves = self.read()
        except UserError as error:
            return Status(False, {}, str(error))
        return Status(True, halves.counts())

    def load(self, transform: object) -> DataSet:
        """Training images, augmented by `transform`, and those of the other classes to test on.

        Raises UserError if the folder is not as it should be.
        """
        photo_transform = PhotoTransform.expect(transform, "image_folder")
        folder, halves = self.read()
        note = f"The images in {folder.name}/<class>/, split by class with seed {self.seed}."
        return halves.dataset(folder.name, note, folder, photo_transform, self.validation)

    def read(self) -> tuple[Path, Halves]:
        """The folder and the images in it. Raises UserError if it is not as it should be."""
        folder = own_folder(self.path, "a folder of images for each class")
        classes = entries(folder, _is_class)
        images = []
        for label, name in enumerate(classes):
            if inner := entries(folder / name, _is_folder):
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
        return folder, Halves(listing.where(~test), listing.where(test), remedy=remedy)


def _is_class(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; a class must not get lost because its link leads nowhere."""
    if entry.is_symlink() and not Path(entry.path).exists():
        raise FileNotFoundError(errno.ENOENT, "a link that leads nowhere", entry.path)
    return entry.is_dir()


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; links in a loop are none."""
    try:
        return entry.is_dir()
    except OSError:
        return False

"""Data set `reid_folder`: a user's own re-identification images, laid out as Market-1501."""

from typing import Any

from benchmark.data.dataset import DataSet, Status
from benchmark.data.official.market1501 import market_halves
from benchmark.data.own.image_folder import own_folder
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.photographs.validation import Validation
from benchmark.errors import UserError
from benchmark.registry import DATASETS

LAYOUT = "bounding_box_train, query and bounding_box_test"


@DATASETS.register_module(name="reid_folder")
class ReidFolder:
    """Identities and cameras by file names such as `0002_c1_anything.jpg`.

    Identity -1 is junk and left out; 0000 is a distractor of the gallery.
    `validation` is as in the official data sets.
    """

    def __init__(self, path: str = "reid_folder", validation: dict[str, Any] | None = None) -> None:
        self.path = path
        self.validation = Validation.of(validation)

    def status(self) -> Status:
        """Whether the folder is there, and what it holds."""
        try:
            halves = market_halves(own_folder(self.path, LAYOUT))
        except UserError as error:
            return Status(False, {}, str(error))
        return Status(True, halves.counts())

    def load(self, transform: object) -> DataSet:
        """Training images, augmented by `transform`, query and gallery.

        Raises UserError if the folder is not as it should be.
        """
        photo_transform = PhotoTransform.expect(transform, "reid_folder")
        folder = own_folder(self.path, LAYOUT)
        note = f"The images in {folder.name}, identities and cameras by their names."
        halves = market_halves(folder)
        return halves.dataset(folder.name, note, folder, photo_transform, self.validation)

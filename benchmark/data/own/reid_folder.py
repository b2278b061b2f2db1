"""Data set `reid_folder`: a user's own re-identification images, laid out as Market-1501."""

from pathlib import Path
from typing import Any

from benchmark.data.official.location import marked
from benchmark.data.official.market1501 import PARTS, market_halves
from benchmark.data.own.own_folder import OwnFolder
from benchmark.data.photographs.decoders import PILLOW
from benchmark.data.photographs.halves import Halves
from benchmark.errors import UserError
from benchmark.paths import subfolders
from benchmark.registry import DATASETS


@DATASETS.register_module(name="reid_folder")
class ReidFolder(OwnFolder):
    """Identities and cameras by file names such as `0002_c1_anything.jpg`.

    Identity -1 is junk and left out; 0000 is a distractor of the gallery.
    `name`, `validation` and `decoder` are as in `OwnFolder`.
    """

    layout = "bounding_box_train, query and bounding_box_test"
    note = "identities and cameras by the names of the files"

    def __init__(
        self,
        path: str = "reid_folder",
        name: str | None = None,
        validation: dict[str, Any] | None = None,
        decoder: str = PILLOW,
    ) -> None:
        super().__init__(path, name, validation, decoder)

    def halves(self, folder: Path) -> Halves:
        """The images by part. Raises UserError if the folder is not as it should be."""
        if not marked(folder, PARTS):
            inside = [inner for inner in subfolders(folder) if marked(inner, PARTS)]
            if inside:
                raise UserError(
                    f"{folder} has none of {self.layout}, but {inside[0]} has. Give "
                    f"dataset.path={inside[0]}."
                )
        return market_halves(folder)

"""Data set `msmt17`: 1,041 identities to train on and 3,060 to test on, by 15 cameras."""

import re
from pathlib import Path
from typing import Any

from benchmark.data.counts import MSMT17_VALIDATION_IMAGES, Counts
from benchmark.data.halves import Halves
from benchmark.data.listing import Labelled, Listing, read_lines, whole_number
from benchmark.data.release import Keep, Release, is_folder
from benchmark.errors import UserError
from benchmark.registry import DATASETS

LAYOUTS = {"V1": ("train", "test"), "V2": ("mask_train_v2", "mask_test_v2")}


@DATASETS.register_module(name="msmt17")
class Msmt17(Release):
    """Persons by the release's lists; the camera is the third part of a file's name.

    `version` is "V1" or "V2", in which faces are blurred. `train_on` is "train+val", the images of
    both list_train.txt and list_val.txt, or "train".
    """

    title = "MSMT17"
    how_to_get = (
        "Ask for it on the page 'MSMT17' of Peking University's group PKU-VMC, which sends a link "
        "for a signed agreement (academic research only, not to be passed on), and unpack it into "
        "the data root. Version 2 blurs faces: dataset.version=V2."
    )

    def __init__(
        self,
        version: str = "V1",
        train_on: str = "train+val",
        allow_partial: bool = False,
        validation: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(allow_partial, validation)
        if version not in LAYOUTS:
            raise UserError(f"dataset.version is V1 or V2, not {version!r}.")
        if train_on not in ("train+val", "train"):
            raise UserError(f"dataset.train_on is 'train+val' or 'train', not {train_on!r}.")
        self.version = version
        self.train_on = train_on

    @property
    def folders(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the version, then those that don't say which version they are."""
        named = f"MSMT17_{self.version}"
        return (named, f"msmt17/{named}", f"MSMT17/{named}", "MSMT17", "msmt17")

    @property
    def official(self) -> Counts:
        """What the release holds, with the training images that are asked for."""
        counts = dict(super().official)
        if self.train_on == "train":
            counts["train images"] -= MSMT17_VALIDATION_IMAGES
        return counts

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images of the lists; training and test identities are numbered apart."""
        train_folder, test_folder = LAYOUTS[self.version]
        if not is_folder(folder / train_folder):
            raise UserError(
                f"{folder} has no folder {train_folder}, where version {self.version} keeps its "
                "training images. Unpack the archive again, or name the version that is there: "
                "dataset.version=V1 (train) or V2 (mask_train_v2)."
            )

        def listed(part: str, images: str) -> list[Labelled]:
            return _listed(folder, f"list_{part}.txt", images)

        train = listed("train", train_folder)
        if self.train_on == "train+val":
            train += listed("val", train_folder)
        halves = Halves(
            keep(Listing.of(train, folder / "list_train.txt")),
            keep(Listing.of(listed("query", test_folder), folder / "list_query.txt")),
            keep(Listing.of(listed("gallery", test_folder), folder / "list_gallery.txt")),
        )
        return halves, f"version {self.version}, trained on {self.train_on}"


def _listed(folder: Path, name: str, images: str) -> list[Labelled]:
    """The images that a list's lines `path identity` name."""
    listed = []
    for line in read_lines(folder / name):
        path, _, text = line.rpartition(" ")
        identity = whole_number(text)
        camera = re.match(r"\d+_\d+_(\d{1,9})_", path.rpartition("/")[2])
        if camera is None or identity is None:
            raise UserError(
                f"{folder / name}: the line {line!r} is not such as "
                "'0000/0000_000_01_0303morning_0008_0.jpg 0'. Take the list as it was released."
            )
        listed.append(Labelled(f"{images}/{path.strip()}", identity, int(camera[1])))
    return listed

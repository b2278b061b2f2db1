"""Data set `msmt17`: 1,041 identities to train on and 3,060 to test on, by 15 cameras."""

import re
from pathlib import Path
from typing import Any

from benchmark.data.official.counts import MSMT17_VALIDATION_IMAGES
from benchmark.data.official.parts import Counts
from benchmark.data.official.release import Aside, Keep, Release
from benchmark.data.official.source import Source
from benchmark.data.photographs.decoders import PILLOW
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Labelled, Listing, read_lines, whole_number
from benchmark.data.root import root
from benchmark.errors import UserError
from benchmark.paths import is_file, is_folder
from benchmark.registry import DATASETS

UNNAMED = ("MSMT17", "msmt17")
"""Names of folders that may hold either version."""
LAYOUTS = {"V1": ("train", "test"), "V2": ("mask_train_v2", "mask_test_v2")}


@DATASETS.register_module(name="msmt17")
class Msmt17(Release):
    """Persons, by the release's lists; the camera is the third part of a file's name.

    `version` is "V1" or "V2", in which faces are blurred. `train_on` is "train+val", the images of
    both list_train.txt and list_val.txt, or "train".
    """

    title = "MSMT17"
    source = Source(
        page="MSMT17",
        address="https://www.pkuvmc.com/dataset.html",
        files="the archive, which its authors send a link to for a signed agreement,",
        terms="Use is for academic research only, and the images must not be passed on.",
        steps=(
            "Open the page of Peking University's group PKU-VMC. If it can't be reached, write to "
            "the authors of 'Person Transfer GAN to Bridge Domain Gap for Person "
            "Re-Identification' (CVPR 2018).",
            "Sign the release agreement and send it by mail to the address it names; the answer "
            "holds a link. Version 1 shows faces, version 2 blurs them.",
            "Unpack version 1 as {root}/MSMT17_V1 with the folders train and test, or version 2 as "
            "{root}/MSMT17_V2 with mask_train_v2 and mask_test_v2; list_train.txt, list_val.txt, "
            "list_query.txt and list_gallery.txt lie beside them.",
            "Version 2 is named in every command: dataset.version=V2.",
        ),
    )
    editions = ({}, {"version": "V2"})

    def __init__(
        self,
        version: str = "V1",
        train_on: str = "train+val",
        allow_partial: bool = False,
        validation: dict[str, Any] | None = None,
        decoder: str = PILLOW,
    ) -> None:
        super().__init__(allow_partial, validation, decoder)
        if version not in LAYOUTS:
            raise UserError(f"dataset.version is V1 or V2, not {version!r}.")
        if train_on not in ("train+val", "train"):
            raise UserError(f"dataset.train_on is 'train+val' or 'train', not {train_on!r}.")
        self.version = version
        self.other = "V2" if version == "V1" else "V1"
        self.train_on = train_on

    @property
    def folders(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the version, then those that may hold either."""
        named = f"MSMT17_{self.version}"
        return (named, f"msmt17/{named}", f"MSMT17/{named}", *UNNAMED)

    @property
    def marks(self) -> tuple[str, ...]:  # type: ignore[override]
        """The folder of the version's training images."""
        return LAYOUTS[self.version][:1]

    def folder_below(self, below: Path) -> Path | None:
        """The release's folder below a data root, if there is one that isn't the other version's.

        Raises UserError if it may not be read.
        """
        found = super().folder_below(below)
        own, other = LAYOUTS[self.version][0], (LAYOUTS[self.other][0], f"MSMT17_{self.other}")
        if found is None or found.name not in UNNAMED or is_folder(found / own):
            return found
        return None if any(is_folder(found / name) for name in other) else found

    def find(self) -> Path:
        """The release's folder. Raises UserError where there is none, or the other version's."""
        below = root()
        if below is not None and self.folder_below(below) is None:
            there = Msmt17(self.other).folder_below(below)
            if there is not None:
                raise UserError(
                    f"{self.title} of version {self.version} is not in the data root {below}, but "
                    f"{there.name} of version {self.other} is. Take that with "
                    f"dataset.version={self.other}."
                )
        return super().find()

    @property
    def whole(self) -> str:
        """The name with the version, and with "train alone" if the validation images are left out.

        Results differ by both.
        """
        alone = ", train alone" if self.train_on == "train" else ""
        return f"{self.title}-{self.version}{alone}"

    @property
    def official(self) -> Counts:
        """The release's counts, for the training images that `train_on` asks for."""
        counts = dict(super().official)
        if self.train_on == "train":
            counts["train images"] -= MSMT17_VALIDATION_IMAGES
        return counts

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images of the lists; training and test identities are numbered separately."""
        train_folder, test_folder = LAYOUTS[self.version]
        if not is_folder(folder / train_folder):
            raise UserError(
                f"{folder} has no folder {train_folder}, where version {self.version} keeps its "
                "training images. Unpack the archive again, or name the version that is there: "
                "dataset.version=V1 (train) or V2 (mask_train_v2)."
            )

        def listed(part: str, images: str) -> Listing:
            name = f"list_{part}.txt"
            return Listing.of(_listed(folder, name, images), folder / name)

        train = listed("train", train_folder)
        if self.train_on == "train+val":
            train = train.joined(listed("val", train_folder), folder / "list_val.txt")
        query, gallery = listed("query", test_folder), listed("gallery", test_folder)
        if both := set(query.paths) & set(gallery.paths):
            raise UserError(
                f"{folder / 'list_gallery.txt'} lists {min(both)}, which is a query in "
                "list_query.txt. Take both lists as they were released."
            )
        halves = Halves(keep(train), keep(query), keep(gallery))
        return halves, f"version {self.version}, trained on {self.train_on}"

    def set_aside(self, folder: Path) -> Aside | None:
        """The validation images if they aren't trained on; no images if their list is missing."""
        if self.train_on == "train+val":
            return None
        name = "list_val.txt"
        listed = is_file(folder / name)
        images = _listed(folder, name, LAYOUTS[self.version][0]) if listed else []
        return Aside(
            "validation images left out",
            Listing.of(images, folder / name),
            MSMT17_VALIDATION_IMAGES,
        )


def _listed(folder: Path, name: str, images: str) -> list[Labelled]:
    """The images in a list, whose lines are `path identity`."""
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

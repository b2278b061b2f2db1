"""Data set `market1501`: 751 identities to train on and 750 to test on, by six cameras."""

import re
from pathlib import Path

from benchmark.data.official.counts import MARKET_JUNK_IMAGES
from benchmark.data.official.release import Aside, Keep, Release
from benchmark.data.official.source import Source
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import JUNK, Labelled, Listing, entries, is_image
from benchmark.errors import UserError
from benchmark.registry import DATASETS

PARTS = ("bounding_box_train", "query", "bounding_box_test")


@DATASETS.register_module(name="market1501")
class Market1501(Release):
    """Persons, by the names of the image files; junk (-1) is left out, distractors (0000) stay."""

    title = "Market-1501"
    folders = (
        "Market-1501-v15.09.15",
        "Market-1501",
        "Market1501",
        "market1501",
    )
    marks = PARTS
    # The terms are those of the archive's own readme.txt.
    source = Source(
        page="Market-1501 Dataset",
        address="https://zheng-lab.cecs.anu.edu.au/Project/project_reid.html",
        files="Market-1501-v15.09.15.zip",
        terms="Use is for research only, not commercial, and the images must not be passed on.",
        steps=(
            "Open the page and take Market-1501-v15.09.15.zip from one of the file hosts that it "
            "links; they want a browser, so it isn't downloaded from here.",
            "Unpack it: unzip -q Market-1501-v15.09.15.zip -d {root}. Then there are the folders "
            "bounding_box_train, bounding_box_test and query in {root}/Market-1501-v15.09.15.",
        ),
    )

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images of bounding_box_train, query and bounding_box_test, which no list names."""
        return market_halves(folder), "junk left out, distractors kept"

    def set_aside(self, folder: Path) -> Aside:
        """The junk."""
        return junk(folder, MARKET_JUNK_IMAGES)


def market_halves(folder: Path, misnamed: list[str] | None = None) -> Halves:
    """The halves of a folder laid out as Market-1501; junk, whose identity is -1, is left out.

    Images whose names don't begin with identity and camera, as in `0002_c1s1_000451_03.jpg`, are
    added to `misnamed`. Raises UserError for such an image if `misnamed` is None, and for a folder
    that can't be read.
    """

    def identities(part: str) -> Listing:
        images = []
        for name in entries(folder / part, is_image):
            identity, camera = identity_and_camera(name)
            if identity is None:
                if misnamed is None:
                    raise UserError(
                        f"{folder / part / name}: the name doesn't begin with identity and "
                        "camera, as in 0002_c1s1_000451_03.jpg. Rename or remove the file."
                    )
                misnamed.append(f"{part}/{name}")
            elif identity != JUNK:
                images.append(Labelled(f"{part}/{name}", identity, camera))
        return Listing.of(images, folder / part)

    train, query, gallery = map(identities, PARTS)
    return Halves.of_identities(train, query, gallery, where=folder)


def junk(folder: Path, official: int | None = None) -> Aside:
    """The images of identity -1 in a folder laid out as Market-1501."""
    images = [
        Labelled(f"{part}/{name}", JUNK, camera)
        for part in PARTS
        for name in entries(folder / part, is_image)
        for identity, camera in [identity_and_camera(name)]
        if identity == JUNK
    ]
    return Aside("junk images", Listing.of(images, folder), official)


def identity_and_camera(name: str) -> tuple[int | None, int]:
    """The identity and camera in an image's name; the identity is None if there is none."""
    match = re.match(r"(-1|\d{1,9})_c(\d{1,9})(?!\d)", name)
    return (int(match[1]), int(match[2])) if match else (None, 0)

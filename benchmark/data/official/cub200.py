"""Data set `cub200`: Caltech-UCSD Birds-200-2011, 100 classes to train on and 100 to test on."""

from pathlib import Path

from benchmark.data.official.release import Keep, Release
from benchmark.data.official.source import Archive, Source
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Labelled, Listing, read_lines, whole_number
from benchmark.errors import UserError
from benchmark.registry import DATASETS


@DATASETS.register_module(name="cub200")
class Cub200(Release):
    """200 bird species in zero-shot halves, by images.txt and image_class_labels.txt."""

    title = "CUB-200-2011"
    folders = ("CUB_200_2011", "CUB-200-2011", "cub200", "CUB200")
    marks = ("images.txt", "image_class_labels.txt")
    # Size and checksum of CaltechDATA's record 65de6-vp158 (once numbered 20098).
    source = Source(
        page="Caltech-UCSD Birds-200-2011",
        address="https://www.vision.caltech.edu/datasets/cub_200_2011/",
        files="CUB_200_2011.tgz",
        terms=(
            "The images belong to their photographers; use is for non-commercial research and "
            "education."
        ),
        steps=(
            "On a computer that can reach it, download CUB_200_2011.tgz (1,150,585,339 bytes) from "
            "https://data.caltech.edu/records/65de6-vp158.",
            "Put it into {root}.",
            "Call 'data prepare cub200' again: it verifies the file and unpacks it.",
        ),
        archive=Archive(
            name="CUB_200_2011.tgz",
            address="https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz?download=1",
            size=1_150_585_339,
            md5="97eceeb196236b17998738112f37df78",
            folder="CUB_200_2011",
        ),
    )

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images by their ids, each with its class."""
        paths = _by_id(folder / "images.txt")
        classes = _by_id(folder / "image_class_labels.txt")
        if paths.keys() != classes.keys():
            odd = min(paths.keys() ^ classes.keys())
            raise UserError(
                f"{folder}: image {odd} is in only one of images.txt and image_class_labels.txt. "
                "Take both files from one archive."
            )
        images = []
        for number, path in paths.items():
            label = whole_number(classes[number])
            if label is None:
                raise UserError(
                    f"{folder / 'image_class_labels.txt'}: image {number} has the class "
                    f"{classes[number]!r}, which is no number. Take the file as it was released."
                )
            images.append(Labelled(f"images/{path}", label))
        halves = Halves.zero_shot(keep(Listing.of(images, folder / "images.txt")))
        return halves, "first half of the classes for training, the others for testing"


def _by_id(path: Path) -> dict[int, str]:
    """The file's lines `id value`."""
    values: dict[int, str] = {}
    for line in read_lines(path):
        text, _, value = line.partition(" ")
        number = whole_number(text)
        if number is None or not value or number in values:
            fault = "repeats an id" if number in values else "is not 'id value'"
            raise UserError(f"{path}: the line {line!r} {fault}. Take the file as it was released.")
        values[number] = value.strip()
    return values

"""Data set `cars196`: Stanford Cars, 98 classes to train on and 98 to test on."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from benchmark.data.official.release import Keep, Release
from benchmark.data.official.source import Source
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Labelled, Listing
from benchmark.errors import UserError
from benchmark.paths import is_file, is_folder, require_regular
from benchmark.registry import DATASETS

MOST_CLASSES = 10**9
"""Above any number that a class may have."""


@DATASETS.register_module(name="cars196")
class Cars196(Release):
    """196 car models in zero-shot halves; the official split into images isn't used.

    Both layouts are read: `car_ims` with `cars_annos.mat`, and `cars_train` and `cars_test` with
    the devkit's `cars_train_annos.mat` and `cars_test_annos_withlabels.mat`.
    """

    title = "Cars196"
    folders = ("cars196", "Cars196", "CARS196", "cars_196", "stanford_cars", "StanfordCars")
    marks = ("car_ims", "cars_train")
    source = Source(
        page="Cars Dataset",
        address="https://ai.stanford.edu/~jkrause/cars/car_dataset.html",
        files="a copy of car_ims.tgz and cars_annos.mat, since they are gone",
        terms="Use is for non-commercial research, on terms like those of ImageNet.",
        # The checksums are those that public loaders of the set agree on; the page stated none.
        steps=(
            "The page is gone, and no official download is left. Find a copy of the release, of "
            "either layout, whose terms you can accept.",
            "Layout one is car_ims.tgz (MD5 d5c8f0aa497503f355e17dc7886c3f14) with cars_annos.mat "
            "(MD5 b407c6086d669747186bd1d764ff9dbc). Put both into {root}/cars196 and unpack: "
            "tar -xzf car_ims.tgz. Then there are car_ims/000001.jpg to car_ims/016185.jpg.",
            "Layout two is cars_train.tgz, cars_test.tgz and car_devkit.tgz with "
            "cars_test_annos_withlabels.mat. Unpack all into {root}/cars196, so that there are "
            "cars_train/00001.jpg, cars_test/00001.jpg and devkit/cars_train_annos.mat, and put "
            "cars_test_annos_withlabels.mat into devkit.",
        ),
    )

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The annotated images of whichever layout is there."""
        if is_folder(folder / "car_ims"):
            source = folder / "cars_annos.mat"
            images = Listing.of(_annotated(source, "relative_im_path", ""), source)
            layout = "car_ims with cars_annos.mat"
        elif is_folder(folder / "cars_train"):
            devkit = folder / "devkit"
            # The labels of the test images came later, and are kept in either place.
            name = "cars_test_annos_withlabels.mat"
            source = folder / name if is_file(folder / name) else devkit / name
            train = devkit / "cars_train_annos.mat"
            images = Listing.of(_annotated(train, "fname", "cars_train/"), train)
            tested = Listing.of(_annotated(source, "fname", "cars_test/"), source)
            images = images.joined(tested, source)
            layout = "cars_train and cars_test with the devkit's annotations"
        else:
            raise UserError(
                f"{folder}: there is neither car_ims (with cars_annos.mat) nor cars_train (with "
                f"cars_test and devkit). {self.source}"
            )
        halves = Halves.zero_shot(keep(images))
        return halves, f"{layout}; first half of the classes for training, the others for testing"


def _annotated(path: Path, name: str, prefix: str) -> list[Labelled]:
    """The images that a MATLAB file's `annotations` name in their field `name`."""
    try:
        require_regular(path)
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror}). Take it from where the images come from, or "
            "mend its permissions."
        ) from error
    try:
        annotations = np.atleast_1d(loadmat(BytesIO(content), squeeze_me=True)["annotations"])
        images = [
            Labelled(prefix + _file_name(image), _class(label))
            for image, label in zip(annotations[name], annotations["class"], strict=True)
        ]
        if not images:
            raise ValueError("there are none")
        return images
    except Exception as error:  # scipy raises errors of many kinds for damaged files
        raise UserError(
            f"{path} can't be read as annotations with {name!r} and 'class' ({error}). "
            "Download the file again."
        ) from error


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no file name")
    return value


def _class(value: Any) -> int:
    """The number of a class: MATLAB stores even whole numbers as floats."""
    number = int(value)
    if number != value or not 0 <= number < MOST_CLASSES:
        raise ValueError(f"{value!r} is no class")
    return number

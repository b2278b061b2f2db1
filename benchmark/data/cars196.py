"""Data set `cars196`: Stanford Cars, 98 classes to train on and 98 to test on."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from benchmark.data.halves import Halves
from benchmark.data.listing import Labelled, Listing
from benchmark.data.release import Keep, Release, is_folder
from benchmark.errors import UserError
from benchmark.registry import DATASETS


@DATASETS.register_module(name="cars196")
class Cars196(Release):
    """196 car models in zero-shot halves; the official split by images plays no part.

    Both layouts are read: `car_ims` with `cars_annos.mat`, and `cars_train` and `cars_test` with
    the devkit's `cars_train_annos.mat` and `cars_test_annos_withlabels.mat`.
    """

    title = "Cars196"
    folders = ("cars196", "Cars196", "CARS196", "cars_196", "stanford_cars", "StanfordCars")
    how_to_get = (
        "Get car_ims.tgz and cars_annos.mat of the page 'Cars Dataset' (Jonathan Krause, "
        "Stanford), or a copy of them since the page is gone, and unpack both into "
        "'cars196' in the data root. Use is for non-commercial research."
    )

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The annotated images of whichever layout is there."""
        if is_folder(folder / "car_ims"):
            source = folder / "cars_annos.mat"
            images = _annotated(source, "relative_im_path", "")
            layout = "car_ims with cars_annos.mat"
        elif is_folder(folder / "cars_train"):
            devkit = folder / "devkit"
            # The labels of the test images came later, and are kept in either place.
            name = "cars_test_annos_withlabels.mat"
            source = folder / name if (folder / name).is_file() else devkit / name
            images = _annotated(devkit / "cars_train_annos.mat", "fname", "cars_train/")
            images += _annotated(source, "fname", "cars_test/")
            layout = "cars_train and cars_test with the devkit's annotations"
        else:
            raise UserError(
                f"{folder}: there is neither car_ims (with cars_annos.mat) nor cars_train (with "
                f"cars_test and devkit). {self.how_to_get}"
            )
        halves = Halves.zero_shot(keep(Listing.of(images, source)))
        return halves, f"{layout}; first half of the classes for training, the others for testing"


def _annotated(path: Path, name: str, prefix: str) -> list[Labelled]:
    """The images that a MATLAB file's `annotations` name in their field `name`."""
    if not path.is_file():
        raise UserError(f"{path} is missing. Take it from where the images come from.")
    try:
        annotations = np.atleast_1d(loadmat(path, squeeze_me=True)["annotations"])
        return [
            Labelled(prefix + str(image), int(label))
            for image, label in zip(annotations[name], annotations["class"], strict=True)
        ]
    except Exception as error:  # scipy meets damage with errors of many kinds
        raise UserError(
            f"{path} can't be read as annotations with {name!r} and 'class' ({error}). "
            "Download the file again."
        ) from error

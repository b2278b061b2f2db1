"""What each layout's small tree holds (see `conftest.py`), and what must come out of a tree.

Nothing here reads a file or calls the suite: it is the oracle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any


@dataclass(frozen=True)
class Shown:
    """An image that must come out, with the data set's own label and camera.

    `part` is "train", "query" or "gallery", or "" where halves of the classes decide it. `listed`
    is the list that names the image, "" where its folder alone does.
    """

    path: str
    label: int
    camera: int = 0
    part: str = ""
    listed: str = ""


@dataclass(frozen=True)
class Layout:
    """A tree: what is asked for, where it lies below the data root, and the images of it.

    `image_folders` are the folders that it can't do without.
    """

    name: str
    entry: Mapping[str, Any]
    folder: str
    images: tuple[Shown, ...]
    image_folders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    other_folders: tuple[str, ...] = ()
    build: Mapping[str, str] = field(default_factory=dict)

    @property
    def official(self) -> bool:
        """Whether the layout is a release's, with official counts and parts by --allow-partial."""
        return self.name not in ("image_folder", "reid_folder")

    @property
    def reid(self) -> bool:
        """Whether its images have identities and cameras."""
        return any(image.part == "gallery" for image in self.images)

    @property
    def own_classes(self) -> bool:
        """Whether its classes are whatever folders there are."""
        return self.name == "image_folder"

    def places(self) -> list[Shown]:
        """One image of each part or half, neither the first nor the last of it."""
        if self.reid:
            parts = ("train", "query", "gallery")
            return [[i for i in self.images if i.part == part][2] for part in parts]
        return [self.images[4], self.images[-5]]


def halves(images: Iterable[Shown], tested: Iterable[int] | None = None) -> dict[str, list[Shown]]:
    """The images of each split, by label and then by path.

    Without parts, the first half of the classes trains, or those that aren't `tested`.
    """
    ordered = sorted(images, key=lambda image: (image.label, image.path))
    if any(image.part for image in ordered):
        return {
            part: [image for image in ordered if image.part == part]
            for part in ("train", "query", "gallery")
        }
    classes = sorted({image.label for image in ordered})
    test = set(classes[len(classes) // 2 :] if tested is None else tested)
    return {
        "train": [image for image in ordered if image.label not in test],
        "query": [image for image in ordered if image.label in test],
    }


CLASSES, SHOTS = 8, 3

CUB = tuple(
    Shown(f"images/{label + 1:03}.Bird {label}/Vögel_{shot}.jpg", label + 1, listed="images.txt")
    for label, shot in product(range(CLASSES), range(SHOTS))
)
CARS = tuple(
    Shown(f"car_ims/{n + 1:06}.jpg", n % CLASSES + 1, listed="cars_annos.mat")
    for n in range(CLASSES * SHOTS)
)
TRAIN_ANNOTATIONS = "devkit/cars_train_annos.mat"
TEST_ANNOTATIONS = "devkit/cars_test_annos_withlabels.mat"
DEVKIT = tuple(
    Shown(f"cars_{half}/{n + 1:05}.jpg", n % CLASSES + 1, listed=source)
    for half, shots, source in (("train", 2, TRAIN_ANNOTATIONS), ("test", 1, TEST_ANNOTATIONS))
    for n in range(CLASSES * shots)
)
MARKET = (
    *(
        Shown(f"bounding_box_train/{i:04}_c{c}s1_000451_{shot:02}.jpg", i, c, "train")
        for i, c, shot in product((2, 7, 11, 30), (1, 3), (1, 2))
    ),
    *(
        Shown(f"query/{i:04}_c{c}s1_000001_00.jpg", i, c, "query")
        for i, c in product((1, 3, 1501), (1, 3))
    ),
    *(
        Shown(f"bounding_box_test/{i:04}_c{c}s1_000002_01.jpg", i, c, "gallery")
        for i, c in product((1, 3, 1501), (1, 3))
    ),
    *(Shown(f"bounding_box_test/0000_c{c}s1_000151_01.jpg", 0, c, "gallery") for c in (1, 2)),
)
MARKET_FOLDERS = ("bounding_box_train", "query", "bounding_box_test")
OWN = tuple(
    Shown(f"kind {label}/{shot}.PNG", label)
    for label, shot in product(range(CLASSES), range(SHOTS))
)


def msmt17(train: str, test: str) -> tuple[Shown, ...]:
    return tuple(
        Shown(
            f"{folder}/{i:04}/{i:04}_{shot:03}_{c:02}_0303{name}_0008_0.jpg",
            i,
            c,
            part,
            f"list_{name}.txt",
        )
        for name, part, folder, identities, shots in (
            ("train", "train", train, 4, 2),
            ("val", "train", train, 4, 1),
            ("query", "query", test, 3, 1),
            ("gallery", "gallery", test, 3, 2),
        )
        for i, shot, c in product(range(identities), range(shots), (1, 15))
    )


MSMT17_LISTS = ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt")

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "cub200",
            {"type": "cub200"},
            "CUB_200_2011",
            CUB,
            ("images",),
            ("images.txt", "image_class_labels.txt"),
            ("CUB_200_2011/CUB_200_2011", "CUB-200-2011", "cub200", "CUB200"),
        ),
        Layout(
            "cars196",
            {"type": "cars196"},
            "cars196",
            CARS,
            ("car_ims",),
            ("cars_annos.mat",),
            ("Cars196", "CARS196", "cars_196", "stanford_cars", "StanfordCars"),
        ),
        Layout(
            "cars196_devkit",
            {"type": "cars196"},
            "cars196",
            DEVKIT,
            ("cars_train", "cars_test"),
            (TRAIN_ANNOTATIONS, TEST_ANNOTATIONS),
            ("Cars196", "CARS196", "cars_196", "stanford_cars", "StanfordCars"),
        ),
        Layout(
            "market1501",
            {"type": "market1501"},
            "Market-1501-v15.09.15",
            MARKET,
            MARKET_FOLDERS,
            (),
            ("market1501/Market-1501-v15.09.15", "Market-1501", "Market1501", "market1501"),
        ),
        *(
            Layout(
                f"msmt17_{version.lower()}",
                {"type": "msmt17", "version": version},
                f"MSMT17_{version}",
                msmt17(*folders),
                folders,
                MSMT17_LISTS,
                (f"msmt17/MSMT17_{version}", f"MSMT17/MSMT17_{version}", "MSMT17", "msmt17"),
                {"version": version},
            )
            for version, folders in (
                ("V1", ("train", "test")),
                ("V2", ("mask_train_v2", "mask_test_v2")),
            )
        ),
        Layout("image_folder", {"type": "image_folder"}, "image_folder", OWN),
        Layout("reid_folder", {"type": "reid_folder"}, "reid_folder", MARKET, MARKET_FOLDERS),
    )
}

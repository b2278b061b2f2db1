"""Small trees in the layouts of the four benchmarks, made of noise."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from benchmark.data.official import counts
from benchmark.data.root import VARIABLE

CLASSES, SHOTS = 8, 3


def picture(path: Path, size: tuple[int, int] = (20, 16), seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def cub200(root: Path) -> Path:
    folder = root / "CUB_200_2011"
    paths, labels = [], []
    for number, (label, shot) in enumerate(itertools.product(range(CLASSES), range(SHOTS)), 1):
        path = f"{label + 1:03}.Bird {label}/Vögel_{shot}.jpg"
        picture(folder / "images" / path, seed=number)
        paths.append(f"{number} {path}\n")
        labels.append(f"{number} {label + 1}\n")
    (folder / "images.txt").write_text("".join(paths), encoding="utf-8")
    (folder / "image_class_labels.txt").write_text("".join(labels), encoding="utf-8")
    return folder


def annotations(path: Path, field: str, images: list[tuple[str, int]]) -> None:
    kinds = [("bbox_x1", "O"), ("class", "O"), (field, "O")]
    rows = np.array([[(1, label, name) for name, label in images]], dtype=kinds)
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"annotations": rows})


def cars196(root: Path) -> Path:
    folder = root / "cars196"
    images = []
    for number in range(CLASSES * SHOTS):
        name = f"car_ims/{number + 1:06}.jpg"
        picture(folder / name, seed=number)
        images.append((name, number % CLASSES + 1))
    annotations(folder / "cars_annos.mat", "relative_im_path", images)
    return folder


def cars196_devkit(root: Path) -> Path:
    folder = root / "cars196"
    for half, shots in (("train", 2), ("test", 1)):
        images = []
        for number in range(CLASSES * shots):
            picture(folder / f"cars_{half}" / f"{number + 1:05}.jpg", seed=number)
            images.append((f"{number + 1:05}.jpg", number % CLASSES + 1))
        name = "cars_train_annos.mat" if half == "train" else "cars_test_annos_withlabels.mat"
        annotations(folder / "devkit" / name, "fname", images)
    return folder


def market1501(root: Path, name: str = "Market-1501-v15.09.15") -> Path:
    folder = root / name
    for identity, camera, shot in itertools.product((2, 7, 11, 30), (1, 3), (1, 2)):
        name = f"{identity:04}_c{camera}s1_000451_{shot:02}.jpg"
        picture(folder / "bounding_box_train" / name, (8, 16), seed=identity + camera + shot)
    for identity, camera in itertools.product((1, 3, 1501), (1, 3)):
        picture(folder / "query" / f"{identity:04}_c{camera}s1_000001_00.jpg", (8, 16))
        picture(folder / "bounding_box_test" / f"{identity:04}_c{camera}s1_000002_01.jpg", (8, 16))
    for special in ("-1_c1s1_000401_03.jpg", "0000_c1s1_000151_01.jpg", "0000_c2s1_000151_01.jpg"):
        picture(folder / "bounding_box_test" / special, (8, 16))
    (folder / "query" / "Thumbs.db").write_bytes(b"no image")
    return folder


def msmt17(root: Path, version: str = "V1") -> Path:
    folder = root / f"MSMT17_{version}"
    train, test = ("train", "test") if version == "V1" else ("mask_train_v2", "mask_test_v2")
    parts = {"train": (train, 4, 2), "val": (train, 4, 1), "query": (test, 3, 1)}
    parts["gallery"] = (test, 3, 2)
    for part, (images, identities, shots) in parts.items():
        lines = []
        for identity, shot, camera in itertools.product(range(identities), range(shots), (1, 15)):
            name = f"{identity:04}_{shot:03}_{camera:02}_0303{part}_0008_0.jpg"
            picture(folder / images / f"{identity:04}" / name, (8, 16))
            lines.append(f"{identity:04}/{name} {identity}\n")
        (folder / f"list_{part}.txt").write_text("".join(lines))
    return folder


def image_folder(root: Path) -> Path:
    for label, shot in itertools.product(range(CLASSES), range(SHOTS)):
        picture(root / "image_folder" / f"kind {label}" / f"{shot}.PNG", seed=label)
    return root / "image_folder"


def reid_folder(root: Path) -> Path:
    return market1501(root, "reid_folder")


BUILDERS = {
    "cub200": cub200,
    "cars196": cars196,
    "cars196_devkit": cars196_devkit,
    "market1501": market1501,
    "msmt17": msmt17,
    "image_folder": image_folder,
    "reid_folder": reid_folder,
}

SMALL = {
    "CUB-200-2011": {"train classes": 4, "train images": 12, "test classes": 4, "test images": 12},
    "Market-1501": {
        "train identities": 4,
        "train images": 16,
        "test identities": 3,
        "query images": 6,
        "gallery images": 8,
        "cameras": 3,
    },
    "MSMT17": {
        "train identities": 4,
        "train images": 24,
        "test identities": 3,
        "query images": 6,
        "gallery images": 12,
        "cameras": 2,
    },
}
SMALL["Cars196"] = SMALL["CUB-200-2011"]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Make the tree of a layout below a data root of its own; its counts are the official ones."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for title, small in SMALL.items():
        monkeypatch.setitem(counts.OFFICIAL, title, small)
    monkeypatch.setattr("benchmark.data.official.msmt17.MSMT17_VALIDATION_IMAGES", 8)
    monkeypatch.setattr("benchmark.data.official.market1501.MARKET_JUNK_IMAGES", 1)
    return lambda layout, **options: BUILDERS[layout](tmp_path, **options)


@pytest.fixture
def tree(build):
    """Build a small tree in which no two images are the same."""

    def distinct(layout, **options):
        folder = build(layout, **options)
        images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
        for seed, path in enumerate(images):
            picture(path, seed=1000 + seed)
        return folder

    return distinct


@pytest.fixture
def paint():
    return picture

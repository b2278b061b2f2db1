"""Each damaged tree is loaded right, or refused by a message that names the file and a remedy."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmark import registry
from benchmark.data.transforms import RetrievalCrop
from benchmark.errors import UserError

TINY = RetrievalCrop(size=8, resize=8)
REMEDIES = ("again", "released", "Rename", "remove", "Remove", "move", "--allow-partial", "Get ")
REMEDIES += ("one archive", "from where", "version that is there", "It should hold", "Ask for it")

LISTS = {
    "cub200": ["images.txt", "image_class_labels.txt"],
    "cars196": ["cars_annos.mat"],
    "cars196_devkit": ["devkit/cars_train_annos.mat", "devkit/cars_test_annos_withlabels.mat"],
    "msmt17": ["list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"],
}
TEXT_LISTS = [(kind, name) for kind in ("cub200", "msmt17") for name in LISTS[kind]]
KINDS = [*LISTS, "market1501", "image_folder", "reid_folder"]


def load_all(kind, **options):
    """Load a data set and decode every image of it."""
    entry = {"type": kind.removesuffix("_devkit"), **options}
    dataset = registry.build(registry.DATASETS, entry, "dataset")
    assert isinstance(dataset.status().found, bool)
    data = dataset.load(TINY)
    for split in (data.train, data.query, data.gallery):
        if split is not None:
            split.images.batch(np.arange(len(split.images)), None)
    return data


def refused(kind, *told, **options):
    with pytest.raises(UserError) as error:
        load_all(kind, **options)
    message = str(error.value)
    assert all(part in message for part in told), message
    assert any(remedy in message for remedy in REMEDIES), message
    return message


def some_image(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".png"))[5]


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in LISTS.items() for n in names])
@pytest.mark.parametrize("fault", ["missing", "empty", "folder", "loop", "noise", "cut"])
def test_a_bad_list(build, kind, name, fault):
    path = build(kind) / name
    content = path.read_bytes()
    path.unlink()
    match fault:
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "noise":
            path.write_bytes(np.random.default_rng(0).bytes(500))
        case "cut":
            path.write_bytes(content[: len(content) // 2])
    refused(kind, str(path.parent if fault in ("empty", "cut") else path))


@pytest.mark.parametrize(("kind", "name"), TEXT_LISTS)
@pytest.mark.parametrize(
    "line",
    [
        *("x", "1", "x y", "1 ", "\0 1", "² ²", "1 -1"),
        *("a" * 5000 + " 1", "1 " + "9" * 5000, "9" * 30 + " 9"),
        *("../../etc/passwd 1", "1 ../../../etc/passwd", "0000/0000_000_01_x.jpg -1"),
    ],
)
def test_a_line_that_does_not_belong(build, kind, name, line):
    path = build(kind) / name
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    refused(kind, str(path.parent))


@pytest.mark.parametrize(("kind", "name"), TEXT_LISTS)
def test_a_line_that_comes_twice(build, kind, name):
    path = build(kind) / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[0]]), encoding="utf-8")
    refused(kind, str(path.parent))


@pytest.mark.parametrize(("kind", "name"), TEXT_LISTS)
def test_line_ends_byte_order_marks_and_blank_lines_are_harmless(build, kind, name):
    path = build(kind) / name
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
    assert len(load_all(kind).train.labels) > 0


@pytest.mark.parametrize(("kind", "name"), [("cub200", "images.txt"), ("msmt17", "list_train.txt")])
def test_a_list_that_is_not_utf8(build, kind, name):
    path = build(kind) / name
    path.write_bytes(path.read_bytes() + b"99 \xff\xfe.jpg\n")
    refused(kind, str(path), "UTF-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["truncated", "page", "empty", "loop", "folder"])
def test_a_bad_image(build, kind, fault):
    path = some_image(build(kind))
    content = path.read_bytes()
    path.unlink()
    match fault:
        case "truncated":
            path.write_bytes(content[: len(content) * 2 // 3])
        case "page":
            path.write_text("<html>")
        case "empty":
            path.touch()
        case "loop":
            path.symlink_to(path)
        case "folder":
            path.mkdir()
    refused(kind, str(path))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("kind", KINDS)
def test_an_unreadable_image(build, kind):
    path = some_image(build(kind))
    path.chmod(0)
    refused(kind, str(path))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["CMYK", "L", "1", "P", "I;16", "RGBA"])
def test_an_unusual_image_is_taken(build, kind, mode):
    path = some_image(build(kind))
    image = Image.open(path).convert("RGB")
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    image = Image.fromarray(grey) if mode == "I;16" else image.convert(mode)
    # What is inside counts, not the name's suffix.
    image.save(path, format="TIFF")
    load_all(kind)


@pytest.mark.parametrize("kind", list(LISTS))
def test_a_missing_image(build, kind):
    folder = build(kind)
    path = some_image(folder)
    path.unlink()
    refused(kind, "1 listed images", str(path.relative_to(folder)))
    data = load_all(kind, allow_partial=True)
    assert "partial" in data.name
    paths = [p for s in (data.train, data.query, data.gallery) if s for p in s.images.paths]
    assert path not in paths


@pytest.mark.parametrize("kind", list(LISTS))
def test_an_empty_class(build, kind):
    folder = build(kind)
    path = some_image(folder)
    for image in path.parent.iterdir():
        image.unlink()
    refused(kind, "listed images are not there", path.parent.name)


def test_halves_are_of_the_classes_that_are_there(build):
    folder = build("cub200")
    for label in (1, 2, 3, 4):
        shutil.rmtree(folder / "images" / f"{label:03}.Bird {label - 1}")
    data = load_all("cub200", allow_partial=True)
    assert {path.parent.name[:3] for path in data.train.images.paths} == {"005", "006"}
    assert set(data.query.labels) == {7, 8}
    assert data.name == "CUB-200-2011 (partial: 4 of 8 classes)"


@pytest.mark.parametrize("kind", [*LISTS, "market1501"])
def test_no_images_at_all(build, kind):
    folder = build(kind)
    for path in folder.iterdir():
        if path.is_dir() and path.name != "devkit":
            shutil.rmtree(path)
            path.mkdir()
    refused(kind, str(folder))
    refused(kind, str(folder), allow_partial=True)


@pytest.mark.parametrize(
    ("kind", "part"),
    [("market1501", p) for p in ("bounding_box_train", "query", "bounding_box_test")]
    + [("cars196", "car_ims"), ("cars196_devkit", "cars_train"), ("msmt17", "train")],
)
@pytest.mark.parametrize("fault", ["missing", "file", "loop"])
def test_a_missing_folder(build, kind, part, fault):
    folder = build(kind)
    shutil.rmtree(folder / part)
    if fault == "file":
        (folder / part).touch()
    elif fault == "loop":
        (folder / part).symlink_to(folder / part)
    refused(kind, str(folder), part)


@pytest.mark.parametrize("kind", ["market1501", "reid_folder"])
@pytest.mark.parametrize(
    "name", ["portrait.jpg", "12.jpg", "-2_c1s1_1.jpg", "0001_s1.jpg", "9" * 40 + "_c1.jpg"]
)
def test_a_name_without_identity_or_camera(build, paint, kind, name):
    folder = build(kind)
    paint(folder / "query" / name)
    refused(kind, name)


@pytest.mark.parametrize("kind", ["cub200", "cars196", "market1501", "msmt17"])
def test_wrong_counts_are_told(build, kind):
    folder = build(kind)
    lists = {"cub200": ["images.txt", "image_class_labels.txt"], "msmt17": ["list_query.txt"]}
    for name in lists.get(kind, []):
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:-1]), encoding="utf-8")
    if kind not in lists:
        some_image(folder).unlink()
    refused(kind, str(folder))


def test_a_gap_in_the_labels_is_closed(build):
    folder = build("cub200")
    path = folder / "image_class_labels.txt"
    text = path.read_text(encoding="utf-8").replace(" 2\n", " 199\n")
    path.write_text(text, encoding="utf-8")
    data = load_all("cub200")
    assert sorted(set(data.train.labels)) == [0, 1, 2, 3]
    assert sorted(set(data.query.labels)) == [6, 7, 8, 199]


def test_hidden_files_and_other_kinds_of_file_are_no_images(build):
    folder = build("market1501")
    for name in (".DS_Store", "._0002_c1s1_000451_01.jpg", "Thumbs.db", "readme.txt"):
        (folder / "bounding_box_train" / name).write_bytes(b"no image")
    assert len(load_all("market1501").train.labels) == 16

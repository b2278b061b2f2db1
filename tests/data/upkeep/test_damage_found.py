"""What data check finds on small trees that are damaged one way at a time."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from found import only
from PIL import Image
from registered import images, make

from benchmark import registry
from benchmark.data.upkeep import check as checking
from benchmark.data.upkeep.check import Finding, check
from benchmark.entries import Entry
from benchmark.errors import UserError

LISTS = ["cub200", "cars196", "cars196_devkit", "msmt17"]
FOLDERS = ["market1501", "reid_folder", "image_folder"]
KINDS = [*LISTS, *FOLDERS]


@pytest.mark.parametrize("kind", LISTS)
def test_missing(tree, kind):
    folder = tree(kind)
    gone = images(folder)[3:12:4]
    for path in gone:
        path.unlink()
    findings = check(make(kind))
    found = only(findings, "missing")
    assert sorted(one.path for one in found) == [str(p.relative_to(folder)) for p in gone]
    assert sum(n for what, n in findings.found.items() if what.endswith("images")) == (
        findings.opened
    )
    assert findings.partial
    assert "partial" in findings.name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_truncated(tree, kind, share):
    folder = tree(kind)
    path = images(folder)[-1]
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    (found,) = only(check(make(kind)), "truncated")
    assert found.path == str(path.relative_to(folder))
    assert found.detail == (
        f"it ends too early ({len(path.read_bytes()):,} bytes)" if share else "the file is empty"
    )


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif", ".ppm"])
def test_truncated_in_each_format(tmp_path, suffix):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"image{suffix}"
    Image.fromarray(pixels).save(path)
    assert checking.open_image(path).kind == ""
    content = path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(content[: int(share * len(content))])
        assert checking.open_image(path).kind == "truncated"


@pytest.mark.parametrize("kind", [*LISTS, "market1501", "reid_folder"])
def test_unreadable(tree, monkeypatch, kind):
    folder = tree(kind)
    text, forbidden, place, pipe = images(folder)[-4:]
    text.write_text("no image at all, but long enough")
    place.unlink()
    place.mkdir()
    pipe.unlink()
    os.mkfifo(pipe)
    read = Path.read_bytes

    def refuse(path):
        if path == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = {one.path: one.detail for one in only(check(make(kind)), "unreadable")}
    assert found == {
        str(text.relative_to(folder)): "no image of a known format",
        str(forbidden.relative_to(folder)): "Permission denied",
        str(place.relative_to(folder)): "it isn't a regular file",
        str(pipe.relative_to(folder)): "it isn't a regular file",
    }


def test_a_link_that_leads_nowhere(tree):
    folder = tree("market1501")
    path = images(folder)[-1]
    path.unlink()
    path.symlink_to("nowhere")
    (found,) = only(check(make("market1501")), "unreadable")
    assert found == Finding(str(path.relative_to(folder)), "a link that leads nowhere")


def copy(folder, here, there):
    """Make one image the copy of another; returns their paths below the folder."""
    shutil.copy(folder / here, folder / there)
    return here, there


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("cub200", "images/001.Bird 0/Vögel_0.jpg", "images/008.Bird 7/Vögel_1.jpg"),
        ("cars196", "car_ims/000001.jpg", "car_ims/000008.jpg"),
        (
            "market1501",
            "bounding_box_train/0002_c1s1_000451_01.jpg",
            "query/0001_c1s1_000001_00.jpg",
        ),
        (
            "reid_folder",
            "query/0001_c1s1_000001_00.jpg",
            "bounding_box_test/0001_c3s1_000002_01.jpg",
        ),
    ],
)
def test_a_duplicate_in_two_splits(tree, kind, here, there):
    folder = tree(kind)
    copy(folder, here, there)
    (found,) = only(check(make(kind)), "duplicate")
    assert found.path == there
    assert found.detail.startswith(f"the same content as {here}; this one is in ")


@pytest.mark.parametrize(
    ("kind", "here", "there", "note"),
    [
        ("cub200", "images/001.Bird 0/Vögel_0.jpg", "images/001.Bird 0/Vögel_2.jpg", "the same"),
        ("cub200", "images/001.Bird 0/Vögel_0.jpg", "images/004.Bird 3/Vögel_2.jpg", "another"),
        ("image_folder", "kind 1/0.PNG", "kind 1/2.PNG", "the same"),
    ],
)
def test_a_duplicate_that_is_noted(tree, kind, here, there, note):
    folder = tree(kind)
    copy(folder, here, there)
    findings = check(make(kind))
    assert findings.ok
    assert findings.notes == (Finding(there, f"the same content as {here}, of {note} class"),)


def test_a_duplicate_in_two_classes_of_ones_own(tree):
    folder = tree("image_folder")
    loaded = make("image_folder").load(registry.build(registry.TRANSFORMS, Entry.of("reid"), ""))
    first, *_, last = sorted(str(p.relative_to(folder)) for p in loaded.train.images.paths)
    copy(folder, first, last)
    (found,) = only(check(make("image_folder")), "duplicate")
    assert found == Finding(last, f"the same content as {first}, of another class")


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("cub200", "images/001.Bird 0"),
        ("cub200", "images"),
        ("cars196", "car_ims"),
        ("cars196_devkit", "cars_test"),
        ("msmt17", "test/0000"),
    ],
)
def test_unlisted(tree, paint, kind, place):
    folder = tree(kind)
    paint(folder / place / "one more.jpg", seed=1)
    (folder / place / "000001.jpg.part").write_bytes(b"half")
    found = only(check(make(kind)), "unlisted")
    assert found == (
        Finding(f"{place}/000001.jpg.part", "no list names it"),
        Finding(f"{place}/one more.jpg", "no list names it"),
    )


@pytest.mark.parametrize("kind", ["market1501", "reid_folder"])
def test_unlisted_by_name(tree, paint, kind):
    folder = tree(kind)
    paint(folder / "query" / "portrait.jpg", seed=1)
    paint(folder / "query" / "more" / "0001_c1s1_000001_00.jpg", seed=2)
    (folder / "bounding_box_test" / "notes.txt").write_text("seen twice")
    found = {one.path: one.detail for one in only(check(make(kind)), "unlisted")}
    assert found == {
        "query/portrait.jpg": "its name doesn't begin with identity and camera, as in "
        "0002_c1s1_000451_03.jpg",
        "query/more/0001_c1s1_000001_00.jpg": "it lies in a folder within the folder of images",
        "bounding_box_test/notes.txt": "by its name it is no image",
    }
    with pytest.raises(UserError, match="portrait"):
        make(kind).load(registry.build(registry.TRANSFORMS, Entry.of("reid"), ""))


def test_unlisted_among_ones_own(tree, paint):
    folder = tree("image_folder")
    paint(folder / "loose.png", seed=1)
    (folder / "kind 1" / "0.PNG.crdownload").write_bytes(b"half")
    found = only(check(make("image_folder")), "unlisted")
    assert found == (
        Finding("kind 1/0.PNG.crdownload", "by its name it is no image"),
        Finding("loose.png", "it lies in no class's folder"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_systems_leave_is_no_finding(tree, kind):
    folder = tree(kind)
    for inside in {path.parent for path in images(folder)}:
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0001_c1.jpg"):
            (inside / name).write_bytes(b"no image")
    assert check(make(kind)).ok

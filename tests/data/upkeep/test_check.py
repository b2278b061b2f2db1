"""What data check finds in sound sets and in those without a folder of their own kind."""

import os
import shutil
import tarfile
from pathlib import Path

import pytest
from found import NOTHING, number
from registered import images, make

from benchmark.data.official import counts
from benchmark.data.root import VARIABLE
from benchmark.data.upkeep import check as checking
from benchmark.data.upkeep.check import check
from benchmark.errors import UserError

LISTS = ["cub200", "cars196", "cars196_devkit", "msmt17"]
FOLDERS = ["market1501", "reid_folder", "image_folder"]
KINDS = [*LISTS, *FOLDERS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_set(tree, kind):
    folder = tree(kind)
    calls = []
    findings = check(make(kind), lambda done, total: calls.append((done, total)))
    assert findings.ok
    assert number(findings) == NOTHING
    assert findings.notes == ()
    assert not findings.partial
    assert findings.folder == folder
    assert findings.found == make(kind).status().counts
    if kind in ("reid_folder", "image_folder"):
        assert findings.comparison is None
    else:
        assert findings.comparison.complete
        assert findings.comparison.official == counts.OFFICIAL[make(kind).title]
        assert findings.name == make(kind).whole
    assert calls[-1] == (findings.opened, findings.opened)


@pytest.mark.parametrize("kind", KINDS)
def test_every_image_is_opened_once(tree, monkeypatch, kind):
    folder = tree(kind)
    opened, decode = [], checking.decode

    def counted(path):
        opened.append(path)
        return decode(path)

    monkeypatch.setattr(checking, "decode", counted)
    assert check(make(kind)).opened == len(opened)
    assert sorted(opened) == images(folder)


@pytest.mark.parametrize("options", [{}, {"version": "V2"}, {"train_on": "train"}])
def test_msmt17_in_its_versions_and_uses(tree, options):
    tree("msmt17", version=options.get("version", "V1"))
    findings = check(make("msmt17", **options))
    assert findings.ok
    assert not findings.partial
    assert f"version {options.get('version', 'V1')}" in findings.layout
    assert findings.opened == 42
    left_out = {"validation images left out": 8} if "train_on" in options else {}
    assert findings.aside == findings.official_aside == left_out


def test_cars_layouts_are_told_apart(tree):
    tree("cars196")
    assert "car_ims with cars_annos.mat" in check(make("cars196")).layout
    shutil.rmtree(make("cars196").find())
    tree("cars196_devkit")
    assert "cars_train and cars_test" in check(make("cars196")).layout


def test_more_than_the_release(tree, paint):
    folder = tree("market1501")
    paint(folder / "bounding_box_train" / "0044_c1s1_000001_00.jpg", seed=1)
    findings = check(make("market1501"))
    assert number(findings) == NOTHING
    assert findings.excessive
    assert not findings.ok
    assert findings.name == "Market-1501"


def test_too_little_is_told(tree):
    folder = tree("reid_folder")
    for path in images(folder / "query"):
        path.unlink()
    with pytest.raises(UserError, match="no images to test on"):
        check(make("reid_folder"))


def test_an_interruption_ends_the_work(tree):
    tree("cub200")

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(make("cub200"), interrupt)


TARS = {
    "cub200": ("CUB_200_2011.tar", "CUB-50", 2889, 0),
    "cars196": ("cars196.tar", "Cars196-train", 8144, 11),
    "market1501": ("Market-1501-v15.09.15.tar", "Market-train-split", 12936, 0),
}


@pytest.mark.parametrize("kind", TARS)
def test_real_parts(kind, tmp_path, monkeypatch):
    given = os.environ.get("DAM_BENCHMARK_TEST_DATA")
    if not given:
        pytest.skip("DAM_BENCHMARK_TEST_DATA is not set to the folder of the images' tars")
    tar, name, opened, notes = TARS[kind]
    if not (Path(given) / tar).is_file():
        pytest.skip(f"there is no {Path(given) / tar}")
    with tarfile.open(Path(given) / tar) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    findings = check(make(kind))
    assert number(findings) == NOTHING
    assert (findings.name, findings.opened, len(findings.notes)) == (name, opened, notes)
    assert findings.ok
    assert findings.partial
    shutil.rmtree(findings.folder)

"""The command data check: what it prints, and its exit status."""

import os
import shutil

import pytest
from registered import images, make

from benchmark.__main__ import main
from benchmark.data.official import counts, parts
from benchmark.data.root import VARIABLE

LISTS = ["cub200", "cars196", "cars196_devkit", "msmt17"]
FOLDERS = ["market1501", "reid_folder", "image_folder"]
KINDS = [*LISTS, *FOLDERS]


@pytest.fixture
def data(capsys):
    """Call `data`; returns the exit status, standard output and standard error."""

    def call(*arguments):
        status = main(["data", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_on_a_sound_set(tree, data, kind):
    tree(kind)
    status, out, err = data("check", kind.removesuffix("_devkit"))
    assert (status, err) == (0, "")
    assert out.rstrip().endswith("ound.")
    if kind not in ("image_folder", "reid_folder"):
        dataset = make(kind)
        assert dataset.source.address in out
        assert " ".join(dataset.source.terms.split()) in " ".join(out.split())
    assert all(len(line) <= 100 for line in out.splitlines())


def test_the_command_lists_every_finding(tree, data, paint):
    folder = tree("cub200")
    gone, cut, bad, leaked, *_ = images(folder)
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-200])
    bad.write_text("no image")
    shutil.copy(images(folder)[-1], leaked)
    paint(folder / "images" / "extra.jpg", seed=1)
    for options in ([], ["--allow-partial"]):
        status, out, _ = data("check", "cub200", *options)
        assert status == 1
        assert "22 images opened" not in out
        assert "1 missing, 1 unreadable, 1 truncated, 1 duplicate, 1 unlisted" in out
        text = " ".join(out.split())
        for path in (gone, cut, bad, folder / "images" / "extra.jpg"):
            assert f" {path.relative_to(folder)}" in text
        assert str(leaked.relative_to(folder)) in text
        assert out.rstrip().endswith("python -m benchmark data check cub200")


def test_the_command_on_a_part(tree, data, monkeypatch):
    tree("cub200")
    found = make("cub200").status().counts
    monkeypatch.setitem(counts.OFFICIAL, "CUB-200-2011", {**found, "test images": 13})
    known = parts.KnownPart("CUB-8", "classes 1 to 8 of CUB-200-2011", found)
    monkeypatch.setitem(parts.PARTS, "CUB-200-2011", [known])
    status, out, _ = data("check", "cub200")
    assert status == 1
    assert "named CUB-8" in out
    assert "--allow-partial" in out
    assert "python -m benchmark data prepare cub200" in out
    assert data("check", "cub200", "--allow-partial")[0] == 0
    assert data("check", "cub200", "dataset.allow_partial=true")[0] == 0


def test_the_command_takes_options_of_the_set(tree, data):
    folder = tree("msmt17", version="V2")
    status, _, err = data("check", "msmt17")
    assert status == 2
    assert "MSMT17_V2 of version V2 is. Take that with dataset.version=V2" in err
    assert data("check", "msmt17", "dataset.version=V2")[0] == 0
    folder = tree("image_folder")
    moved = folder.rename(folder.with_name("mine"))
    status, out, _ = data("check", "image_folder", f"dataset.path={moved}")
    assert status == 0
    assert str(moved) in out


def test_the_command_on_all_that_is_there(tree, data):
    tree("cub200")
    folder = tree("market1501")
    status, out, _ = data("check")
    assert status == 0
    assert "CUB-200-2011" in out
    assert "Market-1501" in out
    assert "MSMT17" not in out
    images(folder)[-1].write_bytes(b"")
    assert data("check")[0] == 1
    list_ = make("cub200").find() / "images.txt"
    list_.write_text("x")
    status, out, err = data("check")
    assert status == 2
    assert str(list_) in err
    assert "1 truncated" in out


def test_without_a_root_the_check_says_where_a_release_comes_from(data, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    status, _, err = data("check", "cub200")
    assert status == 2
    assert "--data-root DIR" in err
    assert str(make("cub200").source) in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "cub200"], "there is no folder"),
        (["check", "image_folder"], "there is no folder"),
        (["check"], "no data set to check below"),
        (["check", "typefaces"], "no files to check"),
        (["check", "cub201"], "no dataset named 'cub201'"),
        (["check", "cub200", "dataset.vershion=V2"], "no option 'vershion'"),
        (["check", "cub200", "epochs=2"], "none of its options"),
        (["check", "cub200", "--alow"], "unknown argument '--alow'"),
        (["check", "cub200", "cars196"], "unknown argument 'cars196'"),
        (["check", "dataset.version=V2"], "of which data set?"),
        (["list", "dataset.version=V2"], "takes no"),
    ],
)
def test_what_cannot_be_met(data, tmp_path, arguments, message):
    status, _, err = data(*arguments, "--data-root", tmp_path)
    assert status == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_a_broken_list_is_one_message(tree, data):
    folder = tree("cub200")
    path = folder / "images.txt"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    name = lines[0].split(" ", 1)[1]
    path.write_text("".join([*lines[:-1], f"24 {name}"]), encoding="utf-8")
    (folder / "image_class_labels.txt").write_text("".join(f"{n} 1\n" for n in range(1, 25)))
    status, _, err = data("check", "cub200")
    assert status == 2
    assert "twice" in err
    assert len(err.strip().splitlines()) == 1


def test_names_that_cannot_be_printed(tree, data):
    folder = tree("cub200")
    (folder / "images" / os.fsdecode(b"v\xf6gel\x1b[2J.jpg")).write_bytes(b"x")
    status, out, _ = data("check", "cub200")
    assert status == 1
    assert r"images/v\udcf6gel\x1b[2J.jpg: no list names it" in out


TARS = {
    "cub200": ("CUB_200_2011.tar", "CUB-50", 2889, 0),
    "cars196": ("cars196.tar", "Cars196-train", 8144, 11),
    "market1501": ("Market-1501-v15.09.15.tar", "Market-train-split", 12936, 0),
}

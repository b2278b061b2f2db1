"""What data check finds: on small trees that are damaged one way at a time, and on real parts."""

import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import registry
from benchmark.__main__ import main
from benchmark.data.official import counts, parts
from benchmark.data.root import VARIABLE
from benchmark.data.upkeep import check as checking
from benchmark.data.upkeep.check import Finding, check
from benchmark.errors import UserError
from benchmark.run_config import Entry

LISTS = ["cub200", "cars196", "cars196_devkit", "msmt17"]
FOLDERS = ["market1501", "reid_folder", "image_folder"]
KINDS = [*LISTS, *FOLDERS]
NOTHING = dict.fromkeys(("missing", "unreadable", "truncated", "duplicate", "unlisted"), 0)


def make(kind, **options):
    name = kind.removesuffix("_devkit")
    entry = registry.resolve(registry.DATASETS, Entry.of(name, **options), "")
    return registry.build(registry.DATASETS, entry, "dataset")


def images(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))


def number(findings):
    return {kind: len(found) for kind, found in findings.by_kind.items()}


def only(findings, kind):
    """The findings of a kind, where there are none of another."""
    assert not findings.ok
    found = findings.by_kind[kind]
    assert number(findings) == {**NOTHING, kind: len(found)}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_set(tree, kind):
    folder = tree(kind)
    told = []
    findings = check(make(kind), lambda done, total: told.append((done, total)))
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
    assert told[-1] == (findings.opened, findings.opened)


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
        str(place.relative_to(folder)): "it is no regular file",
        str(pipe.relative_to(folder)): "it is no regular file",
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
    ("kind", "here", "there", "told"),
    [
        ("cub200", "images/001.Bird 0/Vögel_0.jpg", "images/001.Bird 0/Vögel_2.jpg", "the same"),
        ("cub200", "images/001.Bird 0/Vögel_0.jpg", "images/004.Bird 3/Vögel_2.jpg", "another"),
        ("image_folder", "kind 1/0.PNG", "kind 1/2.PNG", "the same"),
    ],
)
def test_a_duplicate_that_is_noted(tree, kind, here, there, told):
    folder = tree(kind)
    copy(folder, here, there)
    findings = check(make(kind))
    assert findings.ok
    assert findings.notes == (Finding(there, f"the same content as {here}, of {told} class"),)


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
    known = parts.Part("CUB-8", "classes 1 to 8 of CUB-200-2011", found)
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
    ("arguments", "told"),
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
def test_what_cannot_be_met(data, tmp_path, arguments, told):
    status, _, err = data(*arguments, "--data-root", tmp_path)
    assert status == 2
    assert told in err
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

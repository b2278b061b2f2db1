"""Files and folders that the user may not read or look into: one line, and no traceback."""

import pytest
from damage.judging.privileges import modes_heeded

from benchmark import registry
from benchmark.__main__ import main
from benchmark.data import Cub200
from benchmark.data.official.source import Archive
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.data.root import VARIABLE
from benchmark.data.upkeep.download import download
from benchmark.data.upkeep.prepare import prepare
from benchmark.data.upkeep.unpack import unpack
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.paths import exists, is_file, is_folder

KINDS = ["cub200", "cars196", "cars196_devkit", "market1501", "msmt17", "reid_folder"]
ARCHIVE = Archive("birds.tgz", "http://127.0.0.1:9/birds.tgz", 5, "0" * 32, "birds")


def load(kind):
    kind = kind.removesuffix("_devkit")
    registry.build(registry.DATASETS, Entry.of(kind), "dataset").load(RetrievalCrop())


@pytest.fixture
def locked(build):
    """Build a layout's tree, and take all permissions from a part of it."""

    def lock(kind, part):
        folder = build(kind)
        (folder / part).chmod(0)
        return folder

    return lock


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        *((kind, ".") for kind in KINDS),
        ("cars196", "cars_annos.mat"),
        ("cars196_devkit", "devkit"),
        ("cars196_devkit", "devkit/cars_train_annos.mat"),
        ("cars196_devkit", "devkit/cars_test_annos_withlabels.mat"),
        ("image_folder", "."),
        ("msmt17", "list_val.txt"),
    ],
)
def test_what_is_locked_is_told(locked, capsys, kind, part):
    folder = locked(kind, part)
    name = kind.removesuffix("_devkit")
    with modes_heeded():
        with pytest.raises(UserError, match=f"{folder / part}.*Permission denied.*mend|Mend"):
            load(kind)
        assert main(["data", "list"]) == 0
        assert main(["data", "check", name]) == 2
        printed = capsys.readouterr()
        assert len(printed.err.strip().splitlines()) == 1
        assert "Permission denied" in printed.err
        assert str(folder) in printed.err
        assert main(["data", "check"]) == 2


def test_one_locked_set_keeps_no_other_from_being_listed_or_checked(locked, tree, capsys):
    locked("cars196_devkit", "devkit")
    tree("cub200")
    with modes_heeded():
        assert main(["data", "list"]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert "cars196 no" in printed
        assert "cub200 yes" in printed
        assert main(["data", "check"]) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith("error: cars196: ")
        assert "24 images opened" in printed.out


@pytest.mark.parametrize("mode", [0o444, 0])
def test_a_root_that_may_not_be_entered_does_not_lack_its_sets(build, tmp_path, capsys, mode):
    folder = build("cub200")
    tmp_path.chmod(mode)
    try:
        with modes_heeded():
            with pytest.raises(UserError, match=f"{folder}.*Permission denied.*Mend the permissi"):
                load("cub200")
            assert main(["data", "list"]) == 0
            assert "Permission denied" in " ".join(capsys.readouterr().out.split())
            for command in (["check"], ["check", "cub200"], ["prepare", "market1501"]):
                assert main(["data", *command]) == 2
                assert "Permission denied" in capsys.readouterr().err
    finally:
        tmp_path.chmod(0o755)


def test_a_locked_data_root_is_told_by_downloads(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir(mode=0)
    with modes_heeded():
        with pytest.raises(UserError, match=r"birds can't be looked at .Permission denied"):
            prepare(ARCHIVE, inside, lambda *_: pytest.fail("it began"), print)
        with pytest.raises(UserError, match=r"birds\.tgz can't be looked at"):
            download(ARCHIVE, inside)
        with pytest.raises(UserError, match="birds can't be looked at"):
            unpack(inside / "birds.tgz", inside / "birds")


def test_a_locked_archive_is_told(tmp_path):
    (tmp_path / ARCHIVE.name).write_bytes(b"12345")
    (tmp_path / ARCHIVE.name).chmod(0)
    with modes_heeded(), pytest.raises(UserError, match=r"birds\.tgz can't be read .*Mend"):
        download(ARCHIVE, tmp_path)


def test_a_locked_place_for_a_download_is_told_by_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    inside = tmp_path / "inside"
    inside.mkdir(mode=0o444)
    with modes_heeded():
        assert main(["data", "prepare", "cub200", "--data-root", str(inside)]) == 2
    error = capsys.readouterr().err
    assert str(inside / Cub200.folders[0]) in error
    assert len(error.strip().splitlines()) == 1


def test_what_is_nothing_is_no_error(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for name in ("loop", "nothing", "file/below", "x" * 300, "a\0b", "\udcfe\ud800"):
        assert not any(question(tmp_path / name) for question in (exists, is_file, is_folder))
    assert exists(tmp_path)
    assert is_folder(tmp_path)
    assert is_file(tmp_path / "file")

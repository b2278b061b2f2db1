"""Data sets are listed and checked in the editions that are there."""

import pytest

from benchmark.__main__ import main
from benchmark.data.upkeep.editions import on_disk, statuses


@pytest.fixture
def data(capsys):
    """Call `data`; returns the exit status, standard output and standard error."""

    def call(*arguments):
        status = main(["data", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, " ".join(printed.out.split()), printed.err

    return call


@pytest.mark.parametrize("folder", ["MSMT17_V2", "MSMT17", "msmt17"])
def test_version_2_is_listed_and_checked_without_a_name(tree, data, folder):
    built = tree("msmt17", version="V2")
    built.rename(built.with_name(folder))
    (status,) = statuses("msmt17")
    assert status.found
    assert status.remedy == "take it with dataset.version=V2"
    code, out, _ = data("list")
    assert code == 0
    assert "msmt17 yes 4 train" in out
    code, out, err = data("check")
    assert (code, err) == (0, "")
    assert "MSMT17-V2" in out
    assert "Complete and sound." in out


def test_a_command_for_version_2_names_it(build, data):
    folder = build("msmt17", version="V2")
    next(folder.rglob("*.jpg")).unlink()
    code, out, _ = data("check")
    assert code == 1
    assert "python -m benchmark data check msmt17 dataset.version=V2" in out


def test_both_versions_are_listed_and_checked(build, data):
    build("msmt17")
    build("msmt17", version="V2")
    assert [status.remedy for status in statuses("msmt17")] == [
        "",
        "take it with dataset.version=V2",
    ]
    _, out, _ = data("check")
    assert out.index("MSMT17-V1") < out.index("MSMT17-V2")


def test_a_folder_of_neither_version_is_one_data_set(build, tmp_path, data):
    build("cub200")
    (tmp_path / "MSMT17").mkdir()
    assert len(on_disk("msmt17")) == 1
    (status,) = statuses("msmt17")
    assert not status.found
    code, _, err = data("check")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "has no folder train" in err


def test_what_is_not_there_is_listed_once_with_its_source(build):
    (status,) = statuses("msmt17")
    assert not status.found
    assert "pkuvmc" in status.remedy

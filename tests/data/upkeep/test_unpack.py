"""Archives are unpacked whole or not at all."""

import pytest
from archives import OTHER, names, packed

from benchmark.data.upkeep.unpack import unpack
from benchmark.errors import UserError


def test_unpack_moves_the_folder_into_place(tmp_path):
    path = tmp_path / "a.tgz"
    path.write_bytes(packed(("CUB/x/1.jpg", b"one"), ("attributes.txt", b"two")))
    calls = []
    unpack(path, tmp_path / "CUB", calls.append)
    assert names(tmp_path) == ["CUB", "a.tgz"]
    assert (tmp_path / "CUB" / "x" / "1.jpg").read_bytes() == b"one"
    assert calls == [3, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(("CUB/x/1.jpg", OTHER))[:-9000], "can't be unpacked"),
        (OTHER, "can't be unpacked"),
        (b"", "can't be unpacked"),
        (packed(("CUB/../../outside", b"x")), "can't be unpacked"),
        (packed(("CUB", b"a file")), "holds no folder CUB"),
        (packed(("birds/1.jpg", b"x")), "holds no folder CUB"),
    ],
    ids=["cut", "noise", "empty", "leaves its folder", "file for a folder", "another folder"],
)
def test_unpack_leaves_nothing_of_a_bad_archive(tmp_path, content, message):
    below = tmp_path / "root"
    below.mkdir()
    (below / "a.tgz").write_bytes(content)
    with pytest.raises(UserError, match=message):
        unpack(below / "a.tgz", below / "CUB")
    assert names(below) == ["a.tgz"]
    assert names(tmp_path) == ["root"]


def test_unpack_overwrites_nothing(tmp_path):
    (tmp_path / "a.tgz").write_bytes(packed(("CUB/1.jpg", b"new")))
    (tmp_path / "CUB").mkdir()
    (tmp_path / "CUB" / "1.jpg").write_bytes(b"old")
    with pytest.raises(UserError, match="nothing is overwritten"):
        unpack(tmp_path / "a.tgz", tmp_path / "CUB")
    assert (tmp_path / "CUB" / "1.jpg").read_bytes() == b"old"

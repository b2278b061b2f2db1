"""Digests of files: what changes them, what doesn't, and when the remembered one is taken."""

import os
import time

import pytest

from benchmark.data.photographs import contents
from benchmark.data.photographs.contents import files_digests
from benchmark.errors import UserError

NAMES = ["a/1.jpg", "a/2.jpg", "b/1.jpg"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    # Files of this test are new, and a digest of new files is not remembered.
    monkeypatch.setattr(contents, "SETTLED_NS", -(10**12))
    return written(tmp_path / "images")


def written(folder):
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 100)
    return folder


@pytest.fixture
def read(monkeypatch):
    """The files that were read so far."""
    paths, digest = [], contents._digest
    monkeypatch.setattr(contents, "_digest", lambda path: (paths.append(path), digest(path))[1])
    return paths


def test_files_are_read_once(folder, read):
    digests = [files_digests(folder, NAMES) for _ in range(3)]
    assert digests[0] == digests[1] == digests[2]
    assert sorted(read) == [folder / name for name in NAMES]


def test_the_same_files_elsewhere_have_the_same_digests(folder):
    assert files_digests(written(folder.with_name("other")), NAMES) == files_digests(folder, NAMES)


def test_what_differs_shows(folder):
    sizes, content = files_digests(folder, NAMES)
    (folder / NAMES[1]).write_bytes(bytes(100))
    assert files_digests(folder, NAMES)[0] == sizes
    assert files_digests(folder, NAMES)[1] != content
    (folder / NAMES[1]).write_bytes(b"longer" * 100)
    assert files_digests(folder, NAMES)[0] != sizes
    assert files_digests(folder, NAMES[:2])[0] != sizes
    assert files_digests(folder, NAMES[::-1])[1] != content


def test_a_replacement_with_the_old_time_of_change_shows(folder):
    _, content = files_digests(folder, NAMES)
    path = folder / NAMES[2]
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    time.sleep(0.02)
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=times)
    assert files_digests(folder, NAMES)[1] != content


def test_a_digest_of_files_just_written_is_not_remembered(folder, read, monkeypatch):
    monkeypatch.setattr(contents, "SETTLED_NS", 10**12)
    for _ in range(2):
        files_digests(folder, NAMES)
    assert len(read) == 6


@pytest.mark.parametrize("damage", ["not a digest", "", "A" * 64, "\xff"])
def test_a_damaged_memory_is_made_again(folder, read, damage):
    expected = files_digests(folder, NAMES)
    (kept,) = (folder.parent / "cache" / "digests").iterdir()
    kept.write_text(damage, encoding="latin-1")
    assert files_digests(folder, NAMES) == expected
    assert len(read) == 6


def test_a_cache_that_cannot_be_written_costs_only_time(folder):
    (folder.parent / "cache").write_text("no folder")
    assert files_digests(folder, NAMES) == files_digests(folder, NAMES)


def test_what_cannot_be_read_is_named(folder):
    (folder / NAMES[0]).unlink()
    with pytest.raises(UserError, match=r"a/1.jpg can't be read .No such file"):
        files_digests(folder, NAMES)
    os.mkfifo(folder / NAMES[0])
    with pytest.raises(UserError, match=r"a/1.jpg can't be read .it isn't a regular file"):
        files_digests(folder, NAMES)

import hashlib
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.cache_folder import cache_folder
from benchmark.data.rendered import arrays
from benchmark.errors import UserError

ARRAY = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
SHA256 = hashlib.sha256(bytes(range(60))).hexdigest()


class Maker:
    def __init__(self, array=ARRAY):
        self.calls = 0
        self.array = array

    def __call__(self):
        self.calls += 1
        return self.array


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_array_is_made_once(folder):
    make = Maker()
    for _ in range(3):
        assert np.array_equal(arrays.cached("small", SHA256, ARRAY.shape, make), ARRAY)
    assert make.calls == 1
    assert [path.name for path in folder.iterdir()] == [f"small-{SHA256[:12]}.npy"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "reshaped", "pickled"])
def test_a_damaged_file_is_made_again(folder, damage):
    make = Maker()
    arrays.cached("small", SHA256, ARRAY.shape, make)
    path = next(folder.iterdir())
    whole = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(whole[:-10])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "reshaped":
        np.save(path, ARRAY.reshape(-1))
    else:
        np.save(path, np.array([{}]), allow_pickle=True)
    assert np.array_equal(arrays.cached("small", SHA256, ARRAY.shape, make), ARRAY)
    assert make.calls == 2
    assert path.read_bytes() == whole


def test_an_array_of_another_digest_is_refused_and_not_kept(folder):
    with pytest.raises(UserError, match=rf"not {SHA256}.*pip install pillow=="):
        arrays.cached("small", SHA256, ARRAY.shape, Maker(ARRAY + 1))
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_named(folder):
    folder.write_text("a file where the folder should be")
    with pytest.raises(UserError, match="DAM_BENCHMARK_CACHE"):
        arrays.cached("small", SHA256, ARRAY.shape, Maker())


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", "own")
    monkeypatch.setenv("XDG_CACHE_HOME", "shared")
    assert cache_folder() == Path("own")
    monkeypatch.delenv("DAM_BENCHMARK_CACHE")
    assert cache_folder() == Path("shared/dam-benchmark")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/dam-benchmark"

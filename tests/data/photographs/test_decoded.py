"""The cache of decoded photographs: the same pixels, once, shared, and never half of it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.data.photographs import decoded
from benchmark.data.photographs.decoded import Decoded, attach, fill, lacks, size
from benchmark.data.photographs.files import FileImages
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.errors import UserError

TRANSFORM = RetrievalCrop(size=16, resize=20)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileImages:
    """Files of many kinds: colour, grey, palette with transparency, turned by EXIF, 16 bits."""
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(decoded.VARIABLE, raising=False)
    folder = tmp_path / "files"
    folder.mkdir()
    draw = np.random.default_rng(0)
    colour = Image.fromarray(draw.integers(0, 256, (24, 40, 3), dtype=np.uint8))
    colour.save(folder / "a.jpg")
    colour.convert("L").save(folder / "b.png")
    colour.convert("P").save(folder / "c.png", transparency=0)
    turned = Image.Exif()
    turned[274] = 6
    colour.save(folder / "d.jpg", exif=turned)
    Image.fromarray(draw.integers(0, 65536, (30, 20), dtype=np.uint16)).save(folder / "e.png")
    return FileImages(folder, sorted(path.name for path in folder.iterdir()), TRANSFORM)


def batches(images: FileImages) -> np.ndarray:
    numbers = np.array([4, 0, 3, 2, 1, 3])
    plain = images.batch(numbers, None)
    return np.stack([plain, images.batch(numbers, np.arange(6, dtype=np.uint64))])


@pytest.mark.parametrize("gigabytes", ["20", "0"])
def test_batches_are_those_of_the_files(
    images: FileImages, monkeypatch: pytest.MonkeyPatch, gigabytes: str
) -> None:
    monkeypatch.setenv(decoded.VARIABLE, gigabytes)
    expected = batches(images)
    assert lacks(images)
    seen: list[tuple[int, int]] = []
    fill(images, lambda done, total: seen.append((done, total)))
    assert seen == [(number + 1, 5) for number in range(5)]
    assert not lacks(images)
    attach(images)
    assert isinstance(images.decoded, Decoded)
    # Pixels below the budget, and the files' own bytes above it.
    assert bool(images.decoded.places[:, 1].all()) == (gigabytes == "20")
    monkeypatch.setattr("benchmark.data.photographs.files.decode", None)  # no file is opened
    assert np.array_equal(batches(images), expected)


def test_the_size_is_known_before(images: FileImages) -> None:
    assert size(images) == 3 * (4 * 24 * 40 + 30 * 20)
    fill(images)
    attach(images)
    assert isinstance(images.decoded, Decoded)
    assert len(images.decoded.pixels) == size(images)


def test_it_is_made_once_and_again_when_a_file_changes(
    images: FileImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(images)
    with monkeypatch.context() as patch:
        patch.setattr(decoded, "decode", None)
        fill(images)
    Image.new("RGB", (8, 8)).save(images.paths[1])
    assert lacks(images)
    fill(images)
    attach(images)
    assert isinstance(images.decoded, Decoded)
    assert images.decoded.image(1).size == (8, 8)


@pytest.mark.parametrize("damage", ["cut", "gone", "other"])
def test_half_a_cache_is_none(images: FileImages, damage: str) -> None:
    fill(images)
    [pixels] = decoded.folder_of_images().glob("*/pixels.bin")
    if damage == "cut":
        pixels.write_bytes(pixels.read_bytes()[:-1])
    elif damage == "gone":
        pixels.unlink()
    else:
        np.save(pixels.with_name("places.npy"), np.zeros((3, 3), np.int64))
    attach(images)
    assert images.decoded is None and lacks(images)
    fill(images)
    assert not lacks(images)


def test_a_damaged_image_leaves_nothing(images: FileImages) -> None:
    whole = images.paths[0].read_bytes()
    images.paths[0].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"a\.jpg can't be decoded"):
        fill(images)
    assert not [
        path
        for path in decoded.folder_of_images().rglob("*")
        if path.name != "lock" and path.is_file()
    ]


def test_off_goes_without_and_nonsense_is_refused(
    images: FileImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(decoded.VARIABLE, "off")
    fill(images)
    attach(images)
    assert images.decoded is None and not lacks(images)
    for nonsense in ("much", "-1", "nan"):
        monkeypatch.setenv(decoded.VARIABLE, nonsense)
        with pytest.raises(UserError, match="is “off” or a number of GB"):
            fill(images)


def test_encoded_bytes_are_decoded_as_files_are(images: FileImages) -> None:
    content = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(content, "PNG")
    found = decoded.decode_bytes(content.getvalue(), "it")
    assert found.getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(UserError, match="image 7 can't be decoded"):
        decoded.decode_bytes(b"nothing", "image 7")

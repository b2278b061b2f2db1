"""Photographs by torchcodec: the pixels, the caches, and what is said where it can't be."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.data.official.cub200 import Cub200
from benchmark.data.own.image_folder import ImageFolder
from benchmark.data.photographs import decoded
from benchmark.data.photographs.decoded import attach, fill, lacks
from benchmark.data.photographs.decoders import decoder_version
from benchmark.data.photographs.files import FileImages, decode
from benchmark.data.photographs.transforms import Reid, RetrievalCrop
from benchmark.errors import UserError

torchcodec = pytest.mark.skipif(
    find_spec("torchcodec") is None, reason="torchcodec isn't installed here"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes to train on and two to test on, of two images each, one turned by its EXIF."""
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(decoded.VARIABLE, raising=False)
    draw = np.random.default_rng(0)
    turned = Image.Exif()
    turned[274] = 6
    for name in "abcd":
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(2):
            image = Image.fromarray(draw.integers(0, 256, (24, 40, 3), dtype=np.uint8))
            image.save(tmp_path / "own" / name / f"{number}.jpg", exif=turned)
    return tmp_path / "own"


@torchcodec
@pytest.mark.parametrize("suffix", ["png", "webp", "gif"])
def test_lossless_formats_have_their_pixels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    levels = np.random.default_rng(0).integers(0, 256, (8, 9), dtype=np.uint8)
    image = Image.fromarray(levels)
    image.save(path, lossless=True)  # which WebP alone takes notice of
    found = np.asarray(decode(path, "torchcodec"))
    assert np.array_equal(found, np.stack([levels] * 3, -1))


@torchcodec
def test_a_jpeg_is_upright_and_near_the_other_decoders(folder: Path) -> None:
    ours, theirs = (np.asarray(decode(folder / "a/0.jpg", kind)).astype(int)
                    for kind in ("torchcodec", "pillow"))  # fmt: skip
    assert ours.shape == theirs.shape == (40, 24, 3)
    assert np.abs(ours - theirs).max() <= 8 and np.abs(ours - theirs).mean() < 1


@torchcodec
@pytest.mark.parametrize("gigabytes", ["20", "0"])
def test_decoders_share_no_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: str
) -> None:
    monkeypatch.setenv(decoded.VARIABLE, gigabytes)
    names = ["a/0.jpg", "b/1.jpg"]
    both = {
        kind: FileImages(folder, names, Reid(height=40, width=24), kind)
        for kind in ("pillow", "torchcodec")
    }
    fill(both["pillow"])
    assert not lacks(both["pillow"]) and lacks(both["torchcodec"])
    images = both["torchcodec"]
    expected = images.batch(np.arange(2), None)
    fill(images)
    attach(images)
    monkeypatch.setattr("benchmark.data.photographs.files.decode", None)  # no file is opened
    assert np.array_equal(images.batch(np.arange(2), None), expected)


@torchcodec
def test_a_data_set_is_decoded_as_it_says(folder: Path) -> None:
    dataset = ImageFolder(str(folder), decoder="torchcodec").load(RetrievalCrop(16, 20))
    for split in dataset.splits.values():
        assert isinstance(split.images, FileImages) and split.images.decoder == "torchcodec"
    assert decoder_version("torchcodec")[0].isdigit()


@torchcodec
def test_what_it_cannot_decode_is_named(folder: Path) -> None:
    image = folder / "a/0.jpg"
    image.write_bytes(image.read_bytes()[:700])
    Image.new("RGB", (4, 4)).save(folder / "a/1.bmp")
    for path in (image, folder / "a/1.bmp"):
        with pytest.raises(UserError, match=rf"{path.name} can't be decoded as an image"):
            decode(path, "torchcodec")


def test_another_decoder_or_a_missing_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="decoder is 'pillow' or 'torchcodec', not 'opencv'"):
        Cub200(decoder="opencv")
    monkeypatch.setattr("benchmark.data.photographs.decoders.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install --no-deps -r requirements-torchcodec\.txt"):
        ImageFolder(decoder="torchcodec")
    assert Cub200().decoder == "pillow"

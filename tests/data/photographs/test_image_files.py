from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from benchmark.data.photographs.files import FileImages, decode
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.errors import UserError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 10, 3), dtype=np.uint8)


def pixels(path):
    image = decode(path)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm", "webp"])
def test_lossless_formats_come_back(tmp_path, suffix):
    path = tmp_path / f"a b ü.{suffix}"
    Image.fromarray(PIXELS).save(path, **({"lossless": True} if suffix == "webp" else {}))
    assert np.array_equal(pixels(path), PIXELS)


def test_grey_is_spread_over_the_channels(tmp_path):
    for mode in ("L", "1"):
        grey = Image.fromarray(PIXELS[..., 0]).convert(mode)
        grey.save(tmp_path / "grey.png")
        expected = np.asarray(grey.convert("L"))
        assert np.array_equal(pixels(tmp_path / "grey.png"), np.stack([expected] * 3, axis=-1))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bits_are_scaled_not_clipped(tmp_path, suffix):
    deep = np.array([[0, 128, 129, 1000], [32768, 40000, 65406, 65535]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / f"deep.{suffix}")
    expected = np.rint(deep / 257)
    assert np.array_equal(pixels(tmp_path / f"deep.{suffix}")[..., 0], expected)


def test_cmyk_looks_as_in_rgb(tmp_path):
    plain = Image.new("RGB", (16, 16), (200, 60, 20))
    plain.convert("CMYK").save(tmp_path / "ink.jpg", quality=100)
    assert np.abs(pixels(tmp_path / "ink.jpg") - (200, 60, 20)).max() <= 6


def test_palette_and_transparency(tmp_path):
    image = Image.fromarray(PIXELS).quantize(16)
    image.save(tmp_path / "palette.png", transparency=bytes(range(16)))
    assert np.array_equal(pixels(tmp_path / "palette.png"), np.asarray(image.convert("RGB")))
    Image.fromarray(np.dstack([PIXELS, PIXELS[..., :1]])).save(tmp_path / "alpha.png")
    assert np.array_equal(pixels(tmp_path / "alpha.png"), PIXELS)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(1, PIXELS), (3, PIXELS[::-1, ::-1]), (6, np.rot90(PIXELS, -1)), (8, np.rot90(PIXELS))],
)
def test_exif_orientation_is_followed(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(pixels(tmp_path / "turned.png"), upright)


def test_a_colour_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(PIXELS).save(tmp_path / "profile.png", icc_profile=profile)
    assert np.array_equal(pixels(tmp_path / "profile.png"), PIXELS)


def damage(tmp_path: Path, fault: str) -> Path:
    path = tmp_path / "bird.jpg"
    Image.fromarray(PIXELS).resize((64, 64)).save(path)
    whole = path.read_bytes()
    match fault:
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "header only":
            path.write_bytes(whole[:20])
        case "empty":
            path.write_bytes(b"")
        case "page":
            path.write_text("<html>Sign in to download</html>")
        case "missing":
            path.unlink()
        case "folder":
            path.unlink()
            path.mkdir()
        case "loop":
            path.unlink()
            path.symlink_to(path)
        case "32 bits":
            path = tmp_path / "bird.tiff"
            Image.fromarray(np.ones((4, 4), dtype=np.float32)).save(path)
        case "huge":
            path = tmp_path / "bird.pgm"
            path.write_bytes(b"P5 20000 20000 255\n")
        case "png crc":
            path = tmp_path / "bird.png"
            Image.fromarray(PIXELS).save(path)
            content = bytearray(path.read_bytes())
            content[30] ^= 255
            path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "fault",
    [
        *("truncated", "header only", "empty", "page", "missing"),
        *("folder", "loop", "32 bits", "huge", "png crc"),
    ],
)
def test_a_bad_file_is_named_with_the_remedy(tmp_path, fault):
    path = damage(tmp_path, fault)
    with pytest.raises(UserError, match="archive again") as raised:
        FileImages(path.parent, [path.name], RetrievalCrop()).batch(np.array([0]), None)
    assert str(path) in str(raised.value)


def test_no_byte_that_is_changed_gives_another_exception(tmp_path):
    """Each damaged file is decoded or refused."""
    refused = 0
    for number in range(300):
        path = tmp_path / ("flip.png" if number % 2 else "flip.jpg")
        Image.fromarray(PIXELS).save(path)
        content = bytearray(path.read_bytes())
        for place in RNG.integers(len(content), size=3):
            content[place] = RNG.integers(256)
        path.write_bytes(content[: RNG.integers(len(content) // 2, 2 * len(content))])
        try:
            assert decode(path).mode == "RGB"
        except UserError:
            refused += 1
    assert 0 < refused < 300

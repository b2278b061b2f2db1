"""Photographs decoded once, into a file that all processes and runs map into their memory.

The pixels are those that the decoder makes, at full size, so that every recipe crops them as it
crops the files. They lie in the user's cache, named by the files' contents, the decoder and its
version. The environment variable `DAM_BENCHMARK_IMAGE_CACHE` says how many GB a data set may take
there (20 if nothing is said); of one that would take more the encoded files are kept instead, one
after the other. "off" goes without.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from PIL import Image

from benchmark.data.cache_folder import cache_errors, cache_folder, cache_key
from benchmark.data.photographs.decoders import PILLOW, decoder_version
from benchmark.data.photographs.files import FileImages, decode, decode_bytes
from benchmark.durable import refusals_explained, staged
from benchmark.errors import UserError

VARIABLE = "DAM_BENCHMARK_IMAGE_CACHE"
BUDGET_GB = 20.0
FOLDER = "images"
AHEAD = 8
"""Images for each thread that are decoded before they are written."""

Progress = Callable[[int, int], None]
"""Called with the number of images that are done, and with their total."""


@dataclass(frozen=True)
class Decoded:
    """Images by number: `places` [N, 3] are where each begins in `pixels`, its height and width.

    A height of 0 marks encoded bytes, whose number stands in place of the width, for `decoder`.
    """

    pixels: npt.NDArray[np.uint8]
    places: npt.NDArray[np.int64]
    decoder: str = PILLOW

    def image(self, number: int) -> Image.Image:
        """The image in RGB."""
        start, height, width = self.places[number].tolist()
        if not height:
            content = self.pixels[start : start + width].tobytes()
            return decode_bytes(content, f"image {number}", self.decoder)
        end = start + 3 * height * width
        return Image.fromarray(self.pixels[start:end].reshape(height, width, 3))


def budget() -> float | None:
    """The bytes that a data set may take in the cache; None where there is to be no cache.

    Raises UserError for a value of the environment variable that is neither "off" nor a number.
    """
    said = os.environ.get(VARIABLE, "").strip().lower()
    if said == "off":
        return None
    try:
        gigabytes = float(said) if said else BUDGET_GB
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < 1e9:
        raise UserError(f"{VARIABLE} is “off” or a number of GB, not {said!r}")
    return gigabytes * 1e9


def attach(images: FileImages) -> None:
    """Let `images` read from the cache, where it holds them."""
    if budget() is not None:
        images.decoded = _read(_folder(images), len(images), images.decoder)


def folder_of_images() -> Path:
    """Where decoded images lie."""
    return cache_folder() / FOLDER


def lacks(images: FileImages) -> bool:
    """Whether the images aren't in the cache, though there is to be one."""
    return budget() is not None and _read(_folder(images), len(images)) is None


def size(images: FileImages) -> int:
    """Bytes of all images decoded, by the heads of their files. Raises UserError for a bad one."""
    return sum(3 * width * height for width, height in map(_head, images.paths))


def fill(images: FileImages, on_progress: Progress = lambda done, total: None) -> None:
    """Put the images into the cache, unless they are there, or there is to be none.

    Raises UserError for an image that can't be decoded, or a cache that can't be written.
    """
    most = budget()
    folder = _folder(images)
    if most is None or _read(folder, len(images)) is not None:
        return
    with cache_errors(folder / "lock"), refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    # Whoever comes second waits for the images instead of decoding them too.
    with FileLock(folder / "lock"):
        if _read(folder, len(images)) is None:
            _make(images, folder, size(images) <= most, on_progress)


def _head(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as opened:
            return opened.size
    except Exception as error:  # decoders raise errors of many kinds for damaged files
        raise UserError(f"{path} can't be read as an image ({error})") from error


def _folder(images: FileImages) -> Path:
    origin = {
        "contents": images.digests()[1],
        "decoder": "Pillow" if images.decoder == PILLOW else images.decoder,
        "version": decoder_version(images.decoder),
    }
    return folder_of_images() / cache_key(origin)


class _DamagedImageError(Exception):
    """A UserError that isn't the cache's."""


def _make(images: FileImages, folder: Path, decoding: bool, on_progress: Progress) -> None:
    """Write the images one after the other, and then where each of them is."""
    places = np.zeros((len(images), 3), np.int64)
    end = 0
    try:
        with (
            cache_errors(folder / "pixels.bin"),
            staged(folder / "pixels.bin") as beside,
            beside.open("wb") as file,
        ):
            work = partial(_pixels if decoding else _bytes, decoder=images.decoder)
            for number, one in enumerate(_in_order(images.paths, work)):
                height, width = one.shape[:2] if decoding else (0, len(one))
                places[number] = end, height, width
                file.write(one.data)
                end += one.nbytes
                on_progress(number + 1, len(images))
    except _DamagedImageError as error:
        raise UserError(str(error)) from error
    path = folder / "places.npy"
    with cache_errors(path), staged(path) as beside, beside.open("wb") as file:
        np.save(file, places, allow_pickle=False)


def _pixels(path: Path, decoder: str) -> npt.NDArray[np.uint8]:
    try:
        return np.asarray(decode(path, decoder))
    except UserError as error:
        raise _DamagedImageError(str(error)) from error


def _bytes(path: Path, decoder: str) -> npt.NDArray[np.uint8]:
    _pixels(path, decoder)  # a damaged file is found now, as it is among decoded ones
    return np.fromfile(path, np.uint8)


def _in_order(paths: list[Path], work: Callable[[Path], Any]) -> Iterator[Any]:
    """What `work` makes of each path, in their order, by as many threads as there are cores."""
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Any]] = deque()
        for path in paths:
            waiting.append(pool.submit(work, path))
            if len(waiting) >= AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _read(folder: Path, count: int, decoder: str = PILLOW) -> Decoded | None:
    """What the folder holds of `count` images; None where that isn't whole."""
    try:
        places = np.load(folder / "places.npy", allow_pickle=False)
        pixels: npt.NDArray[np.uint8] = np.memmap(folder / "pixels.bin", np.uint8, "r")
    except (OSError, ValueError, EOFError):
        return None
    if places.shape != (count, 3) or places.dtype != np.int64:
        return None
    start, height, width = places[-1].tolist()
    whole = start + (3 * height * width if height else width) == len(pixels)
    return Decoded(pixels, places, decoder) if whole else None

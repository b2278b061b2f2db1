"""A folder of photographs to train on: links to real ones, or to random ones of their size."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (500, 375)
"""Width and height of random images: what CUB-200-2011 and many others have."""
RANDOM = 240
"""Different random images."""
MOST = 3000
"""Real images that are looked for."""
COARSE = 12
"""Pixels between independent colours; photographs are smooth, and decode as fast."""
GRAIN = 14
QUALITY = 92


def make_folder(
    folder: Path, data_root: Path | None, classes: int, images: int, quick: bool
) -> str:
    """Fill `folder` with `images` links in each of `classes` folders; returns what they lead to.

    Real images are the JPEG files anywhere below `data_root`; where there are none, random ones are
    made. An image may come several times, so that an epoch has as many steps as usual.
    """
    sources = _real(data_root) if data_root is not None else []
    what = f"{len(sources)} real images below the data root"
    if not sources:
        sources = _random(folder.with_name(f"{folder.name} sources"), 8 if quick else RANDOM)
        what = f"{len(sources)} random images of {SIZE[0]} x {SIZE[1]} pixels"
    number = 0
    for label in range(classes):
        inside = folder / f"{label:04d}"
        inside.mkdir(parents=True)
        for place in range(images):
            (inside / f"{place:04d}.jpg").symlink_to(sources[number % len(sources)].resolve())
            number += 1
    return f"{number} images in {classes} classes, from {what}"


def _real(data_root: Path) -> list[Path]:
    """The first JPEG files below the data root, in the order of their names."""
    found = (
        Path(where) / name
        for where, names in _walk(data_root)
        for name in names
        if name.lower().endswith((".jpg", ".jpeg")) and not name.startswith(".")
    )
    return list(islice(found, MOST))


def _walk(folder: Path) -> list[tuple[str, list[str]]]:
    return sorted((where, sorted(names)) for where, _, names in os.walk(folder))


def _random(folder: Path, number: int) -> list[Path]:
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(partial(_random_image, folder), range(number)))


def _random_image(folder: Path, number: int) -> Path:
    """Smooth colours with some grain, so that decoding takes as long as a photograph's."""
    random = np.random.default_rng(number)
    small = (SIZE[1] // COARSE + 2, SIZE[0] // COARSE + 2, 3)
    colours = Image.fromarray(random.integers(0, 256, small, dtype=np.uint8))
    smooth = np.asarray(colours.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = random.integers(-GRAIN, GRAIN, smooth.shape, dtype=np.int16, endpoint=True)
    pixels = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    path = folder / f"{number:04d}.jpg"
    Image.fromarray(pixels).save(path, quality=QUALITY)
    return path

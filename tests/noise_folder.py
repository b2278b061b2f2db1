"""A folder of images that are noise, for the data set image_folder."""

from pathlib import Path

import numpy as np
from PIL import Image


def noise_folder(folder: Path, shots: int) -> Path:
    """Write `shots` images of 40 x 40 pixels of each of four classes, and return `folder`."""
    random = np.random.default_rng(0)
    for kind in range(4):
        (folder / f"kind {kind}").mkdir(parents=True)
        for number in range(shots):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"kind {kind}" / f"{number}.png")
    return folder

"""Six renderings of a glyph that stand in for six cameras: perspective, optics, light and noise.

All arithmetic is on integers, or on float64 element by element with operations that IEEE 754
rounds exactly, and the noise comes from raw words of Philox. So the images are the same bit for
bit on every machine.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.rendered.rendering import Grey

Rows = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

WORD_BYTES = 8
BYTE_SUM_MEAN = 1020
"""Mean of the sum of a random word's eight bytes: 8 * 255 / 2."""
BYTE_SUM_DEVIATION = 209
"""Its standard deviation, rounded: sqrt(8 * (256 ** 2 - 1) / 12)."""


@dataclass(frozen=True)
class Camera:
    """One camera's fixed properties; grey levels run from 0 to 255.

    `homography` maps a pixel of the photograph to one of the glyph, both counted from the centre.
    `defocus` is how often a 1-2-1 filter is passed over both axes. `grain` is the side of the
    sensor's cells in pixels. `gain` is in 256ths, and changes by `slope` 256ths a pixel to the
    right and downwards; `black` is the level of the background.
    `noise` is the standard deviation of the noise in grey levels.
    """

    homography: Rows = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    defocus: int = 0
    grain: int = 1
    gain: int = 256
    slope: tuple[int, int] = (0, 0)
    black: int = 0
    noise: int = 0


CAMERAS = (
    Camera(gain=240, noise=4),
    Camera(((1, 0.1, 0), (-0.1, 1, 0), (0, 0, 1)), defocus=2, gain=250, black=10, noise=4),
    Camera(((1.05, 0, 0), (0, 1.05, 0), (0, 0.012, 1)), grain=2, gain=230, noise=6),
    Camera(((1, 0.2, 0), (0, 1, 0), (0, 0, 1)), defocus=1, gain=150, black=25, noise=12),
    Camera(((1, 0, 0), (0, 1.1, 0), (0.012, 0, 1)), gain=190, slope=(-7, 3), black=20, noise=6),
    Camera(((1.15, -0.1, 1), (0.1, 1.15, -1), (0, 0, 1)), gain=140, black=90, noise=6),
)


def warp(glyphs: Grey, homography: Rows) -> npt.NDArray[np.int64]:
    """Glyphs [..., size, size] seen through `homography`, bilinear, black outside the frame."""
    size = glyphs.shape[-1]
    centre = (size - 1) / 2
    y, x = np.meshgrid(np.arange(size) - centre, np.arange(size) - centre, indexing="ij")
    across, down, depth = (a * x + b * y + c for a, b, c in homography)
    # One black pixel around the glyph takes in whatever lies outside.
    column = np.clip(across / depth + centre + 1, 0, size + 1)
    row = np.clip(down / depth + centre + 1, 0, size + 1)
    left = np.minimum(np.floor(column), size).astype(np.int64)
    upper = np.minimum(np.floor(row), size).astype(np.int64)
    right_share, lower_share = column - left, row - upper
    framed = np.pad(glyphs, [(0, 0)] * (glyphs.ndim - 2) + [(1, 1), (1, 1)]).astype(np.float64)
    above = (
        framed[..., upper, left] * (1 - right_share) + framed[..., upper, left + 1] * right_share
    )
    below = (
        framed[..., upper + 1, left] * (1 - right_share)
        + framed[..., upper + 1, left + 1] * right_share
    )
    return np.floor(above * (1 - lower_share) + below * lower_share + 0.5).astype(np.int64)


def blur(grey: npt.NDArray[np.int64], passes: int) -> npt.NDArray[np.int64]:
    """The image after `passes` of the filter 1-2-1 over rows and columns, rounded after each."""
    for _ in range(passes):
        for axis in (-1, -2):
            widths = [(0, 0)] * grey.ndim
            widths[axis] = (1, 1)
            padded = np.moveaxis(np.pad(grey, widths, mode="edge"), axis, -1)
            total = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
            grey = np.moveaxis((total + 2) // 4, -1, axis)
    return grey


def coarsen(grey: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.int64]:
    """The image with every cell of `side` x `side` pixels set to its mean, rounded."""
    if side == 1:
        return grey
    *lead, height, width = grey.shape
    cells = grey.reshape(*lead, height // side, side, width // side, side)
    means = (cells.sum(axis=(-3, -1), keepdims=True) + side**2 // 2) // side**2
    return np.broadcast_to(means, cells.shape).reshape(grey.shape)


def photograph(glyphs: Grey, camera: Camera, words: npt.NDArray[np.uint64]) -> Grey:
    """Glyphs [..., size, size] as `camera` shows them; `words`, one a pixel, make the noise.

    The noise is the sum of a word's eight bytes, which is close to normally distributed.
    """
    size = glyphs.shape[-1]
    seen = coarsen(blur(warp(glyphs, camera.homography), camera.defocus), camera.grain)
    offset = np.arange(size) - size // 2
    gain = camera.gain + camera.slope[0] * offset[None, :] + camera.slope[1] * offset[:, None]
    lit = camera.black + seen * gain // 256
    byte_sums = np.zeros(glyphs.shape, dtype=np.int64)
    for place in range(WORD_BYTES):
        byte_sums += ((words >> np.uint64(8 * place)) & np.uint64(255)).astype(np.int64)
    noise = (byte_sums - BYTE_SUM_MEAN) * camera.noise // BYTE_SUM_DEVIATION
    return np.clip(lit + noise, 0, 255).astype(np.uint8)

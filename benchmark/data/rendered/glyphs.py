"""Grey images held in memory, and their augmentation by small affine maps."""

import hashlib
import math
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.errors import UserError
from benchmark.registry import TRANSFORMS


@TRANSFORMS.register_module(name="glyph_affine")
@dataclass(frozen=True)
class GlyphAugmentation:
    """How far a training image is moved at random, uniformly around no change."""

    shift: float = 2.0
    """Largest shift along each axis, in pixels."""
    scale: float = 0.1
    """Largest relative change of size."""
    rotation: float = 5.0
    """Largest rotation in degrees."""
    shear: float = 0.1
    """Largest horizontal shift per unit of height."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"transform: {item.name} must be a number, not {value!r}.")
            if not 0 <= value < math.inf:
                raise UserError(f"transform: {item.name} must be at least 0, not {value}.")
        if self.scale >= 1:
            raise UserError(f"transform: scale must be below 1, not {self.scale}.")

    def maps(self, seeds: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.float32]:
        """For each seed [n] the map from output to input coordinates [n, 2, 3].

        Coordinates run from -1 to 1 between the image's edges, which are `size` pixels apart. Each
        seed is the key of a Philox stream of its own, whose raw words are the same in every version
        of numpy.
        """
        words = _words(seeds, 5)
        u = (words >> np.uint64(11)) * 2.0**-52 - 1
        across, down = u[:, 0] * self.shift * 2 / size, u[:, 1] * self.shift * 2 / size
        zoom = 1 + u[:, 2] * self.scale
        angle = np.deg2rad(u[:, 3] * self.rotation)
        shear = u[:, 4] * self.shear
        cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
        rows = [cosine, cosine * shear + sine, across, -sine, cosine - sine * shear, down]
        return np.stack(rows, axis=1).reshape(-1, 2, 3).astype(np.float32)

    @classmethod
    def expect(cls, transform: object, dataset: str) -> "GlyphAugmentation | None":
        """The transform, if it is one for glyphs. Raises UserError for one that isn't."""
        if transform is None or isinstance(transform, cls):
            return transform
        raise UserError(
            f"transform: {dataset} holds glyphs in memory and takes the transform glyph_affine"
        )

    def __call__(self, images: Tensor, seeds: npt.NDArray[np.uint64]) -> Tensor:
        """Augment `images` [n, channels, size, size], each by its own seed [n].

        The sampling grid is built element by element, so that an image is the same bit for bit in
        any batch.
        """
        n, _, size, _ = images.shape
        theta = torch.from_numpy(self.maps(seeds, size)).view(n, 2, 3, 1, 1)
        steps = (torch.arange(size, dtype=torch.float32) * 2 + 1) / size - 1
        x, y = steps.view(1, 1, size), steps.view(1, size, 1)
        grid = theta[:, :, 0] * x + theta[:, :, 1] * y + theta[:, :, 2]
        return F.grid_sample(
            images, grid.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
        )


def _words(seeds: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.uint64]:
    """The first `count` words of the Philox stream that each seed [n] is the key of, [n, count].

    One generator is set to each key in turn: making one takes many times as long.
    """
    generator = np.random.Philox(key=0)
    start = generator.state
    words = np.empty((len(seeds), count), np.uint64)
    for row, seed in enumerate(seeds):
        start["state"]["key"] = np.array([seed, 0], np.uint64)
        generator.state = start
        words[row] = generator.random_raw(count)
    return words


class GlyphImages:
    """Square grey images in memory [N, size, size], as values from -1 (black) to 1 (white)."""

    def __init__(
        self, grey: npt.NDArray[np.uint8], augmentation: GlyphAugmentation | None = None
    ) -> None:
        self._grey = grey
        self._augmentation = augmentation

    def __len__(self) -> int:
        """The number of images."""
        return len(self._grey)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The images `indices` as float32 [n, 1, size, size]; augmented if there are `seeds`."""
        images = torch.from_numpy(self._grey[indices]).unsqueeze(1).float() / 127.5 - 1
        if seeds is None or self._augmentation is None:
            return images
        return self._augmentation(images, seeds)

    def digests(self) -> tuple[str, str]:
        """SHA-256 of the array's shape and of its bytes; glyphs have no names."""
        shape = hashlib.sha256(repr(self._grey.shape).encode())
        return shape.hexdigest(), hashlib.sha256(self._grey.tobytes()).hexdigest()

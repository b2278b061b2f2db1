"""What an image shows that says nothing about its class: pose, place, light, ground, noise."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FIELDS = (
    *("turn", "zoom", "across", "down", "slant"),
    *("ground", "warmth", "tint", "patch_x", "patch_y", "patch"),
    *("blade_x", "blade_y", "blade_place", "blade_width", "blade_light", "blade_tint"),
    *("light", "light_x", "light_y"),
)
"""The random numbers of an image in the order in which its stream gives them."""
BYTES = 2
"""Random bytes whose sum makes the noise of one value."""


@dataclass(frozen=True)
class Nuisance:
    """The nuisance of n images.

    `fields` maps each name of `FIELDS` to float32 numbers [n] in [-1, 1); `noise` [n, 3, size,
    size] holds whole numbers from -255 to 255, more often small ones.
    """

    fields: dict[str, npt.NDArray[np.float32]]
    noise: npt.NDArray[np.int16]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.noise)

    def __getitem__(self, part: slice) -> "Nuisance":
        """The nuisance of some of the images."""
        fields = {name: numbers[part] for name, numbers in self.fields.items()}
        return Nuisance(fields, self.noise[part])


def random_nuisance(keys: Iterable[int], size: int) -> Nuisance:
    """The nuisance of one image for each key, for images of `size` x `size` pixels.

    A key is that of a Philox stream (Salmon et al., Parallel Random Numbers, SC 2011), whose raw
    words don't change between versions of numpy. The 24 leading bits of a word make a number that
    float32 holds exactly.
    """
    noise_words = -(-3 * size * size * BYTES // 8)
    words = np.stack(
        [np.random.Philox(key=key).random_raw(len(FIELDS) + noise_words) for key in keys]
    )
    numbers = (words[:, : len(FIELDS)] >> np.uint64(40)).astype(np.float32) / np.float32(2**23)
    numbers -= 1
    noise = words[:, len(FIELDS) :].astype("<u8").view(np.uint8)[:, : 3 * size * size * BYTES]
    return Nuisance(
        {name: numbers[:, place] for place, name in enumerate(FIELDS)},
        noise.reshape(-1, 3, size, size, BYTES).sum(-1, dtype=np.int16) - 255,
    )


def no_nuisance(size: int) -> Nuisance:
    """One image that stands upright in the middle, evenly lit and without noise.

    The blade of grass lies outside it.
    """
    fields = {name: np.zeros(1, dtype=np.float32) for name in FIELDS}
    fields["blade_x"] += 1
    fields["blade_place"] += 4
    return Nuisance(fields, np.zeros((1, 3, size, size), dtype=np.int16))

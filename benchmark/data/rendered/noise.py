"""Data set `noise`: a random picture for each class, in noise. For checks of the machinery."""

from typing import Any, ClassVar

import numpy as np

from benchmark.data.dataset import DataSet, Split, Status
from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages
from benchmark.data.validation import Validation
from benchmark.errors import UserError
from benchmark.registry import DATASETS

SIZE = 32
"""Pixels along each edge, as the networks for glyphs take them."""
NOISE = 40
"""Grey levels of 255 by which a pixel may differ from its class's picture."""


@DATASETS.register_module(name="noise")
class Noise:
    """`classes` to train on and as many others to test on, of `images` each, drawn from `seed`.

    A run on it takes a second, and nothing that it measures means anything. `validation` is that of
    the official releases.
    """

    left_out_where_none: ClassVar = ("validation",)

    def __init__(
        self,
        classes: int = 8,
        images: int = 12,
        seed: int = 0,
        validation: dict[str, Any] | None = None,
    ) -> None:
        for name, value in (("classes", classes), ("images", images)):
            if not isinstance(value, int) or isinstance(value, bool) or not 2 <= value <= 1000:
                raise UserError(f"dataset.{name} is a whole number from 2 to 1000, not {value!r}.")
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise UserError(f"dataset.seed is a whole number from 0, not {seed!r}.")
        self.classes = classes
        self.images = images
        self.seed = seed
        self.validation = Validation.of(validation)

    def status(self) -> Status:
        """It is always there."""
        number = self.classes * self.images
        counts = {
            "train classes": self.classes,
            "train images": number,
            "test classes": self.classes,
            "test images": number,
        }
        return Status(True, counts)

    def load(self, transform: object = None) -> DataSet:
        """Both halves, training images augmented by `transform`, if any."""
        random = np.random.default_rng(self.seed)
        pictures = random.integers(NOISE, 256 - NOISE, (2 * self.classes, 1, SIZE, SIZE))
        shape = (2 * self.classes, self.images, SIZE, SIZE)
        noise = random.integers(-NOISE, NOISE, shape, endpoint=True)
        grey = (pictures + noise).astype(np.uint8).reshape(-1, SIZE, SIZE)
        labels = np.repeat(np.arange(self.classes, dtype=np.int64), self.images)
        half = len(labels)
        augmentation = GlyphAugmentation.expect(transform, "noise")
        whole = DataSet(
            name="noise",
            protocol="retrieval",
            note="A random picture for each class, in noise: for checks of the machinery alone.",
            train=Split(GlyphImages(grey[:half], augmentation), labels),
            query=Split(GlyphImages(grey[half:]), labels + self.classes),
        )
        return self.validation.of_half(whole) if self.validation else whole

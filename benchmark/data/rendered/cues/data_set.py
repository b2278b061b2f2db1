"""Data set `cues`: drawn beetles whose classes differ in cues that are known.

A class is a tuple of cue values, and an image adds what says nothing about the class. So one can
say which cues an embedding holds, and not only how well it retrieves.
"""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.data.dataset import DataSet, KnownCues, Split, Status
from benchmark.data.rendered.cues.anatomy import CUES
from benchmark.data.rendered.cues.beetles import Beetles
from benchmark.data.rendered.cues.classes import (
    TEST_CLASSES,
    TRAIN_CLASSES,
    Tuples,
    sharers,
    told_apart,
    training_tuples,
    unseen_tuples,
)
from benchmark.data.rendered.cues.digests import DIGESTS
from benchmark.data.rendered.cues.drawing import Images
from benchmark.data.rendered.cues.kept import kept
from benchmark.data.validation import Validation
from benchmark.errors import UserError
from benchmark.registry import DATASETS, TRANSFORMS

IMAGES = 60
"""Images of a training class by default."""
KEYS = {"train": 0, "test": 1 << 32, "saliency": 2 << 32}
"""Where the keys of the nuisance begin, so that no two images share one."""


@TRANSFORMS.register_module(name="as_drawn")
class AsDrawn:
    """No augmentation: pose, light and the rest are drawn anew in every image of a class."""


class DrawnImages:
    """Colour images in memory [N, 3, size, size], as values from -1 to 1."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def __len__(self) -> int:
        """The number of images."""
        return len(self._images)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The images `indices` as float32 [n, 3, size, size]; `seeds` change nothing."""
        return torch.from_numpy(self._images[indices]).float() / 127.5 - 1

    def digests(self) -> tuple[str, str]:
        """SHA-256 of the array's shape and of its bytes; beetles have no names."""
        shape = hashlib.sha256(repr(self._images.shape).encode())
        return shape.hexdigest(), hashlib.sha256(self._images.tobytes()).hexdigest()


@DATASETS.register_module(name="cues")
class Cues:
    """100 + 100 classes of drawn beetles, in zero-shot halves.

    `cues` of the ten cues vary, from 6 to 10; `saliency` has a factor from 0 to 1 for each, by
    which its values are drawn nearer to each other (None: all 1). Images have `size` x `size`
    pixels, from 32 to 64. `sufficiency` is the share of training class pairs that the most salient
    cue alone tells apart, from 0 to 1. The test half doesn't depend on it. A training class has
    `images` images, from 4, and a test class half as many. `validation` is that of the official
    releases; its folds have no measures of cues.
    """

    left_out_where_none: ClassVar = ("validation",)

    def __init__(
        self,
        cues: int = 10,
        saliency: list[float] | None = None,
        size: int = 32,
        sufficiency: float = 1.0,
        images: int = IMAGES,
        validation: dict[str, Any] | None = None,
    ) -> None:
        self.beetles = Beetles.varying(cues, saliency, size)
        if not 0 <= sufficiency <= 1:
            raise ValueError(f"sufficiency must be from 0 to 1, not {sufficiency}")
        if not 4 <= images <= 1000:
            raise ValueError(f"images must be from 4 to 1000 a training class, not {images}")
        self.sufficiency = sufficiency
        self.validation = Validation.of(validation)
        self._train_images, self._test_images = images, images // 2

    @cached_property
    def test_tuples(self) -> Tuples:
        """The test classes as tuples of values [100, cues]."""
        return unseen_tuples(self.beetles.sizes)

    @cached_property
    def train_tuples(self) -> Tuples:
        """The training classes as tuples of values [100, cues]."""
        return training_tuples(self.beetles.sizes, self.sufficiency, self.test_tuples)

    def status(self) -> Status:
        """Always there: it is drawn where it isn't in the cache yet."""
        return Status(
            True,
            {
                "train classes": TRAIN_CLASSES,
                "train images": TRAIN_CLASSES * self._train_images,
                "test classes": TEST_CLASSES,
                "test images": TEST_CLASSES * self._test_images,
            },
        )

    def load(self, transform: object = None) -> DataSet:
        """Both halves in memory (28 MB at 32 pixels). Raises UserError for a transform."""
        if transform is not None and not isinstance(transform, AsDrawn):
            raise UserError("transform: cues is drawn with its nuisance and takes as_drawn")
        labels = np.arange(TRAIN_CLASSES + TEST_CLASSES, dtype=np.int64)
        test_labels = np.repeat(labels[TRAIN_CLASSES:], self._test_images)
        whole = DataSet(
            name="cues",
            protocol="retrieval",
            note=self._note(),
            train=Split(
                DrawnImages(self.train_images()),
                np.repeat(labels[:TRAIN_CLASSES], self._train_images),
            ),
            query=Split(DrawnImages(self.test_images()), test_labels),
            cues=KnownCues(
                tuple(cue.name for cue in self.beetles.cues),
                self.saliency(),
                np.repeat(self.test_tuples, self._test_images, axis=0),
            ),
        )
        return self.validation.of_half(whole) if self.validation else whole

    def train_images(self) -> Images:
        """The images of the training half [N, 3, size, size], class by class."""
        return self._images("train", self.train_tuples, self._train_images)

    def test_images(self) -> Images:
        """The images of the test half [N, 3, size, size], class by class."""
        return self._images("test", self.test_tuples, self._test_images)

    def saliency(self) -> npt.NDArray[np.float64]:
        """The measured saliency of each cue [cues], see `Beetles.saliency`."""
        return self._kept("saliency", lambda: self.beetles.saliency(KEYS["saliency"]))

    def _images(self, half: str, tuples: Tuples, count: int) -> Images:
        return self._kept(half, lambda: self.beetles.images(tuples, count, KEYS[half]), count)

    def _kept(
        self, name: str, make: Callable[[], npt.NDArray[Any]], count: int | None = None
    ) -> npt.NDArray[Any]:
        """The array `name` of this set from the cache folder; `count` images a class, if any."""
        shared = sharers(self.sufficiency) if name == "train" else None
        options = {
            "cues": len(self.beetles.cues),
            "strengths": self.beetles.strengths,
            "size": self.beetles.size,
            "sharers": shared,
            "images": count,
        }
        shipped = self.beetles.strengths == (1.0,) * len(CUES)
        if count is not None:
            shipped = shipped and self._train_images == IMAGES
        known = DIGESTS.get((name, self.beetles.size, shared)) if shipped else None
        return kept(name, options, known, make)

    def _note(self) -> str:
        varied = len(self.beetles.cues)
        told = told_apart(self.train_tuples[:, 0])
        return (
            f"Drawn by code, not photographs: {TRAIN_CLASSES} + {TEST_CLASSES} classes of beetles "
            f"that differ in {varied} known cues, {self.beetles.size} x {self.beetles.size} "
            f"colour; the most salient cue alone tells {100 * told:.0f} % of the training class "
            "pairs apart."
        )

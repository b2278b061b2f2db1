"""From a decoded photograph to what a network sees, with and without augmentation."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from benchmark.errors import UserError
from benchmark.registry import TRANSFORMS

# Red, green and blue from 0 to 1, over ImageNet's training images.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MEAN_COLOUR = (124, 116, 104)
"""ImageNet's mean in levels from 0 to 255."""

Pixels = npt.NDArray[np.uint8]
"""Red, green and blue, [3, height, width], which lie beside each other in memory for each pixel."""


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Seed torch's generator, from which torchvision draws, with `seed`, inside the block only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class PhotoTransform(ABC):
    """From an RGB photograph of any size to uint8 [3, height, width].

    Levels stay as they are: backbones normalise them, each by the figures of its pretraining.
    """

    @abstractmethod
    def train(self, image: Image.Image, seed: int) -> Pixels:
        """The image augmented; every random choice follows from `seed`."""

    @abstractmethod
    def test(self, image: Image.Image) -> Pixels:
        """The image as it is for evaluation: nothing is random."""

    @staticmethod
    def expect(transform: object, dataset: str) -> "PhotoTransform":
        """The transform, if it is one for photographs. Raises UserError for one that isn't."""
        if isinstance(transform, PhotoTransform):
            return transform
        raise UserError(
            f"transform: {dataset} holds photographs and takes the transforms retrieval_crop "
            "and reid"
        )


def pixels(image: Image.Image) -> Pixels:
    """The levels of an RGB image."""
    return np.asarray(image).transpose(2, 0, 1)


@TRANSFORMS.register_module(name="retrieval_crop")
@dataclass(frozen=True)
class RetrievalCrop(PhotoTransform):
    """Random crops and flips in training, the centre crop in testing.

    Crops of 224 and flips: Kim et al., Proxy Anchor Loss, CVPR 2020, section 4.1. The short side
    of 256 and the crop's area from .08 to 1: the training code published with it.
    """

    size: int = 224
    """Side of the crop in pixels."""
    resize: int = 256
    """Short side, in pixels, of the image whose centre is cropped in testing."""
    scale: tuple[float, float] = (0.08, 1.0)
    """Smallest and largest area of a training crop, as shares of the image's."""
    flip: float = 0.5
    """Probability of a horizontal flip."""

    def __post_init__(self) -> None:
        _whole("size", self.size, 1)
        _whole("resize", self.resize, self.size)
        pair = isinstance(self.scale, list | tuple) and len(self.scale) == 2
        if not pair or not all(_is_number(area, 1e-6, 1) for area in self.scale):
            raise UserError(f"transform: scale is two shares above 0, to 1, not {self.scale!r}.")
        if self.scale[0] > self.scale[1]:
            raise UserError(f"transform: scale is smallest, then largest, not {self.scale!r}.")
        _share("flip", self.flip)

    def train(self, image: Image.Image, seed: int) -> Pixels:
        """A crop of random position, area and aspect ratio, perhaps mirrored."""
        with drawing(seed):
            box = v2.RandomResizedCrop(self.size, scale=tuple(self.scale)).make_params([image])
            flip = torch.rand(()).item() < self.flip
        image = F.resized_crop(image, **box, size=[self.size, self.size])
        if flip:
            image = F.horizontal_flip(image)
        return pixels(image)

    def test(self, image: Image.Image) -> Pixels:
        """The centre of the resized image."""
        image = F.center_crop(F.resize(image, [self.resize]), [self.size, self.size])
        return pixels(image)


@TRANSFORMS.register_module(name="reid")
@dataclass(frozen=True)
class Reid(PhotoTransform):
    """Flips, shifts and random erasing in training; in testing the whole image.

    Size, flips and shifts by padding: Luo et al., Bag of Tricks and a Strong Baseline for Deep
    Person Re-identification, CVPR Workshops 2019, section 2. Erasing covers .02 to .4 of the image
    with sides in a ratio from .3 to 3.33: Zhong et al., Random Erasing Data Augmentation,
    AAAI 2020; what is erased takes ImageNet's mean colour.
    """

    height: int = 256
    """Of the image, in pixels."""
    width: int = 128
    """Of the image, in pixels."""
    pad: int = 10
    """Black border, in pixels, within which the image is shifted."""
    flip: float = 0.5
    """Probability of a horizontal flip."""
    erasing: float = 0.5
    """Probability that a rectangle is erased."""

    def __post_init__(self) -> None:
        _whole("height", self.height, 1)
        _whole("width", self.width, 1)
        _whole("pad", self.pad, 0)
        _share("flip", self.flip)
        _share("erasing", self.erasing)

    def train(self, image: Image.Image, seed: int) -> Pixels:
        """The resized image, perhaps mirrored, shifted, and perhaps with a rectangle erased."""
        with drawing(seed):
            flip = torch.rand(()).item() < self.flip
            down, right = torch.randint(-self.pad, self.pad + 1, (2,)).tolist()
            hole = self._hole()
        image = F.resize(image, [self.height, self.width])
        if flip:
            image = F.horizontal_flip(image)
        # Pillow fills with black what a crop takes from outside.
        image = image.crop((right, down, right + self.width, down + self.height))
        if hole is not None:
            image.paste(MEAN_COLOUR, hole)
        return pixels(image)

    def test(self, image: Image.Image) -> Pixels:
        """The resized image."""
        return pixels(F.resize(image, [self.height, self.width]))

    def _hole(self) -> tuple[int, int, int, int] | None:
        """The rectangle's left, top, right and bottom; None where nothing is erased."""
        if torch.rand(()).item() >= self.erasing:
            return None
        erasing = v2.RandomErasing(1, scale=(0.02, 0.4), ratio=(0.3, 1 / 0.3))
        box = erasing.make_params([torch.empty(3, self.height, self.width, device="meta")])
        if box["v"] is None:  # none of the rectangles drawn fits the image
            return None
        left, top = box["j"], box["i"]
        return left, top, left + box["w"], top + box["h"]


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(f"transform: {name} must be a whole number from {least}, not {value!r}.")


def _is_number(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low <= value <= high


def _share(name: str, value: Any) -> None:
    if not _is_number(value, 0, 1):
        raise UserError(f"transform: {name} must be a number from 0 to 1, not {value!r}.")

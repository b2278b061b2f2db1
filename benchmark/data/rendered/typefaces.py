"""Data set `typefaces`: rendered type in the shape of CUB-200.

A class is one style of a Latin family, an image is one of its 62 glyphs. The classes of the test
half come from families that training never sees, and its images are retrieved among themselves.
"""

from functools import partial
from typing import Any, ClassVar

import numpy as np

from benchmark.data.dataset import DataSet, Split, Status
from benchmark.data.rendered import arrays, styles
from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages
from benchmark.data.rendered.rendering import CHARACTERS, SIZE, Grey, alphabet
from benchmark.data.validation import Validation
from benchmark.registry import DATASETS

CLASSES = 200
TRAIN_CLASSES = 100
FAMILIES = 94
SHAPE = (CLASSES, len(CHARACTERS), SIZE, SIZE)
DIGEST = "40791e1c838c7264b070fa0df744bc32a890be74c3325ab2fabcd68eef98bdaa"


def render() -> Grey:
    """All styles of the manifest [200, 62, 32, 32], in the order of their labels.

    Raises UserError if a font package is missing or was made from another commit.
    """
    manifest = styles.styles()
    styles.require(manifest)
    return np.stack([alphabet(partial(styles.open_font, style)) for style in manifest])


def rendered() -> Grey:
    """The images of `render`, from the cache if they are there, checked by their digest."""
    return arrays.cached("typefaces", DIGEST, SHAPE, render)


@DATASETS.register_module(name="typefaces")
class Typefaces:
    """200 styles, 62 images each, in zero-shot halves.

    `validation` is that of the official releases.
    """

    left_out_where_none: ClassVar = ("validation",)

    def __init__(self, validation: dict[str, Any] | None = None) -> None:
        self.validation = Validation.of(validation)

    def status(self) -> Status:
        """Whether the font packages are there; nothing is rendered."""
        counts = {
            "train classes": TRAIN_CLASSES,
            "train images": TRAIN_CLASSES * len(CHARACTERS),
            "test classes": CLASSES - TRAIN_CLASSES,
            "test images": (CLASSES - TRAIN_CLASSES) * len(CHARACTERS),
        }
        return styles.status(counts)

    def load(self, transform: object = None) -> DataSet:
        """Both halves in memory (12.7 MB), training images augmented by `transform`, if any.

        Raises UserError if they can't be made as published.
        """
        augmentation = GlyphAugmentation.expect(transform, "typefaces")
        grey = rendered()
        labels = np.repeat(np.arange(CLASSES, dtype=np.int64), len(CHARACTERS))
        train = labels < TRAIN_CLASSES
        images = grey.reshape(-1, SIZE, SIZE)
        whole = DataSet(
            name="typefaces",
            protocol="retrieval",
            note=(
                f"Rendered type, not photographs: {CLASSES} upright styles of {FAMILIES} families "
                "from Google Fonts (Open Font License), one image a glyph of 0-9A-Za-z, "
                f"{SIZE} x {SIZE} grey; train and test share no family."
            ),
            train=Split(GlyphImages(images[train], augmentation), labels[train]),
            query=Split(GlyphImages(images[~train]), labels[~train]),
        )
        return self.validation.of_half(whole) if self.validation else whole

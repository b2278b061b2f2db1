"""Data set `typefaces_reid`: rendered type in the shape of Market-1501.

An identity is one style of `typefaces`, in the same halves, and a camera one of six renderings.
Every camera shows four of twelve glyphs of every identity, each camera its own choice. In the test
half the first of them is a query and the other three are gallery.
"""

from typing import Any, ClassVar

import numpy as np

from benchmark.data.dataset import DataSet, Split, Status
from benchmark.data.rendered import arrays, styles
from benchmark.data.rendered.cameras import CAMERAS, photograph
from benchmark.data.rendered.glyphs import GlyphAugmentation, GlyphImages
from benchmark.data.rendered.rendering import CHARACTERS, SIZE, Grey
from benchmark.data.rendered.typefaces import CLASSES, FAMILIES, TRAIN_CLASSES, rendered
from benchmark.data.validation import Validation
from benchmark.registry import DATASETS

GLYPHS = "RQGaegkrsty2"
"""The glyphs that cameras show: so few that two cameras often see the same one."""
SHOTS = 4
"""Images of one identity by one camera."""
SHAPE = (CLASSES, len(CAMERAS), SHOTS, SIZE, SIZE)
DIGEST = "9e4d4ffcda23f3f4ea252b5ff9e2a0d11762b11ecc9088f024d6d9cb95d9b7ed"


def shoot() -> Grey:
    """All identities by all cameras [200, 6, 4, 32, 32].

    Identity and camera together are the key of one Philox stream: its first words order the
    glyphs, of which the first four are shown, and its other words make the noise.
    """
    glyphs = rendered()[:, [CHARACTERS.index(character) for character in GLYPHS]]
    shots = np.empty(SHAPE, dtype=np.uint8)
    for identity in range(CLASSES):
        for number, camera in enumerate(CAMERAS):
            stream = np.random.Philox(key=identity * len(CAMERAS) + number)
            order = np.argsort(stream.random_raw(len(GLYPHS)), kind="stable")
            words = stream.random_raw(SHOTS * SIZE * SIZE).reshape(SHOTS, SIZE, SIZE)
            shots[identity, number] = photograph(glyphs[identity, order[:SHOTS]], camera, words)
    return shots


@DATASETS.register_module(name="typefaces_reid")
class TypefacesReid:
    """200 identities by six cameras, with query and gallery.

    `validation` is that of the official releases.
    """

    left_out_where_none: ClassVar = ("validation",)

    def __init__(self, validation: dict[str, Any] | None = None) -> None:
        self.validation = Validation.of(validation)

    def status(self) -> Status:
        """Whether the font packages are there; nothing is rendered."""
        test, cameras = CLASSES - TRAIN_CLASSES, len(CAMERAS)
        counts = {
            "train classes": TRAIN_CLASSES,
            "train images": TRAIN_CLASSES * cameras * SHOTS,
            "test classes": test,
            "query images": test * cameras,
            "gallery images": test * cameras * (SHOTS - 1),
            "cameras": cameras,
        }
        return styles.status(counts)

    def load(self, transform: object = None) -> DataSet:
        """All splits in memory (4.9 MB), training images augmented by `transform`, if any.

        Raises UserError if they can't be made as published.
        """
        augmentation = GlyphAugmentation.expect(transform, "typefaces_reid")
        shots = arrays.cached("typefaces_reid", DIGEST, SHAPE, shoot).reshape(-1, SIZE, SIZE)
        labels, cameras, shot = (index.ravel() for index in np.indices(SHAPE[:3], dtype=np.int64))
        train = labels < TRAIN_CLASSES

        def split(chosen: np.ndarray, augmentation: GlyphAugmentation | None = None) -> Split:
            return Split(GlyphImages(shots[chosen], augmentation), labels[chosen], cameras[chosen])

        whole = DataSet(
            name="typefaces_reid",
            protocol="reid",
            note=(
                f"Rendered type, not photographs: {CLASSES} upright styles of {FAMILIES} families "
                f"from Google Fonts (Open Font License), {len(GLYPHS)} glyphs by {len(CAMERAS)} "
                f"simulated cameras, {SIZE} x {SIZE} grey; train and test share no family."
            ),
            train=split(train, augmentation),
            query=split(~train & (shot == 0)),
            gallery=split(~train & (shot > 0)),
        )
        return self.validation.of_half(whole) if self.validation else whole

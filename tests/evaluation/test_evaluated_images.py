"""The digest of what an evaluation embeds: of the pixels, and of nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from benchmark.data.dataset import DataSet, Images, Split, Subset
from benchmark.data.photographs.files import FileImages
from benchmark.data.photographs.transforms import Reid
from benchmark.data.rendered.glyphs import GlyphImages
from benchmark.evaluation import evaluate

LABELS = np.repeat(np.arange(5), 2)
CAMERAS = np.tile(np.arange(2), 5)


def means(images: Tensor) -> Tensor:
    return images.float().mean((1, 3))


def digest(query: Images, gallery: Images | None = None, size: int = 4) -> str:
    def split(images: Images) -> Split:
        return Split(images, LABELS[: len(images)], CAMERAS[: len(images)])

    dataset = DataSet(
        "few",
        "retrieval" if gallery is None else "reid",
        "",
        split(query),
        split(query),
        None if gallery is None else split(gallery),
    )
    return evaluate(means, dataset, batch_size=size).images


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (10, 6, 4)).astype(np.uint8)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> FileImages:
    folder = tmp_path_factory.mktemp("photographs")
    random = np.random.default_rng(1)
    names = [f"{number}.png" for number in range(10)]
    for name in names:
        level = random.integers(0, 256, (9, 7, 3)).astype(np.uint8)
        Image.fromarray(level).save(folder / name)
    return FileImages(folder, names, Reid(height=9, width=7))


def test_batches_change_nothing(photographs: FileImages, grey: np.ndarray) -> None:
    for images in (photographs, GlyphImages(grey)):
        expected = digest(images, size=64)
        assert {digest(images, size=size) for size in (1, 3)} == {expected}
        assert digest(images, images, size=3) == digest(images, images) != expected


def test_one_level_of_one_pixel_shows(photographs: FileImages, tmp_path: Path) -> None:
    for name in photographs.names:
        (tmp_path / name).write_bytes((photographs.folder / name).read_bytes())
    copied = FileImages(tmp_path, photographs.names, Reid(height=9, width=7))
    before = digest(copied), digest(photographs, copied)
    assert digest(copied) == before[0]
    with Image.open(tmp_path / "7.png") as opened:
        levels = np.array(opened)
    levels[8, 6, 2] ^= 1
    Image.fromarray(levels).save(tmp_path / "7.png")
    assert digest(copied) != before[0]
    assert digest(photographs, copied) != before[1]


def test_order_type_and_shape_show(grey: np.ndarray) -> None:
    images = GlyphImages(grey)
    found = {
        digest(images),
        digest(Subset(images, np.arange(10)[::-1].copy())),
        digest(GlyphImages(grey.reshape(10, 4, 6))),
        digest(Halved(images)),
        # The same images on the other side of the border between query and gallery.
        digest(Subset(images, np.arange(4)), Subset(images, np.arange(4, 10))),
        digest(Subset(images, np.arange(6)), Subset(images, np.arange(6, 10))),
    }
    assert len(found) == 6
    assert digest(Subset(images, np.arange(10))) in found


class Halved(GlyphImages):
    """The same values in half precision, as maps are."""

    def __init__(self, images: GlyphImages) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: np.ndarray, seeds: np.ndarray | None) -> torch.Tensor:
        return self.images.batch(indices, seeds).half()

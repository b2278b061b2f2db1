"""Features in place of images: what a frozen network makes of a data set, made once and kept.

Each training image is seen in several views, augmented as in training; query and gallery images
once, as in evaluation. The arrays lie in the user's cache, named by a digest of all that they
follow from, and are mapped into memory, so that runs share them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import Tensor

from benchmark.data.cache_folder import cache_errors, cache_folder, cache_key
from benchmark.data.dataset import DataSet, Images, Split
from benchmark.durable import refusals_explained, staged

BATCH = 32
"""Images that are embedded together."""
FOLDER = "features"

Features = npt.NDArray[np.float32]
Network = Callable[[Tensor], Tensor]
"""From images [n, channels, height, width] to features [n, D]."""
Progress = Callable[[int, int], None]
"""Called with the number of images that are done, and with their total."""


@dataclass(frozen=True)
class FeatureImages:
    """Features [N, views, D] that stand for images; an image's seed chooses the view."""

    source: Images
    features: Features

    def __len__(self) -> int:
        """The number of images."""
        return len(self.features)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The features of the images `indices`, float32 [n, D, 1, 1]; without `seeds` view 0."""
        views = np.zeros(len(indices), np.uint64) if seeds is None else seeds
        chosen = (views % np.uint64(self.features.shape[1])).astype(np.int64)
        return torch.from_numpy(self.features[indices, chosen])[..., None, None]

    def digests(self) -> tuple[str, str]:
        """Those of the images."""
        return self.source.digests()


def as_features(
    dataset: DataSet,
    network: Network,
    views: int,
    origin: dict[str, Any],
    on_progress: Progress = lambda done, total: None,
) -> DataSet:
    """The data set with features [D, 1, 1] in place of its images.

    `network` makes those that are missing from the cache. `origin` is JSON and names what features
    follow from beside images and `views`: weights, transform, versions. The result is never
    official, as its runs train no network. Raises UserError where the cache can't be written.
    """
    folder = cache_folder() / FOLDER / cache_key({**dataset.digests(), **origin, "views": views})
    with cache_errors(folder / "lock"), refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    # Whoever comes second waits for the features instead of making them too.
    with FileLock(folder / "lock"):
        missing = {
            name: views if name == "train" else 1
            for name in dataset.splits
            if _read(folder / f"{name}.npy") is None
        }
        total = sum(n * len(dataset.splits[name].labels) for name, n in missing.items())
        done = 0
        for name, times in missing.items():
            images = dataset.splits[name].images
            for done_here in _make(folder / f"{name}.npy", images, network, times):
                on_progress(done + done_here, total)
            done += times * len(images)

    def with_features(name: str, split: Split) -> Split:
        return replace(split, images=_opened(folder / f"{name}.npy", split.images))

    return replace(
        dataset,
        official=False,
        train=with_features("train", dataset.train),
        query=with_features("query", dataset.query),
        gallery=dataset.gallery and with_features("gallery", dataset.gallery),
    )


def _make(path: Path, images: Images, network: Network, views: int) -> Iterator[int]:
    """Write the features of all images; yields how many views are done, after each batch."""
    with cache_errors(path), staged(path) as beside:
        array: np.memmap[Any, np.dtype[np.float32]] | None = None
        done = 0
        for view in range(views):
            # Views follow from their number alone: runs of all seeds share them.
            drawn = np.random.default_rng(view).integers(2**63, size=len(images))
            for first in range(0, len(images), BATCH):
                chosen = np.arange(first, min(first + BATCH, len(images)), dtype=np.int64)
                seeds = drawn[chosen].astype(np.uint64) if views > 1 else None
                with torch.inference_mode():
                    found = network(images.batch(chosen, seeds)).cpu().numpy()
                if array is None:
                    shape = (len(images), views, found.shape[1])
                    array = np.lib.format.open_memmap(beside, "w+", np.float32, shape)
                array[chosen, view] = found
                done += len(chosen)
                yield done
        assert array is not None
        array.flush()


def _read(path: Path) -> Features | None:
    try:
        found: Features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 3 and found.dtype == np.float32 else None


def _opened(path: Path, images: Images) -> FeatureImages:
    features = _read(path)
    assert features is not None and len(features) == len(images)
    return FeatureImages(images, features)

"""Features in place of images: what a frozen network makes of a data set, made once and kept.

Each training image is seen in several views, augmented as in training; query and gallery images
once, as in evaluation. The array of each split lies in the user's cache, named by a digest of all
that it follows from, and is mapped into memory, so that runs share it. Validation folds share
those of the whole training half.
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
from benchmark.data.dataset import DataSet, Images, Split, Subset
from benchmark.durable import refusals_explained, staged

BATCH = 32
"""Images that are embedded together."""
FOLDER = "features"
VERSION = 2
"""Of the features: higher whenever the same images, transform and network give other ones."""

Features = npt.NDArray[np.float32]
Network = Callable[[Tensor], Tensor]
"""From images [n, channels, height, width] to features [n, D]."""
Progress = Callable[[int, int], None]
"""Called with the number of images that are done, and with their total."""


@dataclass(frozen=True)
class FeatureImages:
    """Features [N, views, D] that stand for images; an image's seed chooses the view.

    The image number i has the features of `rows`[i].
    """

    source: Images
    features: Features
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.rows)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The features of the images `indices`, float32 [n, D, 1, 1]; without `seeds` view 0."""
        views = np.zeros(len(indices), np.uint64) if seeds is None else seeds
        chosen = (views % np.uint64(self.features.shape[1])).astype(np.int64)
        return torch.from_numpy(self.features[self.rows[indices], chosen])[..., None, None]

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
    stores = {
        name: _Store.of(split.images, views if name == "train" and views > 1 else None, origin)
        for name, split in dataset.splits.items()
    }
    # Query and gallery of a fold are parts of one array.
    distinct = {store.folder: store for store in stores.values()}
    missing = [store for store in distinct.values() if _read(store.path) is None]
    total = sum(store.number for store in missing)
    done = 0
    for store in missing:
        for made in store.make(network):
            on_progress(done + made, total)
        done += store.number

    def with_features(name: str, split: Split) -> Split:
        return replace(split, images=stores[name].opened(split.images))

    return replace(
        dataset,
        official=False,
        train=with_features("train", dataset.train),
        query=with_features("query", dataset.query),
        gallery=dataset.gallery and with_features("gallery", dataset.gallery),
    )


@dataclass(frozen=True)
class _Store:
    """Where the features of some images lie: in `views` augmented views, or once without any."""

    images: Images
    views: int | None
    folder: Path

    @classmethod
    def of(cls, images: Images, views: int | None, origin: dict[str, Any]) -> "_Store":
        """That of the images, or of the whole that they are a subset of."""
        whole = images.whole if isinstance(images, Subset) else images
        kept = {"version": VERSION, "images": whole.digests(), "views": views}
        key = cache_key({**kept, **origin})
        return cls(whole, views, cache_folder() / FOLDER / key)

    @property
    def path(self) -> Path:
        return self.folder / "features.npy"

    @property
    def number(self) -> int:
        """How many features there are."""
        return len(self.images) * (self.views or 1)

    def make(self, network: Network) -> Iterator[int]:
        """Write the features, unless somebody else just has; yields how many are done."""
        with cache_errors(self.folder / "lock"), refusals_explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        # Whoever comes second waits for the features instead of making them too.
        with FileLock(self.folder / "lock"):
            if _read(self.path) is None:
                yield from _make(self.path, self.images, network, self.views)

    def opened(self, images: Images) -> FeatureImages:
        """The features of `images`: those of the store, or of a subset of them."""
        features = _read(self.path)
        assert features is not None and len(features) == len(self.images)
        rows = images.places if isinstance(images, Subset) else np.arange(len(images))
        return FeatureImages(images, features, rows)


def _make(path: Path, images: Images, network: Network, augmented: int | None) -> Iterator[int]:
    """Write the features of all images; yields how many views are done, after each batch."""
    views = augmented or 1
    with cache_errors(path), staged(path) as beside:
        array: np.memmap[Any, np.dtype[np.float32]] | None = None
        done = 0
        for view in range(views):
            # Views follow from their number alone: runs of all seeds share them.
            drawn = np.random.default_rng(view).integers(2**63, size=len(images))
            for first in range(0, len(images), BATCH):
                chosen = np.arange(first, min(first + BATCH, len(images)), dtype=np.int64)
                seeds = None if augmented is None else drawn[chosen].astype(np.uint64)
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

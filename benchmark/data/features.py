"""Maps in place of images: what a network, or its first stages, makes of a data set once.

The map of a network that is frozen as a whole has a single place, which holds its features. Each
training image is seen in several views, augmented as in training; query and gallery images once,
as in evaluation. The array of each split lies in the user's cache, named by a digest of all
that it follows from, and is mapped into memory, so that runs share it. Validation folds share
those of the whole training half.
"""

import shutil
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
from benchmark.data.photographs.decoded import BUDGET_GB, VARIABLE, budget
from benchmark.durable import refusals_explained, staged
from benchmark.errors import UserError

BATCH = 32
"""Images that are embedded together."""
FOLDER = "features"
VERSION = 2
"""Of the features: higher whenever the same images, transform and network give other ones."""

Features = npt.NDArray[np.float32 | np.float16]
"""Maps [N, views, height, width, channels]."""
Network = Callable[[Tensor], Tensor]
"""From images to maps [n, channels, height, width], float32 or float16."""
Progress = Callable[[int, int], None]
"""Called with the number of images that are done, and with their total."""


@dataclass(frozen=True)
class FeatureImages:
    """Maps that stand for images; an image's seed chooses the view.

    The image number i has the maps of `rows`[i].
    """

    source: Images
    features: Features
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.rows)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The maps [n, channels, height, width] of the images; without `seeds` those of view 0."""
        views = np.zeros(len(indices), np.uint64) if seeds is None else seeds
        chosen = (views % np.uint64(self.features.shape[1])).astype(np.int64)
        array = np.asarray(self.features)  # a plain array is indexed faster than a mapped one
        return torch.from_numpy(array[self.rows[indices], chosen]).permute(0, 3, 1, 2)

    def digests(self) -> tuple[str, str]:
        """Those of the images."""
        return self.source.digests()


def as_features(
    dataset: DataSet,
    network: Network,
    views: int,
    origin: dict[str, Any],
    on_progress: Progress = lambda done, total: None,
    log: Callable[[str], None] = lambda note: None,
) -> DataSet:
    """The data set with the network's maps in place of its images.

    `network` makes those that are missing from the cache, and `log` is called with their size.
    `origin` is JSON and names what they follow from beside images and `views`: weights, transform,
    versions. The result is never official, as its runs train no whole network. Raises UserError
    where the cache can't be written, or they take more than the budget of decoded photographs.
    """
    stores = {
        name: _Store.of(split.images, views if name == "train" and views > 1 else None, origin)
        for name, split in dataset.splits.items()
    }
    # Query and gallery of a fold are parts of one array.
    distinct = {store.folder: store for store in stores.values()}
    missing = [store for store in distinct.values() if _read(store.path) is None]
    total = sum(store.number for store in missing)
    if missing:
        _announce(dataset.name, missing, network, log)
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


def _announce(
    name: str, missing: list["_Store"], network: Network, log: Callable[[str], None]
) -> None:
    """Say how much is to be made. Raises UserError if that is above the budget, or has no room."""
    one = _mapped(network, missing[0].images, np.zeros(1, np.int64), None)
    size = one.nbytes * sum(store.number for store in missing)
    folder = cache_folder() / FOLDER
    with cache_errors(folder / "lock"), refusals_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    most, free = budget() or 1e9 * BUDGET_GB, shutil.disk_usage(folder).free
    takes = f"{size / 1e9:.2f} GB"
    log(f"making maps of {name}, {' x '.join(map(str, one.shape[1:]))} each, {takes}, in {folder}")
    if size > min(most, free):
        limit = f"{VARIABLE} allows" if most < free else "there is room for"
        raise UserError(
            f"the maps of {name} take {takes}, more than the {min(most, free) / 1e9:.2f} GB that "
            f"{limit}. Lower backbone.views or the size of images, or let more stages rest."
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
        array: np.memmap[Any, Any] | None = None
        done = 0
        for view in range(views):
            # Views follow from their number alone: runs of all seeds share them.
            drawn = np.random.default_rng(view).integers(2**63, size=len(images))
            for first in range(0, len(images), BATCH):
                chosen = np.arange(first, min(first + BATCH, len(images)), dtype=np.int64)
                seeds = None if augmented is None else drawn[chosen].astype(np.uint64)
                found = _mapped(network, images, chosen, seeds)
                if array is None:
                    shape = (len(images), views, *found.shape[1:])
                    array = np.lib.format.open_memmap(beside, "w+", found.dtype, shape)
                array[chosen, view] = found
                done += len(chosen)
                yield done
        assert array is not None
        array.flush()


def _mapped(
    network: Network,
    images: Images,
    chosen: npt.NDArray[np.int64],
    seeds: npt.NDArray[np.uint64] | None,
) -> Features:
    """The maps [n, height, width, channels] of some images. Raises UserError for infinite ones."""
    with torch.inference_mode():
        found = network(images.batch(chosen, seeds))
    if not found.isfinite().all():
        raise UserError(f"backbone.network: maps of images aren't finite in {found.dtype}")
    mapped: Features = found.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return mapped


def _read(path: Path) -> Features | None:
    try:
        found: Features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 5 and found.dtype in (np.float32, np.float16) else None

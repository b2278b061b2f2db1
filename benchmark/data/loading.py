"""Batches for training: which images, in what order, and the seed of each one's augmentation.

All of it depends on the run's seed and the epoch alone: the two arms of a pair see the same
batches, and a resumed run goes on with the batches it would have seen. Loading draws nothing from
torch's global generator, so that other random draws don't depend on the loaders.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from benchmark.data.dataset import Images, Split
from benchmark.data.transport import Batch, Parcel, delivered, no_digest, packed
from benchmark.errors import UserError

PREFETCHED = 4
"""Batches that each loader process prepares ahead."""
TOGETHER, SMALL = 8, 2**21
"""Batches that are made together at most, and the most bytes that these may have."""


class Draws(NamedTuple):
    """The images [B] of a batch, and the seeds [B] of their augmentation."""

    images: npt.NDArray[np.int64]
    seeds: npt.NDArray[np.uint64]


class ClassBalancedBatches(Sampler[Draws]):
    """Batches of `samples` images of each of `classes` classes.

    All classes come equally often, and every image of a class comes once before any is repeated.
    An epoch has as many batches as the images fill.
    """

    def __init__(
        self,
        labels: npt.NDArray[np.int64],
        classes: int,
        samples: int,
        seed: int,
        part: slice = slice(None),
    ) -> None:
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if classes > len(self.members):
            raise UserError(
                f"sampler.classes={classes}: the training split has {len(self.members)} classes. "
                "Take at most that many."
            )
        self.classes = classes
        self.samples = samples
        self.seed = seed
        self.epoch = 0
        self.first = 0
        self.part = part
        self.length = max(1, len(labels) // (classes * samples))

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.length

    def __iter__(self) -> Iterator[Draws]:
        """The batches of the epoch `self.epoch`, from the batch `self.first` on."""
        random = np.random.default_rng([self.seed, self.epoch])
        waiting: list[list[int]] = [[] for _ in self.members]
        turn: list[int] = []
        for place in range(self.length):
            chosen: dict[int, None] = {}
            while len(chosen) < self.classes:
                if not turn:
                    turn = random.permutation(len(self.members)).tolist()
                # A class still in the batch waits for the next one. While it isn't full, another is
                # there: what it holds of this turn has left the turn.
                free = next(i for i, label in enumerate(turn) if label not in chosen)
                chosen[turn.pop(free)] = None
            batch: list[int] = []
            for label in chosen:
                for _ in range(self.samples):
                    if not waiting[label]:
                        waiting[label] = random.permutation(self.members[label]).tolist()
                    batch.append(waiting[label].pop())
            seeds = random.integers(2**63, size=len(batch)).astype(np.uint64)
            if place >= self.first:
                yield Draws(np.array(batch, np.int64)[self.part], seeds[self.part])


class TrainingImages(Dataset[Parcel]):
    """A split, indexed by whole batches of draws."""

    metainfo: ClassVar[dict[str, str]] = {}
    """What mmengine asks for; there is nothing to say."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __len__(self) -> int:
        """The number of images."""
        return len(self.split.labels)

    def __getitems__(self, draws: Draws) -> Parcel:
        """Images [B, ...] and labels [B] of the draws, with a digest of both."""
        labels = self.split.labels[draws.images]
        return packed(lambda: self.split.images.batch(*draws), labels, batch_digest)

    def joined(self, batches: list[Draws]) -> list[Batch]:
        """The same for each of the batches, whose images are made together.

        Beside a step of milliseconds, what it takes to make the images of one would be seen.
        """
        images = self.split.images.batch(
            np.concatenate([draws.images for draws in batches]),
            np.concatenate([draws.seeds for draws in batches]),
        )
        parts = images.split([len(draws.images) for draws in batches])
        labels = [self.split.labels[draws.images] for draws in batches]
        digests = map(batch_digest, parts, labels)
        return list(map(Batch, parts, labels, digests))


def batch_digest(images: Tensor, labels: npt.NDArray[np.int64]) -> str:
    """The SHA-256 of a batch's labels and of every fourth pixel of its images, in hexadecimal.

    A pixel is one by row and column; of maps with a single place it is every sixteenth channel.
    """
    pixels = images.numpy()
    some = pixels[:, ::16] if images.shape[-2:] == (1, 1) else pixels[..., ::4, ::4]
    digest = hashlib.sha256(labels.tobytes())
    digest.update(some.tobytes())
    return digest.hexdigest()


def image_digests(images: Tensor, labels: npt.NDArray[np.int64]) -> str:
    """The SHA-256 of each image, its type and shape included, one after the other in hexadecimal.

    All of an image counts, and nothing else: `labels` and the other images of the batch don't.
    """
    kind = f"{images.dtype} {list(images.shape[1:])}".encode()
    found = []
    # Photographs and maps have their channels last in memory, and so aren't copied here.
    for image in images.permute(0, 2, 3, 1).contiguous().numpy():
        digest = hashlib.sha256(kind)
        digest.update(image)
        found.append(digest.hexdigest())
    return "".join(found)


class Loaded(dict[str, Tensor]):
    """The "images" and "labels" of a batch, with the digest of both."""

    digest: str = ""


class TrainingLoader(DataLoader[Loaded]):
    """A loader of {"images", "labels"} batches; `batch_sampler.epoch` is the epoch to load.

    `workers` processes prepare batches ahead; the batches don't depend on their number. `part` of
    each batch is loaded, where several processes share it.
    """

    def __init__(
        self,
        split: Split,
        *,
        classes: int,
        samples: int,
        seed: int,
        workers: int = 0,
        part: slice = slice(None),
    ) -> None:
        self.images = TrainingImages(split)
        self.batches = ClassBalancedBatches(split.labels, classes, samples, seed, part)
        self._together = 1
        super().__init__(
            self.images,  # type: ignore[arg-type]
            batch_sampler=self.batches,  # type: ignore[arg-type]
            persistent_workers=workers > 0,
            **_processes(workers),
        )

    def __iter__(self) -> Iterator[Loaded]:  # type: ignore[override]
        """The batches of an epoch.

        Raises UserError where an image can't be decoded or a loader process dies.
        """
        # Beside a step of milliseconds, what torch's loader does for each batch would be seen.
        parcels = super().__iter__() if self.num_workers else self._loaded_here()
        for images, labels, digest in delivered(parcels):
            batch = Loaded(images=images, labels=torch.from_numpy(labels))
            batch.digest = digest
            yield batch

    def _loaded_here(self) -> Iterator[Parcel]:
        batches = iter(self.batches)
        while some := list(islice(batches, self._together)):
            made = self.images.joined(some)
            yield from made
            self._together = min(max(1, SMALL // made[0].images.nbytes), TOGETHER)


def in_batches(
    images: Images,
    size: int,
    workers: int = 0,
    on_digests: Callable[[bytes], object] | None = None,
) -> Iterator[Tensor]:
    """All images in order and without augmentation, `size` at a time, by `workers` processes.

    `on_digests` is called with the `image_digests` of each batch, which are made where its images
    are. Joined, they depend neither on `size` nor on `workers`.
    """
    blocks = _Blocks(images, size, digested=on_digests is not None)
    loader = DataLoader(blocks, batch_size=None, **_processes(workers))
    for batch, _, digests in delivered(loader):
        if on_digests is not None:
            on_digests(digests.encode())
        yield batch


def _processes(workers: int) -> dict[str, Any]:
    """The arguments for torch's loader that both kinds of loader share."""
    return {
        "collate_fn": _as_it_comes,
        "num_workers": workers,
        "prefetch_factor": PREFETCHED if workers else None,
        "pin_memory": workers > 0 and torch.cuda.is_available(),
        # Without a generator of its own a DataLoader draws from the global one, once an epoch.
        "generator": torch.Generator(),
    }


class _Blocks(Dataset[Parcel]):
    """Images as a list of blocks, without labels; `digested` adds the digest of each image."""

    def __init__(self, images: Images, size: int, digested: bool) -> None:
        self.images = images
        self.size = size
        self.digest = image_digests if digested else no_digest

    def __len__(self) -> int:
        return -(-len(self.images) // self.size)

    def __getitem__(self, block: int) -> Parcel:
        start = block * self.size
        indices = np.arange(start, min(start + self.size, len(self.images)), dtype=np.int64)
        return packed(lambda: self.images.batch(indices, None), indices[:0], self.digest)


def _as_it_comes(batch: Any) -> Any:
    return batch

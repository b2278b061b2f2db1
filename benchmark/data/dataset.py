"""What a data set is, once loaded: a training split, and query and gallery images."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

Protocols = Literal["retrieval", "reid"]


class Images(Protocol):
    """Images by index, decoded when asked for."""

    def __len__(self) -> int:
        """The number of images."""
        ...

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The images `indices` [n, channels, height, width].

        Photographs are uint8, from 0 to 255; drawn and rendered images are float32. `seeds` [n],
        one an image, fix every random choice of the augmentation; with None the images come as
        they are for evaluation.
        """
        ...

    def digests(self) -> tuple[str, str]:
        """SHA-256 of the images' names and sizes, and of their contents, in hexadecimal."""
        ...


@dataclass(frozen=True)
class Subset:
    """The images `places` of `whole`, such as those of some classes."""

    whole: Images
    places: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.places)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The images `indices` of the subset, as `whole` makes them."""
        return self.whole.batch(self.places[indices], seeds)

    def digests(self) -> tuple[str, str]:
        """Those of the whole, and which of its images these are."""
        chosen = hashlib.sha256(self.places.astype("<i8").tobytes()).hexdigest()
        listed, contained = (
            hashlib.sha256(f"{digest} {chosen}".encode()).hexdigest()
            for digest in self.whole.digests()
        )
        return listed, contained


@dataclass(frozen=True)
class Split:
    """Images with one class each; re-identification images also have a camera."""

    images: Images
    labels: npt.NDArray[np.int64]
    cameras: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise ValueError(f"{len(self.images)} images with {len(self.labels)} labels")
        if self.cameras is not None and len(self.cameras) != len(self.labels):
            raise ValueError(f"{len(self.cameras)} cameras for {len(self.labels)} labels")


@dataclass(frozen=True)
class KnownCues:
    """The visible cues by which the classes of a drawn data set differ.

    `saliency` [cues] is the mean squared change of the pixels when one cue alone changes, and
    `values` [query images, cues] the value of each cue in each query image: images of one class
    have the same values, and no other class has all of them.
    """

    names: tuple[str, ...]
    saliency: npt.NDArray[np.float64]
    values: npt.NDArray[np.int64]


@dataclass(frozen=True)
class DataSet:
    """A loaded data set.

    Labels of `train` run from 0 to `classes` - 1. With `protocol` "retrieval" every image of
    `query` is searched among the others (`gallery` is None); with "reid" `query` is searched in
    `gallery`, where images of the same identity by the same camera are left out.
    `note` says what a reader of its results must know, and is shown beside them. `official` says
    that every count is that of an official release, in its own halves: only then do published
    values compare. `cues` is there where it is known by which cues the classes differ.
    """

    name: str
    protocol: Protocols
    note: str
    train: Split
    query: Split
    gallery: Split | None = None
    official: bool = False
    cues: KnownCues | None = None

    def __post_init__(self) -> None:
        present = np.unique(self.train.labels)
        if not np.array_equal(present, np.arange(len(present))):
            raise ValueError(f"{self.name}: training labels must run from 0 without a gap")
        if (self.protocol == "reid") != (self.gallery is not None):
            raise ValueError(f"{self.name}: a gallery belongs to protocol 'reid', and only there")

    @property
    def classes(self) -> int:
        """The number of training classes."""
        return int(self.train.labels.max()) + 1

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        splits = {"train": self.train, "query": self.query, "gallery": self.gallery}
        return {name: split for name, split in splits.items() if split is not None}

    def digests(self) -> dict[str, str]:
        """SHA-256 digests in hexadecimal, which change with the data.

        `data_listing` covers each split's labels and cameras, and the names and sizes of its
        images; `data_images` covers the images' contents.
        """
        listing, images = hashlib.sha256(), hashlib.sha256()
        for name, split in self.splits.items():
            listed, contained = split.images.digests()
            listing.update(f"{name} {len(split.labels)} {listed}".encode())
            listing.update(split.labels.tobytes())
            listing.update(b"" if split.cameras is None else split.cameras.tobytes())
            images.update(f"{name} {contained}".encode())
        return {"data_listing": listing.hexdigest(), "data_images": images.hexdigest()}


@dataclass(frozen=True)
class Status:
    """Whether a data set is there, what it holds, and how to get it."""

    found: bool
    counts: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""

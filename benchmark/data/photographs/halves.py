"""The images to train on and those to test on, and how they become a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import DataSet, Split
from benchmark.data.photographs.decoders import PILLOW
from benchmark.data.photographs.files import FileImages
from benchmark.data.photographs.listing import DISTRACTOR, Listing
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.validation import Validation
from benchmark.errors import UserError


@dataclass(frozen=True)
class Halves:
    """Training and test images; re-identification has a gallery, retrieval none.

    `remedy` is what a user can do if there are too few images.
    """

    train: Listing
    query: Listing
    gallery: Listing | None = None
    remedy: str = "Unpack it again, or add images."

    @classmethod
    def zero_shot(cls, images: Listing) -> "Halves":
        """The first half of the classes to train on, the others to test on.

        As in Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding,
        CVPR 2016, section 5.
        """
        classes = np.unique(images.labels)
        train = np.isin(images.labels, classes[: len(classes) // 2])
        return cls(images.where(train), images.where(~train))

    @classmethod
    def of_identities(
        cls, train: Listing, query: Listing, gallery: Listing, *, where: Path
    ) -> "Halves":
        """Halves in which an identity has the same number everywhere.

        Raises UserError if an identity is both trained on and tested, or if a distractor is
        trained on or used as a query.
        """
        test = np.union1d(query.labels, gallery.labels[gallery.labels != DISTRACTOR])
        if len(both := np.intersect1d(train.labels, test)):
            raise UserError(
                f"{where}: identity {both[0]} is in both the training and the test half. "
                "Remove it from one of them."
            )
        for listing in (train, query):
            if DISTRACTOR in listing.labels:
                path = listing.paths[int(np.flatnonzero(listing.labels == DISTRACTOR)[0])]
                raise UserError(
                    f"{where / path}: identity 0000 stands for false detections, which belong "
                    "into the gallery alone. Rename the file if it shows an identity."
                )
        remedy = "Unpack it again, add images, or correct identities and cameras in their names."
        return cls(train, query, gallery, remedy)

    def counts(self) -> dict[str, int]:
        """The numbers of classes or identities, images and cameras, by what they count."""

        def different(listing: Listing) -> int:
            return len(np.unique(listing.labels))

        if self.gallery is None:
            return {
                "train classes": different(self.train),
                "train images": len(self.train.paths),
                "test classes": different(self.query),
                "test images": len(self.query.paths),
            }
        cameras = [listing.cameras for listing in (self.train, self.query, self.gallery)]
        return {
            "train identities": different(self.train),
            "train images": len(self.train.paths),
            "test identities": different(self.query),
            "query images": len(self.query.paths),
            "gallery images": len(self.gallery.paths),
            "cameras": len(np.unique(np.concatenate(cameras))),
        }

    def validation(self, validation: Validation) -> "Halves":
        """The training images alone, with the classes of one fold to test on."""
        reid = self.gallery is not None
        places = validation.places(self.train.labels, self.train.cameras if reid else None)
        remedy = f"Take another fold, or other folds (dataset.validation). {self.remedy}"
        train, query = self._trained(places.train), self._trained(places.query)
        gallery = None if places.gallery is None else self._trained(places.gallery)
        return Halves(train, query, gallery, remedy)

    def _trained(self, places: npt.NDArray[np.int64]) -> Listing:
        """Some of the training images."""
        return self.train.where(np.isin(np.arange(len(self.train.paths)), places))

    def _lack(self) -> str:
        """What is missing for training or evaluation; empty if nothing is."""
        if len(np.unique(self.train.labels)) < 2:
            return "there are fewer than 2 classes to train on"
        if not self.query.paths or (self.gallery is not None and not self.gallery.paths):
            return "there are no images to test on, or no gallery"
        if self.gallery is None:
            if np.unique(self.query.labels, return_counts=True)[1].max() < 2:
                return "no class to test on has a second image that could be found"
            return ""
        cameras: dict[int, set[int]] = {}
        for identity, camera in _shown(self.gallery):
            cameras.setdefault(identity, set()).add(camera)
        if any(cameras.get(identity, set()) - {camera} for identity, camera in _shown(self.query)):
            return ""
        return "no query has a gallery image of its identity by another camera"

    def dataset(
        self,
        name: str,
        note: str,
        folder: Path,
        transform: PhotoTransform,
        validation: Validation | None,
        *,
        decoder: str = PILLOW,
        official: bool = False,
    ) -> DataSet:
        """The data set of these images below `folder`, or its validation fold.

        `official` says that they are the complete halves of an official release.
        Raises UserError if there is too little to train on, or no query that has a match.
        """
        where = str(folder) if validation is None else f"{folder}, {validation}"
        halves = self if validation is None else self.validation(validation)
        if lack := halves._lack():
            raise UserError(f"{where}: {lack}. {halves.remedy}")

        def split(listing: Listing) -> Split:
            images = FileImages(folder, listing.paths, transform, decoder)
            return Split(images, listing.labels, None if self.gallery is None else listing.cameras)

        trained = np.unique(self.train.labels, return_inverse=True)[1].astype(np.int64)
        whole = DataSet(
            name=name,
            protocol="retrieval" if self.gallery is None else "reid",
            note=note,
            train=split(replace(self.train, labels=trained)),
            query=split(self.query),
            gallery=None if self.gallery is None else split(self.gallery),
            official=official,
        )
        return whole if validation is None else validation.of_half(whole)


def _shown(listing: Listing) -> Iterator[tuple[int, int]]:
    """Each image's identity and camera."""
    return zip(listing.labels.tolist(), listing.cameras.tolist(), strict=True)

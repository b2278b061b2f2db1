"""An official release of a benchmark on disk: found below the data root, counted, loaded."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmark.data.dataset import DataSet, Status
from benchmark.data.official.counts import OFFICIAL, CountComparison
from benchmark.data.official.location import located, misplaced
from benchmark.data.official.parts import Counts
from benchmark.data.official.source import Source
from benchmark.data.photographs.decoders import PILLOW, checked_decoder
from benchmark.data.photographs.halves import Halves
from benchmark.data.photographs.listing import Listing
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.data.root import no_root, root
from benchmark.data.validation import Validation
from benchmark.errors import UserError

Keep = Callable[[Listing], Listing]
"""Which of the listed images are kept."""


@dataclass(frozen=True)
class Aside:
    """Images of a release or folder that this use of it leaves out.

    `what` names them, in the plural; `official` is how many the release has.
    """

    what: str
    images: Listing
    official: int | None = None


@dataclass(frozen=True)
class Contents:
    """What lies in a release's folder, in its `layout`.

    `halves` are of the images that are there; `absent` are the listed paths without a file.
    """

    folder: Path
    layout: str
    halves: Halves
    absent: list[str]


class Release(ABC):
    """A data set with an official release.

    `allow_partial` takes a part of the release, whose results are then named partial.
    `validation`, such as dict(folds=4, fold=0, seed=0), tests on that fold of the training
    classes and trains on the others. `decoder` is "pillow" or "torchcodec", an extra package.
    """

    title: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]
    """Paths below the data root where the release may lie; the first that holds it is taken."""
    marks: ClassVar[tuple[str, ...]]
    """Files or folders; at least one of them is in the release's own folder."""
    source: ClassVar[Source]
    editions: ClassVar[tuple[dict[str, Any], ...]] = ({},)
    """Options for each form in which the release may lie below the data root, defaults first."""

    def __init__(
        self,
        allow_partial: bool = False,
        validation: dict[str, Any] | None = None,
        decoder: str = PILLOW,
    ) -> None:
        if not isinstance(allow_partial, bool):
            raise UserError(f"dataset.allow_partial is true or false, not {allow_partial!r}.")
        self.allow_partial = allow_partial
        self.validation = Validation.of(validation)
        self.decoder = checked_decoder(decoder)

    @property
    def whole(self) -> str:
        """The name of the complete data set in results."""
        return self.title

    @property
    def official(self) -> Counts:
        """The counts of the release."""
        return OFFICIAL[self.title]

    @property
    def remedy(self) -> str:
        """Where it comes from and on what terms, in two sentences."""
        return str(self.source)

    @abstractmethod
    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images listed in `folder` that `keep` keeps, and how they are laid out and used.

        Raises UserError for a file that is missing, damaged or contradicts another.
        """

    def find(self) -> Path:
        """The release's folder. Raises UserError where there is none."""
        below = root()
        if below is None:
            raise UserError(f"{no_root(self.title, self.folders[0])} {self.remedy}")
        found = self.folder_below(below)
        if found is None:
            elsewhere = misplaced(below, self.folders, self.marks)
            raise UserError(
                f"{self.title} is not in the data root {below}: there is no folder "
                f"{' or '.join(self.folders)}. {elsewhere or self.remedy}"
            )
        return found

    def folder_below(self, below: Path) -> Path | None:
        """The release's folder below a data root, if there is one.

        Raises UserError where that may not be looked at.
        """
        return located(below, self.folders, self.marks)

    def compared(self, halves: Halves) -> CountComparison:
        """The counts found, beside those of the release."""
        counts, official = halves.counts(), self.official
        lent = 0
        if "train classes" in official:
            # The releases number their classes from 1, and train on the first half of them.
            lent = int((np.unique(halves.query.labels) <= official["train classes"]).sum())
        return CountComparison(self.whole, counts, official, lent)

    def status(self) -> Status:
        """Whether the release is there, and the counts of its lists; images aren't read."""
        below = root()
        try:
            folder = None if below is None else self.folder_below(below)
            if folder is None:
                return Status(False, {}, self.remedy)
            comparison = self.compared(self.read(folder, lambda listing: listing)[0])
        except UserError as error:
            return Status(False, {}, str(error))
        remedy = "" if comparison.complete else f"a part: --allow-partial as {comparison.name}"
        return Status(True, comparison.found, remedy)

    def contents(self) -> Contents:
        """What is there. Raises UserError if there is no release, or if its lists are damaged."""
        folder = self.find()
        absent: list[str] = []

        def present(listing: Listing) -> Listing:
            missing = listing.missing(folder)
            absent.extend(listing.where(missing).paths)
            return listing.where(~missing)

        halves, layout = self.read(folder, present)
        return Contents(folder, layout, halves, absent)

    def set_aside(self, folder: Path) -> Aside | None:
        """Images of the release that this data set leaves out; none unless overridden."""
        return None

    def load(self, transform: object) -> DataSet:
        """Query and gallery, and training images augmented by `transform`.

        Raises UserError if the release isn't there or is damaged, or for a part that isn't allowed.
        """
        photo_transform = PhotoTransform.expect(transform, self.title)
        contents = self.contents()
        folder, halves, absent = contents.folder, contents.halves, contents.absent
        if absent and not self.allow_partial:
            raise UserError(
                f"{folder}: {len(absent):,} listed images are not there, the first of them "
                f"{absent[0]}. Unpack the archive again, or take what is there with "
                "--allow-partial (dataset.allow_partial=true)."
            )
        comparison = self.compared(halves)
        comparison.require(self.allow_partial, str(folder))
        note = f"{self.title}, {contents.layout}."
        if not comparison.complete:
            note = f"{comparison.description} Results don't compare with published ones."
        return halves.dataset(
            comparison.name,
            note,
            folder,
            photo_transform,
            self.validation,
            decoder=self.decoder,
            official=comparison.complete,
        )

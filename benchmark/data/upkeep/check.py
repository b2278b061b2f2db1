"""Every image of a data set on disk, opened once, and its counts beside the official ones."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.data.official.counts import CountComparison
from benchmark.data.official.parts import Counts
from benchmark.data.official.release import Release
from benchmark.data.photographs.files import decode
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.data.upkeep.survey import OnDisk, Survey, splits, survey
from benchmark.errors import UserError
from benchmark.paths import require_regular

THREADS = min(4, os.cpu_count() or 1)
BATCH = 64
"""Images that a thread takes at a time."""

OnProgress = Callable[[int, int], None]
"""Called with the number of images opened and their total, as the work goes on."""


@dataclass(frozen=True)
class Finding:
    """One file, by its path below the data set's folder, and what was found about it."""

    path: str
    detail: str = ""


@dataclass(frozen=True)
class Findings:
    """What `check` found in `folder`.

    `name` is its name in results, `found` has the counts, and `comparison` sets them beside those
    of the official release; a user's own folder has none. `opened` is the number of images
    that were opened. `aside` counts the images that are left out, which no result depends on, and
    `official_aside` those of the release. A file has at most one finding of each kind.
    `notes` don't make a data set unsound.
    """

    name: str
    folder: Path
    layout: str
    found: Counts
    comparison: CountComparison | None
    aside: Counts
    official_aside: Counts
    opened: int
    missing: tuple[Finding, ...]
    unreadable: tuple[Finding, ...]
    truncated: tuple[Finding, ...]
    duplicate: tuple[Finding, ...]
    unlisted: tuple[Finding, ...]
    notes: tuple[Finding, ...]

    @property
    def by_kind(self) -> dict[str, tuple[Finding, ...]]:
        """All findings; notes aren't among them."""
        kinds = ("missing", "unreadable", "truncated", "duplicate", "unlisted")
        return {kind: getattr(self, kind) for kind in kinds}

    @property
    def excessive(self) -> bool:
        """Whether there are more images or classes than the release has."""
        return self.comparison is not None and self.comparison.excessive

    @property
    def ok(self) -> bool:
        """Whether the data set is sound: without findings, and no larger than its release."""
        return not self.excessive and not any(self.by_kind.values())

    @property
    def partial(self) -> bool:
        """Whether it is less than its release."""
        return self.comparison is not None and not self.comparison.complete


@dataclass(frozen=True)
class Opened:
    """An image that was opened: the digest of its file, or else a kind of finding and a reason."""

    digest: bytes = b""
    kind: str = ""
    reason: str = ""


def check(dataset: OnDisk, on_progress: OnProgress | None = None) -> Findings:
    """Compare what is there with the official counts, and open every image once.

    Images that the data set leaves out are opened as well, but not searched for duplicates.

    Two files of the same content are a duplicate where one is in another split, or in a user's
    own folder of another class. In an official release duplicates within one split, even those
    under two classes, are only noted: Cars196 was released with some, and nothing can be done.

    Raises UserError if the data set isn't there, if a list or a folder is too damaged to tell
    anything about the images, and if all files are sound but too few to train and test on, in the
    validation fold if one is asked for.
    """
    surveyed = survey(dataset)
    parts = splits(surveyed.halves)
    paths = [path for _, listing in parts for path in listing.paths]
    paths += surveyed.aside.images.paths if surveyed.aside else []
    opened = dict(zip(paths, _open_all(surveyed.folder, paths, on_progress), strict=True))
    found = surveyed.halves.counts()
    name, comparison = surveyed.folder.name, None
    duplicates, notes = _duplicates(surveyed, opened, forgiving=isinstance(dataset, Release))
    aside, official_aside = _left_out(surveyed)
    if isinstance(dataset, Release):
        comparison = dataset.compared(surveyed.halves)
        name = dataset.whole if comparison.excessive else comparison.name
        if comparison.complete:
            notes += tuple(
                Finding(what, f"{aside[what]:,} of {n:,} are there; no result depends on them")
                for what, n in official_aside.items()
                if aside[what] != n
            )

    def of_kind(kind: str) -> tuple[Finding, ...]:
        return tuple(Finding(path, o.reason) for path, o in opened.items() if o.kind == kind)

    findings = Findings(
        name=name,
        folder=surveyed.folder,
        layout=surveyed.layout,
        found=found,
        comparison=comparison,
        aside=aside,
        official_aside=official_aside,
        opened=len(paths),
        missing=tuple(map(Finding, surveyed.absent)),
        unreadable=of_kind("unreadable"),
        truncated=of_kind("truncated"),
        duplicate=duplicates,
        unlisted=tuple(Finding(*stray) for stray in surveyed.strays.items()),
        notes=notes,
    )
    if findings.ok:
        halves, fold = surveyed.halves, dataset.validation
        loaded = halves.dataset(name, "", surveyed.folder, RetrievalCrop(), fold)
        findings = replace(findings, name=loaded.name)
        if fold is not None:
            counts = halves.validation(fold).counts()
            held = ", ".join(f"{count:,} {what}" for what, count in counts.items())
            findings = replace(findings, layout=f"{findings.layout}; {fold} holds {held}")
    return findings


def _left_out(surveyed: Survey) -> tuple[Counts, Counts]:
    """The number of images left out, here and in the release."""
    aside = surveyed.aside
    if aside is None:
        return {}, {}
    official = {} if aside.official is None else {aside.what: aside.official}
    return {aside.what: len(aside.images.paths)}, official


def open_image(path: Path) -> Opened:
    """Read and decode one image, as training will."""
    try:
        require_regular(path)
        content = path.read_bytes()
    except FileNotFoundError:
        return Opened(kind="unreadable", reason="a link that leads nowhere")
    except OSError as error:
        return Opened(kind="unreadable", reason=error.strerror or str(error))
    if not content:
        return Opened(kind="truncated", reason="the file is empty")
    try:
        decode(path)
    except UserError as error:
        reason = str(error.__cause__)
        # Pillow has no error of its own for a file that ends too early, only these words.
        if "truncated" in reason.lower() or "EOF" in reason:
            return Opened(kind="truncated", reason=f"it ends too early ({len(content):,} bytes)")
        if "cannot identify" in reason:
            reason = "no image of a known format"
        return Opened(kind="unreadable", reason=reason)
    return Opened(digest=hashlib.blake2b(content, digest_size=16).digest())


def _open_all(folder: Path, paths: list[str], on_progress: OnProgress | None) -> list[Opened]:
    """Each image, opened, in the order of `paths`."""

    def open_batch(start: int) -> list[Opened]:
        return [open_image(folder / path) for path in paths[start : start + BATCH]]

    results: list[Opened] = []
    pool = ThreadPoolExecutor(THREADS)
    # Decoders warn about odd metadata on standard error, but an image that decodes is sound.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for batch in pool.map(open_batch, range(0, len(paths), BATCH)):
                results += batch
                if on_progress is not None:
                    on_progress(len(results), len(paths))
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def _duplicates(
    surveyed: Survey, opened: dict[str, Opened], forgiving: bool
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Findings and notes on images of the same content, each beside the first of its kind."""
    first: dict[bytes, tuple[str, str, int]] = {}
    findings, notes = [], []
    for path, split, label in _labelled(surveyed):
        digest = opened[path].digest
        if not digest:
            continue
        if digest not in first:
            first[digest] = (path, split, label)
            continue
        other, other_split, other_label = first[digest]
        detail = f"the same content as {other}"
        if split != other_split:
            findings.append(
                Finding(path, f"{detail}; this one is in {split}, that in {other_split}")
            )
        elif label == other_label:
            notes.append(Finding(path, f"{detail}, of the same class"))
        else:
            (notes if forgiving else findings).append(Finding(path, f"{detail}, of another class"))
    return tuple(findings), tuple(notes)


def _labelled(surveyed: Survey) -> Iterator[tuple[str, str, int]]:
    """Each image's path, split and class."""
    for split, listing in splits(surveyed.halves):
        for path, label in zip(listing.paths, listing.labels.tolist(), strict=True):
            yield path, split, label

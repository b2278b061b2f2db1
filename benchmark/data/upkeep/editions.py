"""The data sets that lie on this disk, a release in each of the editions that are there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.data.dataset import Status
from benchmark.data.official.release import Release
from benchmark.data.upkeep.survey import OnDisk, folder_of
from benchmark.errors import UserError
from benchmark.registry import DATASETS


@dataclass(frozen=True)
class Edition:
    """A data set with options other than its defaults; `overrides` are the same for a command."""

    dataset: Any
    overrides: list[str]


def editions(name: str) -> list[Edition]:
    """All editions of the registered data set `name`; the first has its defaults."""
    kind = DATASETS.module_dict[name]
    return [
        Edition(kind(**options), [f"dataset.{key}={value}" for key, value in options.items()])
        for options in (kind.editions if issubclass(kind, Release) else ({},))
    ]


def on_disk(name: str) -> list[Edition]:
    """The editions whose folders are there, with one edition for a folder.

    Raises UserError where that may not be looked at.
    """
    found: dict[Path, Edition] = {}
    for edition in editions(name):
        folder = folder_of(edition.dataset) if isinstance(edition.dataset, OnDisk) else None
        if folder is not None:
            found.setdefault(folder, edition)
    return list(found.values())


def statuses(name: str) -> Iterator[Status]:
    """The status of each edition that is there, or of the first where none is.

    That of another edition than the first says how to take it. What keeps a data set from being
    looked at is said in its place: it doesn't keep others from being listed.
    """
    try:
        for edition in on_disk(name) or editions(name)[:1]:
            status: Status = edition.dataset.status()
            if edition.overrides:
                told = [f"take it with {' '.join(edition.overrides)}", status.remedy]
                status = replace(status, remedy="; ".join(filter(None, told)))
            yield status
    except (UserError, OSError) as error:
        yield Status(False, {}, str(error))

"""The data sets on this disk, with every edition of a release that is there."""

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
    """A data set with given options; `overrides` are these options on a command line."""

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
    """The editions whose folders are there, one for each folder.

    Raises UserError for a folder that may not be read.
    """
    found: dict[Path, Edition] = {}
    for edition in editions(name):
        folder = folder_of(edition.dataset) if isinstance(edition.dataset, OnDisk) else None
        if folder is not None:
            found.setdefault(folder, edition)
    return list(found.values())


def statuses(name: str) -> Iterator[Status]:
    """The status of each edition that is there, or of the first where none is.

    The status of an edition other than the first says how to choose it. An error takes the place of
    a status, so that other data sets are still listed.
    """
    try:
        for edition in on_disk(name) or editions(name)[:1]:
            status: Status = edition.dataset.status()
            if edition.overrides:
                remedies = [f"take it with {' '.join(edition.overrides)}", status.remedy]
                status = replace(status, remedy="; ".join(filter(None, remedies)))
            yield status
    except (UserError, OSError) as error:
        yield Status(False, {}, str(error))

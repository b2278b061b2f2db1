"""The runs that a report is on: of some data sets, and of several output folders."""

import math
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from benchmark.errors import UserError
from benchmark.printable import printable
from benchmark.report.numbers import ABSENT, plural
from benchmark.report.tables.columns import counts, words
from benchmark.report.tables.sheet import Line, Sheet
from benchmark.suite.store.runs import Stored, StoredRun, read_runs
from benchmark.validation import known, shown

PAGE = "report.html"
"""A report's page, in the folder of its runs or one below it."""


@dataclass(frozen=True)
class Collected:
    """Runs of one or more folders, each id once.

    `sources` has a line for each folder and each set of versions in it, where there are several
    folders, with a link to the folder's own page if it has one; `remarks` say what lay in more than
    one.
    """

    stored: Stored
    sources: Sheet | None = None
    remarks: list[str] = field(default_factory=list)


def collect(folders: Sequence[Path], place: Path) -> Collected:
    """The runs below all `folders`, for a report in `place`; of a run that several hold, one.

    That is the first finished one in the order of the folders, or else the first. Raises UserError
    for a folder without runs, and for one that is given twice.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UserError("--out: a folder is given twice")
    found = {folder: read_runs(folder) for folder in folders}
    if len(found) == 1:
        return Collected(found[folders[0]])
    copies: dict[str, list[tuple[Path, StoredRun]]] = {}
    for folder, stored in found.items():
        for run in stored.runs:
            copies.setdefault(run.id, []).append((folder, run))
    chosen = {one: _chosen(those) for one, those in sorted(copies.items())}
    damaged = [one for stored in found.values() for one in stored.damaged]
    return Collected(
        Stored([run for _, run in chosen.values()], damaged),
        _sources(found, place),
        [*_duplicates(copies, chosen), *_versions(found)],
    )


def runs_on(stored: Stored, datasets: Collection[str]) -> Stored:
    """The runs on these data sets alone. Raises UserError for one on which there is none."""
    present = sorted({run.config.dataset.type for run in stored.runs})
    for name in datasets:
        if name not in present:
            raise UserError(f"--only: no run is on {shown(name)}. {known(name, present)}")
    kept = [run for run in stored.runs if run.config.dataset.type in datasets]
    return Stored(kept, stored.damaged)


def _chosen(copies: list[tuple[Path, StoredRun]]) -> tuple[Path, StoredRun]:
    finished = [copy for copy in copies if copy[1].state == "finished"]
    return (finished or copies)[0]


def _duplicates(
    copies: dict[str, list[tuple[Path, StoredRun]]], chosen: dict[str, tuple[Path, StoredRun]]
) -> Iterator[str]:
    """One sentence on the runs that lie in several folders alike, and one for each that differs."""
    alike: dict[str, int] = {}
    for one, those in copies.items():
        finished = [(folder, run) for folder, run in those if run.state == "finished"]
        kept, own = chosen[one]
        if len(finished) < 2:
            continue
        others = [copy for copy in finished if copy[1].metrics != own.metrics]
        if not others:
            names = " and ".join(_name(folder) for folder, _ in finished)
            alike[names] = alike.get(names, 0) + 1
        for folder, run in others:
            name = max(own.metrics.keys() | run.metrics.keys(), key=partial(_apart, own, run))
            shown_value, other = (one.metrics.get(name, math.nan) for one in (own, run))
            yield (
                f"run {one} ({printable(own.config.label)}) differs between folders: {name} is "
                f"{shown_value:.4f} in {_name(kept)}, which is shown, and {other:.4f} in "
                f"{_name(folder)}"
            )
    for names, number in alike.items():
        yield f"{plural(number, 'run')} with equal results in {names}, shown once"


def _apart(own: StoredRun, other: StoredRun, metric: str) -> float:
    return abs(own.metrics.get(metric, 0.0) - other.metrics.get(metric, 0.0))


def _versions(found: dict[Path, Stored]) -> Iterator[str]:
    """A sentence where the folders' runs were made by several commits, versions or devices."""
    for place, what in enumerate(("commits", "versions of torch", "devices")):
        values = {_made_by(run)[place] for stored in found.values() for run in stored.runs}
        values -= {ABSENT}
        if len(values) > 1:
            yield (
                f"the runs were made by several {what} ({', '.join(sorted(values))}); only runs "
                "that agree in this are paired"
            )


def _sources(found: dict[Path, Stored], place: Path) -> Sheet:
    lines = []
    for folder, stored in found.items():
        made: dict[tuple[str, ...], list[StoredRun]] = {}
        for run in stored.runs:
            made.setdefault(_made_by(run), []).append(run)
        link = _link(folder, place)
        for circumstances, runs in made.items():
            finished = sum(run.state == "finished" for run in runs)
            values = [_name(folder), len(runs), finished, *circumstances]
            lines.append(Line("", values, link=link))
    columns = [
        words("Folder"),
        counts("Runs"),
        counts("Finished"),
        *map(words, ("Commit", "torch", "Device")),
    ]
    return Sheet("sources", "Where the runs come from", columns, lines)


def _link(folder: Path, place: Path) -> str:
    """The address of the folder's own page as seen from `place`; empty where it has none."""
    page = folder / PAGE
    if not page.is_file():
        return ""
    return quote(os.fsencode(os.path.relpath(page.resolve(), place.resolve())))


def _made_by(run: StoredRun) -> tuple[str, str, str]:
    environment = run.environment
    commit = environment.commit[:10] if environment.commit else ABSENT
    return (
        commit + (" + changes" if environment.dirty else ""),
        printable(environment.torch or ABSENT),
        printable(environment.device_name or ABSENT),
    )


def _name(folder: Path) -> str:
    return printable(str(folder))

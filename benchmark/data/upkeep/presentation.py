"""What `data list`, `data check` and `data prepare` print."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from benchmark.data.dataset import Status
from benchmark.data.official.source import Source
from benchmark.data.upkeep.check import Finding, Findings
from benchmark.printable import printable


def print_statuses(statuses: Iterable[tuple[str, Status]], console: Console) -> None:
    """A table of all data sets: whether each is there, what it holds, how to get it."""
    table = Table("data set", "found", "holds", "how to get it", box=None, pad_edge=False)
    for name, status in statuses:
        holds = ", ".join(f"{count:,} {what}" for what, count in status.counts.items())
        found = "yes" if status.found else "no"
        table.add_row(name, found, holds, Text(printable(status.remedy)))
    console.print(table)


def print_findings(findings: Findings, source: Source | None, console: Console) -> None:
    """What was found in a data set's folder: its layout, its counts, and every faulty file."""
    console.print(Text(findings.name, style="bold"))
    about = {"folder": str(findings.folder), "layout": findings.layout}
    if source is not None:
        about |= {"source": f"{source.page}, {source.address}", "terms": source.terms}
    facts = Table.grid(padding=(0, 2, 0, 0))
    for what, text in about.items():
        facts.add_row(Text(what, style="dim"), Text(printable(text), overflow="fold"))
    console.print(Padding(facts, (0, 0, 1, 0)))
    console.print(Padding(_counts(findings), (0, 0, 1, 0)))
    kinds = [f"{len(found):,} {kind}" for kind, found in findings.by_kind.items() if found]
    result = ", ".join(kinds) or "nothing missing, unreadable, truncated, duplicate or unlisted"
    console.print(Text(f"{findings.opened:,} images opened: {result}."))
    for kind, found in findings.by_kind.items():
        _print_files(kind, found, "bold red", console)
    _print_files("noted", findings.notes, "bold", console)


def _counts(findings: Findings) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    table.add_column("found", justify="right")
    rows: list[tuple[str, int, int | None]] = [
        (what, n, None) for what, n in findings.found.items()
    ]
    if findings.comparison is not None:
        rows = findings.comparison.rows
        table.add_column("official", justify="right")
    rows += [(what, n, findings.official_aside.get(what)) for what, n in findings.aside.items()]
    for what, count, official in rows:
        style = "" if official in (None, count) else "yellow"
        cells = [what, f"{count:,}", *([] if official is None else [f"{official:,}"])]
        table.add_row(*(Text(cell, style=style) for cell in cells))
    return table


def _print_files(heading: str, found: Iterable[Finding], style: str, console: Console) -> None:
    found = tuple(found)
    if found:
        console.print()
        console.print(Text(f"{heading} ({len(found):,})", style=style))
    for one in found:
        text = printable(f"{one.path}: {one.detail}" if one.detail else one.path)
        console.print(Padding(Text(text, overflow="fold"), (0, 0, 0, 2)))


def soundness(
    findings: Findings, allow_partial: bool, check: str, prepare: str
) -> tuple[str, list[str]]:
    """Whether the data set is sound, in a sentence, and what to do about it, step by step.

    `check` and `prepare` are the commands for this data set.
    """
    if findings.ok and not findings.partial:
        return ("Sound." if findings.comparison is None else "Complete and sound."), []
    if findings.ok:
        assert findings.comparison is not None  # only a release has parts
        summary = (
            f"Sound, but a part of the release. {findings.comparison.description} "
            f"Its results are named {findings.name}."
        )
        if allow_partial:
            return summary, []
        return summary, [
            "To use it as it is, add --allow-partial to every command.",
            f"To have all of it:\n{prepare}",
        ]
    own = findings.comparison is None
    taken = "another copy" if own else "the release's archive"
    remedies = {
        "missing": f"Take the missing files from {taken} again.",
        "unreadable": f"Mend the permissions of the unreadable files, or take them from {taken}.",
        "truncated": f"Take the truncated files from {taken} again.",
        "duplicate": "Find out where each duplicate belongs, and "
        + ("remove the others." if own else f"take the files from {taken} again."),
        "unlisted": "Move the unlisted files out of the folders of images, or rename them.",
    }
    todo = [remedies[kind] for kind, found in findings.by_kind.items() if found]
    if findings.excessive:
        todo.append("It holds more than the release: unpack the release again, elsewhere.")
    return "Not sound. What to do:", [*todo, f"Check again:\n{check}"]


def print_steps(title: str, steps: list[str], console: Console) -> None:
    """A title, and numbered steps below it.

    The text after a line feed in a step is a command, which stays on a line of its own.
    """
    console.print(Text(title, style="bold"))
    for number, step in enumerate(steps, 1):
        sentence, _, command = step.partition("\n")
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row(f"{number}.", Text(printable(sentence), overflow="fold"))
        console.print(Padding(row, (0, 0, 0, 2)))
        if command:
            console.print(Text(f"     {printable(command)}"), soft_wrap=True)


@contextmanager
def counting(title: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar for images; yields `update(done, total)`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with _bar(console, *columns, TimeRemainingColumn()) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def measuring(title: str, size: int, console: Console) -> Iterator[Callable[[int], None]]:
    """A bar for `size` bytes, 0 where that isn't known; yields `update(done)`."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with _bar(console, *columns, TransferSpeedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(title, total=size or None)
        yield lambda done: progress.update(task, completed=done)


def _bar(console: Console, *columns: ProgressColumn) -> Progress:
    """A bar that disappears when it is done, and that only a terminal shows."""
    shown = console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=not shown)

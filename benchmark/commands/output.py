"""What several commands print."""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchmark.printable import printable

if TYPE_CHECKING:
    from benchmark.suite.plan import PlannedRun

WIDTH = 100
"""Columns of a file or a pipe, which have no width of their own."""


def new_console(*, stderr: bool = False) -> Console:
    """A console that prints names as they are, brackets and colons included."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def widen(console: Console) -> None:
    """Give a file or a pipe the columns that a table needs."""
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)


def print_note(text: str) -> None:
    """Print what a user should know beside the result."""
    print(f"note: {printable(text)}", file=sys.stderr)


def planned_runs(options: argparse.Namespace) -> "list[PlannedRun]":
    """The runs that the options of `add_planning` describe."""
    from benchmark.suite.plan import plan

    return plan(options.suite, **planning(options))


def planning(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `benchmark.suite.plan.plan` beside the suite; the data root is taken."""
    from benchmark.data.root import use_root

    use_root(options.data_root)
    return {
        "overrides": [_with_run(text, options) for text in options.overrides],
        "seeds": options.seeds,
        "device": options.device,
        "allow_partial": options.allow_partial,
        "only": options.only,
        "if_found": options.if_found,
        "log": print_note,
    }


def _with_run(override: str, options: argparse.Namespace) -> str:
    """An override of `init` with the folder of a run in place of the id of one in --out."""
    key, _, value = override.partition("=")
    out = getattr(options, "out", None)
    if key in ("init", "init.path") and out is not None and (out / "runs" / value).is_dir():
        return f"{key}={out / 'runs' / value}"
    return override


def report_on(
    out: Path, console: Console, only: Collection[str] = (), further: Sequence[Path] = ()
) -> None:
    """Write the report on what lies in `out`, and print its table; see `write_report`."""
    from benchmark.report import print_table, write_report

    widen(console)
    report = write_report(out, only, further)
    print_table(report.table, console)
    for remark in report.remarks:
        print_note(remark)
    console.print(f"report: {printable(str(report.page.resolve()))}", soft_wrap=True)

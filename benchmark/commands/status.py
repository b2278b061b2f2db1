"""The command status."""

import argparse
import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console

from benchmark.commands.output import widen
from benchmark.commands.parser import Commands, add_only, refuse_overrides
from benchmark.paths import expanded
from benchmark.printable import printable

if TYPE_CHECKING:
    from benchmark.suite.store.upkeep import Status


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "status", help="runs that are going on, finished, failed, and where"
    )
    parser.add_argument("--out", type=expanded, required=True, help="where the runs are kept")
    add_only(parser)
    parser.set_defaults(function=_status)


def _status(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store.upkeep import statuses

    refuse_overrides(options)
    widen(console)
    found = statuses(options.out, options.only or ())
    for one in found:
        if one.state not in ("finished", "not run"):
            console.print(printable(_line(one)), soft_wrap=True)
    counts = Counter(one.state for one in found)
    summary = ", ".join(f"{number} {state}" for state, number in counts.items())
    console.print(f"{time.strftime('%H:%M:%S')}: {summary}")
    return 0


def _line(status: "Status") -> str:
    """What there is to know of a run, on one line."""
    parts = [f"{status.id} {status.state}: {status.label}"]
    if status.progress is not None:
        progress = status.progress
        parts.append(
            f"step {progress.step} of {progress.steps}, epoch {progress.epoch} of "
            f"{progress.epochs}, loss {progress.loss:.3f}"
        )
    if status.owner is not None:
        parts.append(f"{status.owner}, heartbeat {status.heartbeat:.0f} s ago")
    if status.reason is not None:
        parts.append(status.reason)
    return " · ".join(parts)

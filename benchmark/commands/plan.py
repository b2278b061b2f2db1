"""The command plan."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich import filesize
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmark.commands.output import new_console, planned_runs
from benchmark.commands.parser import Commands, add_planning
from benchmark.printable import printable

if TYPE_CHECKING:
    from benchmark.suite.estimate import DiskSpace, Estimate


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("plan", help="the runs of a suite, and their time and disk space")
    add_planning(parser)
    parser.add_argument(
        "--measure",
        action="store_true",
        help="train a few steps of each kind of run, for the estimate; their weights are dropped",
    )
    parser.set_defaults(function=_plan)


def _plan(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.engines.local import default_workers
    from benchmark.suite.estimate import disk_space, estimate, measure

    runs = planned_runs(options)
    if not runs:
        return 0
    workers = options.workers or default_workers(runs)
    table = Table("id", "data set", "objective", "arm", "seed", box=None, pad_edge=False)
    for run in runs:
        c = run.config
        names = (c.dataset.type, c.objective_name, c.arm)
        table.add_row(run.id, *map(printable, names), str(c.seed))
    console.print(table)
    if options.measure:
        with Progress(console=new_console(stderr=True), transient=True) as bar:
            task = bar.add_task("timing a few steps of each kind of run", total=None)
            measure(runs, lambda done, total: bar.update(task, completed=done, total=total))
    epochs = sorted({run.config.epochs for run in runs})
    span = " to ".join(dict.fromkeys(map(str, (epochs[0], epochs[-1]))))
    number, length = f"{len(runs)} run{'s' * (len(runs) > 1)}", f"{span} epoch{'s' * (span != '1')}"
    how = f"{workers} at a time on this machine ({runs[0].config.device})"
    console.print(f"{number} of {length}, {how}")
    for line in time_lines(estimate(runs, workers)):
        console.print(line, soft_wrap=True)
    console.print(_disk(disk_space(runs, workers)), soft_wrap=True)
    return 0


def time_lines(found: "Estimate") -> Iterator[str]:
    """What is known of the time."""
    runs = found.exact + found.similar
    if runs:
        share = "" if not found.unknown else f" for {runs} of them"
        yield f"about {_duration(found.seconds)}{share}, from what such runs took here before"
    if found.similar:
        yield f"  {found.similar} are judged by runs that differ from them in the loss alone"
    if found.unknown:
        those = "their time" if not runs else f"the time of the other {found.unknown}"
        yield f"{those} isn't known: nothing of the kind ran here yet; 'plan --measure' times it"


def _disk(found: "DiskSpace") -> str:
    """What is known of the disk space."""
    kept, working = (filesize.decimal(size) for size in (found.kept, found.working))
    return f"about {kept} on disk, and up to {working} more while the runs are made"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"

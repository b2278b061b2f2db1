"""The command plan."""

import argparse

from rich.console import Console
from rich.table import Table

from benchmark.commands.output import planned_runs
from benchmark.commands.parser import Commands, add_planning
from benchmark.printable import printable


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("plan", help="the runs of a suite and an estimate of their time")
    add_planning(parser)
    parser.set_defaults(function=_plan)


def _plan(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.engines.local import default_workers
    from benchmark.suite.estimate import estimate

    runs = planned_runs(options)
    workers = options.workers or default_workers(runs)
    table = Table("id", "data set", "objective", "arm", "seed", box=None, pad_edge=False)
    for run in runs:
        c = run.config
        names = (c.dataset.type, c.objective_name, c.arm)
        table.add_row(run.id, *map(printable, names), str(c.seed))
    console.print(table)
    seconds = estimate(runs, workers)
    epochs = sorted({run.config.epochs for run in runs})
    span = " to ".join(dict.fromkeys(map(str, (epochs[0], epochs[-1]))))
    console.print(
        f"{len(runs)} runs of {span} epochs, about {_duration(seconds)} with "
        f"{workers} at a time on this machine ({runs[0].config.device}); nothing was trained"
    )
    return 0


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"

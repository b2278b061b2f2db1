"""The command tune."""

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmark.commands.output import planning, print_note, report_on, widen
from benchmark.commands.parser import Commands, above_zero, add_planning
from benchmark.commands.plan import time_lines
from benchmark.commands.run import add_making, make_runs
from benchmark.printable import printable

if TYPE_CHECKING:
    from benchmark.suite.plan import PlannedRun
    from benchmark.suite.tuning.search import Winner


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tune",
        help="search every arm's settings alike on folds of the training classes, then run the "
        "winners",
    )
    add_planning(parser)
    parser.add_argument(
        "--trials", type=above_zero, required=True, metavar="N", help="trials of each arm"
    )
    parser.add_argument(
        "--tpe",
        type=above_zero,
        default=0,
        metavar="M",
        help="further trials of each arm at points that follow from its earlier ones (TPE)",
    )
    parser.add_argument(
        "--folds",
        type=above_zero,
        default=4,
        metavar="K",
        help="class-disjoint folds of the training classes; default: %(default)s",
    )
    parser.add_argument(
        "--search-seed",
        type=int,
        default=1000,
        metavar="SEED",
        help="of the points, the folds and the trials' training; default: %(default)s. The "
        "winners are trained with --seeds",
    )
    add_making(parser)
    parser.set_defaults(function=_tune)


def _tune(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.engines.local import default_workers
    from benchmark.suite.estimate import estimate
    from benchmark.suite.tuning.record import write_winners
    from benchmark.suite.tuning.search import find_winners, plan_search, search_of

    search = search_of(options.trials, options.tpe, options.folds, options.search_seed)
    found = plan_search(options.suite, search, **planning(options))
    if found is None:
        return 0
    further = options.tpe * options.folds * sum(bool(track.keys) for track in found.trials)
    console.print(
        f"{len(found.runs)} runs of shared trials, {further} of further ones, and "
        f"{len(found.trials) * len(found.seeds)} of the winners",
        soft_wrap=True,
    )
    for line in time_lines(estimate(found.runs, options.workers or default_workers(found.runs))):
        console.print(line, soft_wrap=True)
    failed: list[int] = []

    def make(runs: "list[PlannedRun]") -> None:
        failed.append(make_runs(runs, options).failed)

    winners = find_winners(found, options.out, make, print_note)
    path = write_winners(options.out, found, winners)
    widen(console)
    console.print(_table(winners))
    if winners:
        make([run for winner in winners for run in winner.runs])
    report_on(options.out, console)
    console.print(f"winners: {printable(str(path.resolve()))}", soft_wrap=True)
    return 1 if any(failed) or not winners else 0


def _table(winners: "list[Winner]") -> Table:
    """The winners, one line each."""
    from benchmark.report.metrics import metric_name

    table = Table(
        *("data set", "objective", "arm", "trials", "metric on the folds", "winner's settings"),
        box=None,
        pad_edge=False,
    )
    for winner in winners:
        outcome = winner.outcome
        base, values = outcome.trial.track.base, outcome.trial.values
        settings = ", ".join(f"{key}={value}" for key, value in values.items())
        names = (base.dataset.type, base.objective_name, base.arm)
        measured = f"{metric_name(outcome.metric)} {100 * outcome.mean:.1f}"
        table.add_row(
            *map(printable, names), str(winner.trials), measured, settings or "none to tune"
        )
    return table

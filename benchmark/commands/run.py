"""The command run."""

import argparse
import math
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from benchmark.commands.output import new_console, planned_runs, print_note, report_on
from benchmark.commands.parser import Commands, above_zero, add_planning
from benchmark.errors import UserError
from benchmark.paths import expanded

if TYPE_CHECKING:
    from benchmark.suite.engines.outlook import Outlook
    from benchmark.suite.plan import PlannedRun

MAX_SEEDS = 20
"""Of an arm at most, unless --max-seeds says otherwise."""


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="make what is missing of a suite, and report")
    add_planning(parser)
    add_making(parser)
    parser.add_argument(
        "--precision",
        type=_points,
        metavar="POINTS",
        help="add seeds until every main metric's 95 %% interval of the paired difference is at "
        "most so wide to either side, such as 0.5",
    )
    parser.add_argument(
        "--max-seeds",
        type=above_zero,
        help="of --precision: seeds of an arm at most; default: 20",
    )
    parser.set_defaults(function=_run)


def add_making(parser: argparse.ArgumentParser) -> None:
    """Where runs are kept, and how they are made."""
    parser.add_argument(
        "--out", type=expanded, required=True, help="where runs and report are kept"
    )
    parser.add_argument(
        "--data-changed",
        choices=["error", "redo", "keep"],
        default="error",
        help="what becomes of stored runs whose data isn't what it was: stop (the default), make "
        "them again, or keep those that are finished",
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=_minutes,
        default=10.0,
        metavar="MINUTES",
        help="between two checkpoints within an epoch; default: %(default)g",
    )
    parser.add_argument(
        "--engine",
        choices=["local", "slurm", "ray"],
        default="local",
        help="what makes the runs: processes of this machine, jobs of SLURM, or tasks of Ray",
    )
    parser.add_argument(
        "--engine-options",
        metavar="KEY=VALUE,...",
        help="of slurm and ray, such as partition=gpu,time=120; see docs/reliability.md",
    )
    parser.add_argument(
        "--track",
        choices=["tensorboard", "wandb", "mlflow"],
        help="send loss, learning rates and metrics there while runs are made: into OUT/track, or "
        "to the server that the tracker's own variables name",
    )


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0")
    return minutes


def _points(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 < points <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of points above 0")
    return points


def _run(options: argparse.Namespace, console: Console) -> int:
    if options.max_seeds is not None and options.precision is None:
        raise UserError("--max-seeds belongs to --precision")
    runs = planned_runs(options)
    if not runs:
        return 0
    outlooks = [make_runs(runs, options)]
    if options.precision is not None:
        outlooks += _made_until_precise(runs, options, outlooks[0])
    report_on(options.out, console)
    elsewhere = outlooks[-1].elsewhere
    if elsewhere:
        print_note(
            f"{elsewhere} of the runs are being made by other processes; "
            f"'report --out {options.out}' takes them in when they are finished"
        )
    return 1 if any(outlook.failed for outlook in outlooks) else 0


def make_runs(runs: "list[PlannedRun]", options: argparse.Namespace) -> "Outlook":
    """Make what is missing of the runs, as the options of `add_making` say."""
    from benchmark.suite.execution import reused_from_other_commits
    from benchmark.suite.store.changed_data import settle_changed_data
    from benchmark.suite.store.runs import check_writable
    from benchmark.training.environment import commit
    from benchmark.training.hooks.trackers import check_tracker

    if options.track is not None:
        check_tracker(options.track)
    check_writable(options.out / "runs")
    for note in settle_changed_data(runs, options.out, options.data_changed):
        print_note(note)
    present = commit()["commit"]
    reused = reused_from_other_commits(runs, options.out, present)
    if reused:
        print_note(
            f"{reused} of the runs that are reused were made by another commit than {present}; "
            f"remove their folders from {options.out / 'runs'} to make them again"
        )
    return _made(runs, options)


def _made(runs: "list[PlannedRun]", options: argparse.Namespace) -> "Outlook":
    """Make the runs that aren't there yet."""
    from benchmark.suite.display import Display
    from benchmark.suite.engines.choice import choose_engine
    from benchmark.suite.engines.engine import Watch, execute
    from benchmark.suite.execution import outstanding
    from benchmark.training.building import fill_image_cache, make_features

    waiting = [run.config for run in outstanding(runs, options.out, print_note)]
    with Progress(console=new_console(stderr=True), transient=True) as bar:
        task = bar.add_task("decoding photographs", total=None, visible=False)

        def on_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        fill_image_cache(waiting, print_note, on_progress)
        bar.update(task, description="making maps", visible=False)
        make_features(waiting, on_progress, print_note)
    engine = choose_engine(options.engine, options.engine_options, runs, options.workers)
    with Display(new_console(stderr=True)) as display:
        return execute(
            runs,
            options.out,
            engine,
            checkpoint_minutes=options.checkpoint_minutes,
            track=options.track,
            watch=Watch(display.show, display.on_ended, display.note),
        )


def _made_until_precise(
    runs: "list[PlannedRun]", options: argparse.Namespace, made: "Outlook"
) -> "Iterator[Outlook]":
    """Make the runs of one more seed at a time, of those arms whose differences aren't precise."""
    from benchmark.report import build_table
    from benchmark.report.statistics.precision import Precision, wanting, with_seed
    from benchmark.suite.store.runs import read_runs

    rule = Precision(half_width=options.precision / 100, max_seeds=options.max_seeds or MAX_SEEDS)
    rule.store(options.out)
    seeds = {run.config.seed for run in runs}
    first = [run for run in runs if run.config.seed == min(seeds)]
    for seed in count(max(seeds) + 1):
        if made.elsewhere:
            print_note("which seeds to add is known when those runs are finished; start it again")
            return
        wide = wanting(build_table(read_runs(options.out)), rule, first)
        if not wide:
            return
        print_note(f"{len(wide)} runs of seed {seed} are added for --precision")
        made = _made(with_seed(wide, seed), options)
        yield made

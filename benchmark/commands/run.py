"""The command run."""

import argparse
import math

from rich.console import Console
from rich.progress import Progress

from benchmark.commands.output import new_console, planned_runs, print_note, report_on
from benchmark.commands.parser import Commands, add_planning
from benchmark.paths import expanded


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="make what is missing of a suite, and report")
    add_planning(parser)
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
    parser.set_defaults(function=_run)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0")
    return minutes


def _run(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.display import Display
    from benchmark.suite.engines.choice import choose_engine
    from benchmark.suite.engines.engine import Watch, execute
    from benchmark.suite.execution import outstanding, reused_from_other_commits
    from benchmark.suite.store.changed_data import settle_changed_data
    from benchmark.suite.store.runs import check_writable
    from benchmark.training.building import make_features
    from benchmark.training.environment import commit

    runs = planned_runs(options)
    if not runs:
        return 0
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
    with Progress(console=new_console(stderr=True), transient=True) as bar:
        task = bar.add_task("making features", total=None, visible=False)

        def on_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        make_features(
            (run.config for run in outstanding(runs, options.out, print_note)), on_progress
        )
    engine = choose_engine(options.engine, options.engine_options, runs, options.workers)
    with Display(new_console(stderr=True)) as display:
        outlook = execute(
            runs,
            options.out,
            engine,
            checkpoint_minutes=options.checkpoint_minutes,
            watch=Watch(display.show, display.on_ended, display.note),
        )
    report_on(options.out, console)
    if outlook.elsewhere:
        print_note(
            f"{outlook.elsewhere} of the runs are being made by other processes; "
            f"'report --out {options.out}' takes them in when they are finished"
        )
    return 1 if outlook.failed else 0

"""The command line: python -m benchmark data | plan | run | report | bench.

Exit status: 0 when all is well, 1 when a run failed or a data set isn't whole and sound, 2 when the
request can't be met as it is (one message on standard error says why), 130 when interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmark.commands import data as data_command
from benchmark.errors import UserError
from benchmark.paths import expanded
from benchmark.printable import prepare_streams, printable

if TYPE_CHECKING:
    from benchmark.suite.plan import PlannedRun

REFERENCE = Path(__file__).parent / "report" / "published" / "reference_results.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    prepare_streams()
    options, overrides = _parser().parse_known_args(arguments)
    console = _console()
    try:
        for text in overrides:
            if text.startswith("-") or "=" not in text:
                raise UserError(
                    f"unknown argument {text!r}. Options are listed by "
                    f"'python -m benchmark {options.command} --help'; overrides are key.path=value."
                )
        options.overrides = overrides
        return int(options.function(options, console))
    except UserError as error:
        return _refused(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        reason = error.strerror or type(error).__name__
        return _refused(
            f"{error.filename}: {reason}. See that it is there and that you may read and write it."
        )
    except KeyboardInterrupt:
        kept = "; what is finished is kept, and 'run' goes on from here"
        print(f"interrupted{kept if options.command == 'run' else ''}", file=sys.stderr)
        return 130


def _console(*, stderr: bool = False) -> Console:
    """A console that prints brackets and colons in names as they are."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _refused(message: str) -> int:
    """Say on one line why the request can't be met."""
    print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmark",
        description="Paired baseline and DAM runs, and their comparison.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    data = commands.add_parser("data", help="data sets: what is there and how to get the rest")
    data_command.add_parsers(data)

    planned = argparse.ArgumentParser(add_help=False)
    planned.add_argument("--suite", default="smoke", help="a suite's name or the path of its file")
    planned.add_argument("--seeds", type=_seeds, help="such as 0,1,2")
    planned.add_argument(
        "--device", choices=["cpu", "cuda"], help="default: the GPU if there is one"
    )
    planned.add_argument("--workers", type=_workers, help="runs at a time")

    plan = commands.add_parser(
        "plan", parents=[planned], help="the runs of a suite and an estimate of their time"
    )
    plan.set_defaults(function=_plan)

    run = commands.add_parser(
        "run", parents=[planned], help="make what is missing of a suite, and report"
    )
    run.add_argument("--out", type=expanded, required=True, help="where runs and report are kept")
    run.add_argument(
        "--data-changed",
        choices=["error", "redo", "keep"],
        default="error",
        help="what becomes of stored runs whose data isn't what it was: stop (the default), make "
        "them again, or keep those that are finished",
    )
    run.set_defaults(function=_run)

    report = commands.add_parser("report", help="tables and page again from stored runs")
    report.add_argument("--out", type=expanded, required=True, help="where the runs are kept")
    report.set_defaults(function=_report)

    benches = commands.add_parser("bench", help="measure the suite itself").add_subparsers(
        dest="bench", required=True
    )
    evaluation = benches.add_parser(
        "evaluation", help="time and memory of the metrics, beside those of other packages"
    )
    evaluation.set_defaults(function=_bench_evaluation)
    dam = benches.add_parser(
        "dam", help="time and memory of a loss step with DAM, beside its baseline's"
    )
    dam.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU if there is one")
    dam.add_argument("--threads", type=_workers, help="of the CPU; default: torch's choice")
    dam.add_argument(
        "--limit",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="for each measurement; default: %(default)g",
    )
    dam.add_argument(
        "--resnet", action="store_true", help="on a CPU, time ResNet-50 at the first size (slow)"
    )
    dam.set_defaults(function=_bench_dam)
    for measured in (evaluation, dam):
        measured.add_argument(
            "--out", type=expanded, help="where table.csv and table.md are written"
        )
        measured.add_argument(
            "--quick", action="store_true", help="small sizes, few repeats: does it run?"
        )
    conformance = benches.add_parser(
        "conformance", help="every objective and mapping against its oracles"
    )
    conformance.add_argument(
        "--out", type=expanded, help="where table.csv and README.md are written"
    )
    conformance.add_argument("--quick", action="store_true", help="few cases: does it run?")
    conformance.set_defaults(function=_bench_conformance)

    for command in (plan, run):
        command.add_argument(
            "--data-root", type=expanded, help="the folder that holds the data sets"
        )
    for command in (plan, run):
        command.add_argument(
            "--allow-partial",
            action="store_true",
            help="use a data set that isn't whole; results then name it as partial",
        )
        command.epilog = "Further arguments key.path=value change the configuration: epochs=2"
    return parser


def _seeds(text: str) -> list[int]:
    try:
        return [int(seed) for seed in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers") from None


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _plan(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.estimate import estimate
    from benchmark.suite.execution import default_workers

    runs = _planned(options)
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


def _run(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.changed_data import settle_changed_data
    from benchmark.suite.display import Display
    from benchmark.suite.execution import default_workers, execute, reused_from_other_commits
    from benchmark.suite.store import check_writable
    from benchmark.training.environment import commit

    runs = _planned(options)
    check_writable(options.out / "runs")
    for note in settle_changed_data(runs, options.out, options.data_changed):
        _note(note)
    present = commit()["commit"]
    reused = reused_from_other_commits(runs, options.out, present)
    if reused:
        _note(
            f"{reused} of the runs that are reused were made by another commit than {present}; "
            f"remove their folders from {options.out / 'runs'} to make them again"
        )
    workers = options.workers or default_workers(runs)
    with Display(_console(stderr=True)) as display:
        outlook = execute(runs, options.out, workers=workers, show=display.show, told=display.told)
    _write_report(options.out, console)
    return 1 if outlook.failed else 0


def _report(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store import check_writable

    _no_overrides(options)
    if options.out.is_dir():  # of a folder that isn't there, the report says that it has no runs
        check_writable(options.out)
    _write_report(options.out, console)
    return 0


def _bench_evaluation(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.evaluation.bench import bench_evaluation

    _ready_to_measure(options)
    return bench_evaluation(console, out=options.out, quick=options.quick)


def _bench_dam(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.dam_step.bench import bench_dam

    _ready_to_measure(options)
    return bench_dam(
        console,
        out=options.out,
        quick=options.quick,
        device=options.device,
        threads=options.threads,
        limit=options.limit,
        resnet=options.resnet,
    )


def _bench_conformance(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.conformance.bench import bench_conformance

    _ready_to_measure(options)
    return bench_conformance(console, out=options.out, quick=options.quick)


def _planned(options: argparse.Namespace) -> "list[PlannedRun]":
    from benchmark.data.root import use_root
    from benchmark.suite.plan import plan

    use_root(options.data_root)
    return plan(
        options.suite,
        overrides=options.overrides,
        seeds=options.seeds,
        device=options.device,
        allow_partial=options.allow_partial,
        log=_note,
    )


def _note(text: str) -> None:
    print(f"note: {printable(text)}", file=sys.stderr)


def _write_report(out: Path, console: Console) -> None:
    from benchmark.report import print_table, write_report

    # The compact table needs 100 columns; a file or a pipe has no width of its own.
    if not console.is_terminal:
        console.width = max(console.width, 100)
    report = write_report(out, reference=REFERENCE if REFERENCE.exists() else None)
    print_table(report.table, console)
    console.print(f"report: {printable(str(report.page.resolve()))}", soft_wrap=True)


def _no_overrides(options: argparse.Namespace) -> None:
    if options.overrides:
        raise UserError(f"'{options.command}' takes no {options.overrides[0]!r}")


def _ready_to_measure(options: argparse.Namespace) -> None:
    """Refuse what a bench can't do before it measures."""
    from benchmark.suite.store import check_writable

    _no_overrides(options)
    if options.out is not None:
        check_writable(options.out)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


if __name__ == "__main__":
    sys.exit(main())

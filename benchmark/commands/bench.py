"""The commands bench evaluation | dam | training | conformance | faults | gpu."""

import argparse

from rich.console import Console

from benchmark.commands.parser import Commands, above_zero, refuse_overrides
from benchmark.paths import expanded


def add_parser(commands: Commands) -> None:
    """Add the commands."""
    benches = commands.add_parser("bench", help="measure the suite itself").add_subparsers(
        dest="bench", required=True
    )
    evaluation = benches.add_parser(
        "evaluation", help="time and memory of the metrics, beside those of other packages"
    )
    evaluation.set_defaults(function=_evaluation)
    _add_shared(evaluation, "table.csv and table.md", "small sizes, few repeats")
    dam = benches.add_parser(
        "dam", help="time and memory of a loss step with DAM, beside its baseline's"
    )
    dam.set_defaults(function=_dam)
    _add_shared(dam, "table.csv and table.md", "small sizes, few repeats")
    dam.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU if there is one")
    dam.add_argument("--threads", type=above_zero, help="of the CPU; default: torch's choice")
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
    training = benches.add_parser(
        "training", help="a whole run beside its model's arithmetic, and beside a plain loader"
    )
    training.set_defaults(function=_training)
    training.add_argument("--data-root", type=expanded, help="folder of the real data sets")
    training.add_argument(
        "--case", default="", metavar="TEXT", help="only the cases with this in their names"
    )
    _add_shared(training, "table.csv and table.md", "few steps")
    conformance = benches.add_parser(
        "conformance", help="every objective and mapping against its oracles"
    )
    conformance.set_defaults(function=_conformance)
    _add_shared(conformance, "table.csv and README.md", "few cases")
    faults = benches.add_parser(
        "faults", help="kill processes at every write and at random moments: is anything lost?"
    )
    faults.set_defaults(function=_faults)
    faults.add_argument(
        "--kills", type=above_zero, default=100, help="how many; default: %(default)s"
    )
    faults.add_argument(
        "--engines", action="store_true", help="kill each engine with its workers too"
    )
    _add_shared(faults, "table.csv, kills.csv and README.md", "two small runs in place of four")
    gpu = benches.add_parser(
        "gpu", help="whether a GPU computes what it should, repeats itself, and loses no time"
    )
    gpu.set_defaults(function=_gpu)
    gpu.add_argument("--only", type=_sections, metavar="SECTION,...", help="some of its sections")
    gpu.add_argument(
        "--limit", type=float, metavar="SECONDS", help="after these no check begins; default: none"
    )
    gpu.add_argument(
        "--data-root", type=expanded, help="a folder with photographs; default: random ones"
    )
    _add_shared(gpu, "gpu.json and README.md", "small sizes, few repeats")


def _add_shared(parser: argparse.ArgumentParser, written: str, quick: str) -> None:
    parser.add_argument("--out", type=expanded, help=f"where {written} are written")
    parser.add_argument("--quick", action="store_true", help=f"{quick}: does it run?")


def _sections(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _evaluation(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.evaluation.bench import bench_evaluation

    _check(options)
    return bench_evaluation(console, out=options.out, quick=options.quick)


def _dam(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.dam_step.bench import bench_dam

    _check(options)
    return bench_dam(
        console,
        out=options.out,
        quick=options.quick,
        device=options.device,
        threads=options.threads,
        limit=options.limit,
        resnet=options.resnet,
    )


def _training(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.training.bench import bench_training

    _check(options)
    return bench_training(
        console,
        data_root=options.data_root,
        out=options.out,
        only=options.case,
        quick=options.quick,
    )


def _conformance(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.conformance.bench import bench_conformance

    _check(options)
    return bench_conformance(console, out=options.out, quick=options.quick)


def _faults(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.faults.bench import bench_faults

    _check(options)
    return bench_faults(
        console,
        kills=options.kills,
        out=options.out,
        engines=options.engines,
        quick=options.quick,
    )


def _gpu(options: argparse.Namespace, console: Console) -> int:
    from benchmark.bench.gpu.bench import bench_gpu

    refuse_overrides(options)  # the store's check of --out needs more than torch
    return bench_gpu(
        console,
        out=options.out,
        only=options.only,
        limit=options.limit,
        data_root=options.data_root,
        quick=options.quick,
    )


def _check(options: argparse.Namespace) -> None:
    """Refuse what a bench can't do before it measures."""
    from benchmark.suite.store.runs import check_writable

    refuse_overrides(options)
    if options.out is not None:
        check_writable(options.out)

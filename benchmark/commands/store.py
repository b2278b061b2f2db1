"""The commands store check and store clean."""

import argparse

from rich.console import Console

from benchmark.commands.parser import Commands, refuse_overrides
from benchmark.paths import expanded
from benchmark.printable import printable


def add_parser(commands: Commands) -> None:
    """Add the command."""
    actions = commands.add_parser(
        "store", help="look after stored runs: find damage, remove leftovers"
    ).add_subparsers(dest="action", required=True)
    check = actions.add_parser(
        "check",
        help="read every run and compare its files with their checksums",
        epilog="Exit status: 0 when all is sound, 1 when something is damaged or missing.",
    )
    check.set_defaults(function=_check)
    clean = actions.add_parser(
        "clean",
        help="remove leftovers of killed processes and checkpoints of finished runs",
    )
    clean.set_defaults(function=_clean)
    for action in (check, clean):
        action.add_argument("--out", type=expanded, required=True, help="where the runs are kept")


def _check(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store.upkeep import check_store

    refuse_overrides(options)
    checked = check_store(options.out)
    for one in checked:
        for fault in one.faults:
            console.print(printable(f"{one.folder.name}: {fault}"), soft_wrap=True)
        for note in one.notes:
            console.print(printable(f"{one.folder.name}: note: {note}"), soft_wrap=True)
    damaged = sum(bool(one.faults) for one in checked)
    console.print(f"{len(checked)} runs, {damaged} damaged")
    if damaged:
        console.print(
            printable(
                f"Remove a damaged run's folder from {options.out / 'runs'}, and the next 'run' "
                "makes it again."
            ),
            soft_wrap=True,
        )
    return 1 if damaged else 0


def _clean(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store.upkeep import clean_store

    refuse_overrides(options)
    cleaned = clean_store(options.out)
    console.print(f"{cleaned.files} files removed, {cleaned.size / 1e6:.1f} MB")
    if cleaned.going_on:
        console.print(f"left alone, as they are being made: {', '.join(cleaned.going_on)}")
    return 0

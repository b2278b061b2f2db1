"""The command report."""

import argparse

from rich.console import Console

from benchmark.commands.output import report_on
from benchmark.commands.parser import Commands, add_only, refuse_overrides
from benchmark.paths import expanded


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="tables and page again from stored runs")
    parser.add_argument(
        "--out",
        type=expanded,
        required=True,
        action="append",
        help="where the runs are kept; given again, runs are collected from several folders, and "
        "the report lies in the first one's folder collected",
    )
    add_only(parser)
    parser.set_defaults(function=_report)


def _report(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store.runs import check_writable

    refuse_overrides(options)
    out, *further = options.out
    if out.is_dir():  # of a folder that isn't there, the report says that it has no runs
        check_writable(out)
    report_on(out, console, options.only or (), further)
    return 0

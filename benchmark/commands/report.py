"""The command report."""

import argparse

from rich.console import Console

from benchmark.commands.output import report_on
from benchmark.commands.parser import Commands, add_only, refuse_overrides
from benchmark.paths import expanded


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="tables and page again from stored runs")
    parser.add_argument("--out", type=expanded, required=True, help="where the runs are kept")
    add_only(parser)
    parser.set_defaults(function=_report)


def _report(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.store.runs import check_writable

    refuse_overrides(options)
    if options.out.is_dir():  # of a folder that isn't there, the report says that it has no runs
        check_writable(options.out)
    report_on(options.out, console, options.only or ())
    return 0

"""The command line: python -m benchmark data | plan | run | tune | report |
status | store | embed | config | bench.

Exit status: 0 when all is well, 1 when a run failed or a data set isn't complete and sound, 2 when
the request can't be met (one message on standard error says why), 130 when interrupted by Ctrl-C,
143 by SIGTERM, and 75 by SIGUSR1: a scheduler should then start the command again.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence

from benchmark.commands import bench, config, data, embed, plan, report, run, status, store, tune
from benchmark.commands.output import new_console
from benchmark.commands.parser import ExactParser
from benchmark.ending import SuiteInterruptedError, command_line, listen
from benchmark.errors import UserError
from benchmark.printable import prepare_streams, printable

COMMANDS = (data, plan, run, tune, report, status, store, embed, config, bench)
"""Modules with `add_parser`, in the order in which --help lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    prepare_streams()
    listen()
    command = None
    try:
        options, overrides = build_parser().parse_known_args(arguments)
        command = options.command
        for text in overrides:
            if text.startswith("-") or "=" not in text:
                raise UserError(_unknown(text, options))
        options.overrides = overrides
        return int(options.function(options, new_console()))
    except UserError as error:
        return _refused(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        reason = error.strerror or type(error).__name__
        return _refused(
            f"{error.filename}: {reason}. See that it is there and that you may read and write it."
        )
    except (KeyboardInterrupt, SuiteInterruptedError) as error:
        kept = ""
        if command in ("run", "tune"):
            kept = f"; nothing is lost, and this goes on: {command_line(arguments)}"
        print(f"interrupted{kept}", file=sys.stderr)
        return error.status if isinstance(error, SuiteInterruptedError) else 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; what it doesn't know are overrides of the configuration."""
    parser = ExactParser(
        prog="python -m benchmark",
        description="Paired baseline and DAM runs, and their comparison.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def _unknown(text: str, options: argparse.Namespace) -> str:
    """The message about an argument that is neither an option nor an override."""
    known = [f"--{name.replace('_', '-')}" for name in vars(options)]
    near = difflib.get_close_matches(text.partition("=")[0], known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return (
        f"unknown argument {text!r}. {hint}Options are listed by "
        f"'python -m benchmark {options.command} --help'; overrides are key.path=value."
    )


def _refused(message: str) -> int:
    """Print on one line why the request can't be met."""
    print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

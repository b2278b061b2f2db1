"""What several commands take from the command line."""

import argparse
from typing import Any, NoReturn

from benchmark.errors import UserError
from benchmark.paths import expanded

Commands = Any
"""What `ArgumentParser.add_subparsers` returns; argparse has no public name for it."""


class ExactParser(argparse.ArgumentParser):
    """A parser that takes no abbreviations: `--seed 1` must not pass for `--seeds`.

    It raises UserError where argparse would print its usage and exit.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments, and say where they are explained."""
        raise UserError(f"{message}. See '{self.prog} --help'.")


def add_data_root(parser: argparse.ArgumentParser) -> None:
    """Where the data sets are."""
    parser.add_argument("--data-root", type=expanded, help="the folder that holds the data sets")


def add_only(parser: argparse.ArgumentParser) -> None:
    """Which data sets are meant."""
    parser.add_argument(
        "--only",
        type=_names,
        metavar="DATA SET,...",
        help="the runs on these data sets alone, such as cub200,cars196",
    )


def add_planning(parser: argparse.ArgumentParser) -> None:
    """What says which runs a suite has."""
    parser.add_argument("--suite", default="smoke", help="a suite's name or the path of its file")
    parser.add_argument("--seeds", type=_whole_numbers, help="such as 0,1,2")
    add_only(parser)
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], help="default: the GPU if there is one"
    )
    parser.add_argument("--workers", type=above_zero, help="runs at a time")
    add_data_root(parser)
    parser.add_argument(
        "--allow-partial",
        action="store_true",
        help="use a data set that isn't complete; results then name it as partial",
    )
    parser.add_argument(
        "--if-found",
        action="store_true",
        help="pass over a suite none of whose data sets is there, or in --only",
    )
    parser.epilog = "Further arguments key.path=value change the configuration: epochs=2"


def above_zero(text: str) -> int:
    """A whole number from 1."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def refuse_overrides(options: argparse.Namespace) -> None:
    """Raise UserError for an override where the command takes none."""
    if options.overrides:
        raise UserError(f"'{options.command}' takes no {options.overrides[0]!r}")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of names")
    return names


def _whole_numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers") from None

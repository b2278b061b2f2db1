"""The commands data list | check | prepare."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from benchmark.commands.output import new_console, widen
from benchmark.commands.parser import Commands, add_data_root
from benchmark.errors import UserError
from benchmark.printable import printable

if TYPE_CHECKING:
    from benchmark.data.official.source import Archive
    from benchmark.data.upkeep.check import Findings
    from benchmark.data.upkeep.survey import OnDisk


def add_parser(commands: Commands) -> None:
    """Add the commands."""
    data = commands.add_parser("data", help="data sets: what is there and how to get the rest")
    actions = data.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="every known data set: found or not, counts")
    listed.set_defaults(function=_list)
    checked = actions.add_parser(
        "check",
        help="compare a data set with its official counts and open every image",
        epilog="Exit status: 0 for a complete, sound set, or with --allow-partial a sound part; "
        "1 when there are findings or it is a part; 2 when it isn't there or its lists are broken. "
        "Further arguments dataset.key=value choose among the data set's options: "
        "dataset.version=V2",
    )
    checked.add_argument("name", nargs="?", metavar="NAME", help="default: all that are there")
    checked.add_argument(
        "--allow-partial", action="store_true", help="a part that is sound is good enough"
    )
    checked.set_defaults(function=_check)
    prepared = actions.add_parser(
        "prepare",
        help="download a data set where its source allows it, else say how to get it",
        epilog="Exit status: 0 when it is complete and sound; 1 when something is left to do; "
        "2 when it can't be done.",
    )
    prepared.add_argument("name", metavar="NAME")
    prepared.set_defaults(function=_prepare, allow_partial=False)
    for action in (listed, checked, prepared):
        add_data_root(action)


def _list(options: argparse.Namespace, console: Console) -> int:
    from benchmark.data.root import use_root
    from benchmark.data.upkeep.editions import statuses
    from benchmark.data.upkeep.presentation import print_statuses
    from benchmark.registry import DATASETS, names

    if options.overrides:
        raise UserError(f"'data list' takes no {options.overrides[0]!r}")
    use_root(options.data_root)
    widen(console)
    known = names(DATASETS)
    print_statuses(((name, status) for name in known for status in statuses(name)), console)
    console.print("\n'data prepare NAME' gets a release or says how; 'data check NAME' checks it.")
    return 0


def _check(options: argparse.Namespace, console: Console) -> int:
    from benchmark.data.root import use_root
    from benchmark.data.upkeep.survey import OnDisk

    use_root(options.data_root)
    widen(console)
    if options.name is None or "=" in options.name:
        given = [*([options.name] if options.name else []), *options.overrides]
        if given:
            raise UserError(f"{given[0]}: of which data set? Write 'data check NAME {given[0]}'.")
        return _check_all(options, console)
    dataset = _dataset(options)
    if not isinstance(dataset, OnDisk):
        raise UserError(
            f"{options.name} is rendered here and has no files to check. 'data list' says whether "
            "its fonts are installed."
        )
    return _check_one(dataset, options, console)


def _check_all(options: argparse.Namespace, console: Console) -> int:
    from benchmark.data.root import root
    from benchmark.data.upkeep.editions import on_disk
    from benchmark.registry import DATASETS, names

    statuses: list[int] = []
    for name in names(DATASETS):
        try:
            there = on_disk(name)
        except UserError as error:
            statuses.append(_refused(name, error))
            continue
        for edition in there:
            if statuses:
                console.print()
            options.name, options.overrides = name, edition.overrides
            try:
                statuses.append(_check_one(edition.dataset, options, console))
            except UserError as error:
                statuses.append(_refused(name, error))
    if not statuses:
        where = f"below {root()}" if root() else "since no data root is given (--data-root DIR)"
        raise UserError(
            f"There is no data set to check {where}. 'python -m benchmark data list' says what "
            "there could be."
        )
    return max(statuses)


def _refused(name: str, error: UserError) -> int:
    """Print what is wrong with one data set of several; returns the exit status."""
    print(f"error: {name}: {printable(str(error))}", file=sys.stderr)
    return 2


def _check_one(dataset: "OnDisk", options: argparse.Namespace, console: Console) -> int:
    from benchmark.data.official.release import Release
    from benchmark.data.upkeep.presentation import print_steps, soundness

    allowed = options.allow_partial or (isinstance(dataset, Release) and dataset.allow_partial)
    findings = _look(dataset, options, console)
    summary, todo = soundness(
        findings, allowed, _command("check", options), _command("prepare", options)
    )
    print_steps(summary, todo, console)
    return 0 if findings.ok and (allowed or not findings.partial) else 1


def _look(dataset: "OnDisk", options: argparse.Namespace, console: Console) -> "Findings":
    """Check a data set and print what was found."""
    from benchmark.data.official.release import Release
    from benchmark.data.upkeep.check import check
    from benchmark.data.upkeep.presentation import counting, print_findings

    with counting(f"opening the images of {options.name}", new_console(stderr=True)) as on_progress:
        findings = check(dataset, on_progress)
    print_findings(findings, dataset.source if isinstance(dataset, Release) else None, console)
    console.print()
    return findings


def _prepare(options: argparse.Namespace, console: Console) -> int:
    from benchmark.data.official.release import Release
    from benchmark.data.root import required_root, root, use_root
    from benchmark.data.upkeep.prepare import steps
    from benchmark.data.upkeep.presentation import print_steps
    from benchmark.data.upkeep.survey import folder_of
    from benchmark.paths import exists

    widen(console)
    dataset = _dataset(options)
    if not isinstance(dataset, Release):
        raise UserError(
            f"{options.name} is no release that could be prepared: it is rendered here, or made of "
            "your own images. 'python -m benchmark data list' says what it needs."
        )
    archive, given = dataset.source.archive, options.data_root
    if archive is not None and given is not None:
        _make(given)
    if given is not None and not exists(given):
        # Nothing can be there, and the steps create it.
        there, below = None, given.absolute()
    else:
        use_root(given)
        there, below = folder_of(dataset), root()
    todo = steps(dataset, below, _command("check", options))
    if there is not None:
        findings = _look(dataset, options, console)
        if findings.ok and not findings.partial:
            console.print(Text("Complete and sound already; nothing was downloaded.", style="bold"))
            return 0
        again = todo if archive is None else [f"Download it:\n{_command('prepare', options)}"]
        anew = [f"Move {there} away: nothing is overwritten.", *again]
        print_steps("It is there, but not complete and sound. To make it anew:", anew, console)
        return 1
    if archive is None:
        print_steps(f"{dataset.title} can't be downloaded from here. To get it:", todo, console)
        return 1
    status = _download(archive, required_root(dataset.title, archive.folder), todo, console)
    return status or _check_one(dataset, options, console)


def _download(archive: "Archive", below: Path, by_hand: list[str], console: Console) -> int:
    """Get an archive's folder into the data root `below`; returns the exit status."""
    from benchmark.data.upkeep.download import part_of
    from benchmark.data.upkeep.prepare import prepare
    from benchmark.data.upkeep.presentation import measuring, print_steps

    progress = new_console(stderr=True)
    try:
        prepare(
            archive,
            below,
            lambda title, size: measuring(title, size, progress),
            lambda sentence: progress.print(Text(sentence), soft_wrap=True),
        )
    except UserError:
        print_steps("By hand, where the download doesn't work:", by_hand, console)
        raise
    except KeyboardInterrupt:
        part = part_of(archive, below)
        kept = f"{part} is kept, and the next call goes on from there"
        left = kept if part.exists() else "no unfinished file is left"
        print(f"interrupted; {printable(left)}", file=sys.stderr)
        return 130
    unneeded = printable(str(below / archive.name))
    console.print(f"{unneeded} is no longer needed and can be removed.", soft_wrap=True)
    return 0


def _dataset(options: argparse.Namespace) -> Any:
    """The data set that the command names, with the options it gives."""
    from benchmark.entries import Entry
    from benchmark.registry import DATASETS, build, resolve
    from benchmark.suite.overrides import parse, put
    from benchmark.validation import json_value, validated

    where = f"data {options.action} {options.name}"
    config: dict[str, Any] = {"dataset": {"type": options.name}}
    for override in options.overrides:
        path, value = parse(override)
        if path[0] != "dataset" or len(path) == 1:
            raise UserError(f"{where}: {override!r} is none of its options: dataset.key=value.")
        put(config, path, value, where)
    entry = validated(Entry, json_value(config["dataset"]), where)
    return build(DATASETS, resolve(DATASETS, entry, where), where)


def _command(action: str, options: argparse.Namespace) -> str:
    """The command line for this data set, with this command's data root and overrides."""
    root = ["--data-root", str(options.data_root)] if options.data_root is not None else []
    command = ["python", "-m", "benchmark", "data", action, options.name]
    return shlex.join([*command, *root, *options.overrides])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--data-root {folder}: it can't be made ({error.strerror}).") from error

"""`bench faults`: processes are killed everywhere, and nothing may be lost."""

import itertools
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from rich.console import Console

from benchmark.bench.faults.store import outcome, planned
from benchmark.bench.faults.trials import Trials, Verdict, operations_of
from benchmark.bench.table import as_csv, as_markdown, as_terminal
from benchmark.durable import write_text
from benchmark.report import write_report
from benchmark.suite.execution import request
from benchmark.training.environment import describe

Trial = Callable[[Path], Verdict]
"""What is done with a new store."""
WORDS = ["what is killed", "first fault"]
SHOWN = ["what is killed", "trials", "kills", "survived"]
COLUMNS = [*SHOWN, "first fault"]
RANDOM = {
    "one process at random moments": 1,
    "two processes on one store": 2,
    "three processes on one store": 3,
}
WRITES = "before a write, in training and evaluation"
REPORT = "before a write, in the report"
ASKED = "asked to end by a signal"
WRITES_A_TURN = 4
"""Kills before a write for each trial of another kind."""
ENGINES = {
    "engine local": ("local", ""),
    "engine ray": ("ray", ""),
    "engine slurm": ("slurm", "cluster=local"),
}


def bench_faults(
    console: Console, *, kills: int, out: Path | None = None, engines: bool = False, seed: int = 0
) -> int:
    """Kill at least `kills` times, print what survived, and write it into `out` where given.

    `engines` also kills each engine with its workers; a minute or more each. Returns the exit
    status: 0 where every trial survived.
    """
    torch.set_num_threads(1)
    begun = time.monotonic()
    found: dict[str, list[Verdict]] = {}
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        root = Path(folder)
        trials, writes, reports, table = _reference(root)
        console.print(
            f"{len(writes)} operations on files in making a suite, {len(reports)} in its report"
        )
        done = 0
        for number, (kind, trial) in enumerate(_trials(trials, root, writes, reports, table, seed)):
            if done >= kills:
                break
            verdict = trial(root / f"{number}")
            found.setdefault(kind, []).append(verdict)
            done += len(verdict.kills)
            if verdict.wrong:
                console.print(f"{kind}: {verdict.wrong[0]}", style="red", soft_wrap=True)
        for kind, (engine, options) in ENGINES.items() if engines else ():
            draw = random.Random(f"{seed} {engine}")
            found.setdefault(kind, []).append(
                trials.killed_engine(root / engine, engine, options, draw)
            )
    frame = _frame(found)
    console.print(as_terminal(frame[SHOWN], WORDS))
    attempted, survived = int(frame["trials"].sum()), int(frame["survived"].sum())
    console.print(
        f"attempted {attempted} with {frame['kills'].sum()} kills, survived {survived}; "
        f"{time.monotonic() - begun:.0f} s"
    )
    if out is not None:
        command = f"python -m benchmark bench faults --kills {kills}" + " --engines" * engines
        write_text(out / "table.csv", as_csv(frame))
        write_text(out / "README.md", _readme(frame, command))
    return 0 if survived == attempted else 1


def _reference(root: Path) -> tuple[Trials, list[str], list[str], bytes]:
    """The trials, the operations of making and of reporting, and the table without a kill."""
    runs = planned(root)
    out = root / "reference"
    trials = Trials(runs, {})
    request(runs, out)
    writes = operations_of(lambda: trials.make(out), out)
    trials.expected.update(outcome(out))
    reports = operations_of(lambda: _report(out), out)
    return trials, writes, reports, (out / "table.csv").read_bytes()


def _report(out: Path) -> None:
    write_report(out)


def _trials(
    trials: Trials, root: Path, writes: list[str], reports: list[str], table: bytes, seed: int
) -> Iterator[tuple[str, Trial]]:
    """Trials of all kinds in turn, without end; of operations each one once, new names first."""
    draw = random.Random(seed)
    report = partial(trials.killed_report, source=root / "reference", table=table)
    signals = itertools.cycle((signal.SIGTERM, signal.SIGUSR1, signal.SIGINT))
    kinds: list[Iterator[tuple[str, Trial]]] = [
        ((WRITES, partial(trials.killed_before, operation=n)) for n in _in_turn(writes, draw)),
        ((REPORT, partial(report, operation=n)) for n in _in_turn(reports, draw)),
        ((ASKED, partial(trials.asked_to_end, number=n, draw=draw)) for n in signals),
        *(
            itertools.repeat(
                (kind, partial(trials.killed_at_random, processes=processes, draw=draw))
            )
            for kind, processes in RANDOM.items()
        ),
    ]
    while kinds:
        for kind in list(kinds):
            for _ in range(WRITES_A_TURN if kind is kinds[0] else 1):
                trial = next(kind, None)
                if trial is None:
                    kinds.remove(kind)
                    break
                yield trial


def _in_turn(names: list[str], draw: random.Random) -> list[int]:
    """The places of all operations: one of each name, then a second one of each, and so on."""
    places = list(range(len(names)))
    draw.shuffle(places)
    seen: Counter[str] = Counter()
    ranked = []
    for place in places:
        ranked.append((seen[names[place]], place))
        seen[names[place]] += 1
    return [place for _, place in sorted(ranked, key=lambda one: one[0])]


def _frame(found: dict[str, list[Verdict]]) -> pd.DataFrame:
    """A row for each kind of trial, and how many survived."""
    rows = [
        {
            "what is killed": kind,
            "trials": len(verdicts),
            "kills": sum(len(verdict.kills) for verdict in verdicts),
            "survived": sum(not verdict.wrong for verdict in verdicts),
            "first fault": next((v.wrong[0] for v in verdicts if v.wrong), ""),
        }
        for kind, verdicts in found.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _readme(frame: pd.DataFrame, command: str) -> str:
    """The results as Markdown, with the command that makes them again."""
    environment = describe("cpu", 1)
    attempted, survived = int(frame["trials"].sum()), int(frame["survived"].sum())
    return "\n".join(
        [
            "# Processes that are killed",
            "",
            "A suite of four small runs (proxies, pairs, a memory, the rule `random`) is made by "
            "processes that are killed, then made to its end. A trial has survived if metrics, "
            "losses, digests, weights and each query's values are to the bit those of a suite "
            "that was never interrupted, and the store holds no leftover and no claim.",
            "",
            as_markdown(frame[SHOWN], WORDS),
            f"Attempted {attempted} trials with {frame['kills'].sum()} kills; survived {survived}.",
            "",
            f"    {command}",
            "",
            f"{environment['device_name']}, Python {environment['python']}, "
            f"torch {environment['torch']}, commit {environment['commit']}"
            f"{' with changes' if environment['dirty'] else ''}.",
            "",
        ]
    )

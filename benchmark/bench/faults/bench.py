"""`bench faults`: processes are killed everywhere, and nothing may be lost."""

import itertools
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import torch
from rich.console import Console

from benchmark.bench.faults.store import outcome, planned
from benchmark.bench.faults.table import WORDS, by_kind, readme
from benchmark.bench.faults.trials import Trials, Verdict, operations_of, report_on
from benchmark.bench.table import as_csv, as_terminal
from benchmark.durable import write_text
from benchmark.suite.engines.local import PRELOADED

Trial = Callable[[Path], Verdict]
"""What is done with a new store, in a folder that isn't there yet."""
T = TypeVar("T")
RANDOM = {
    "one process at a random moment": 1,
    "two processes on one store": 2,
    "three processes on one store": 3,
}
WRITES = "before a write, in training and evaluation"
ASKED = "asked to end by a signal"
REPORT = "before a write, in the report"
WRITES_A_TURN = 4
"""Kills before a write for each trial of another kind."""
ENGINES = {"local": ("", None), "slurm": ("cluster=local,time=5", "submitit"), "ray": ("", "ray")}
"""An engine's options here, and the package that it needs."""


def bench_faults(
    console: Console,
    *,
    kills: int,
    out: Path | None = None,
    engines: bool = False,
    quick: bool = False,
    seed: int = 0,
) -> int:
    """Kill at least `kills` times, print what survived, and write it into `out` where given.

    `engines` also kills workers of each engine whose package is installed, which takes a minute
    each. `quick` takes two of the four runs. Writes `table.csv`, a row for each kind of trial,
    `kills.csv`, a row for each trial, and `README.md`. Returns the exit status: 0 where every trial
    survived.
    """
    torch.set_num_threads(1)
    import_module(PRELOADED)
    begun = time.monotonic()
    rows: list[dict[str, Any]] = []

    def note(kind: str, verdict: Verdict) -> None:
        fault = "; ".join(verdict.wrong)
        rows.append({"kind": kind, "kills": verdict.kills, "fault": fault})
        if fault:
            console.print(f"{kind}, {', '.join(verdict.kills)}: {fault}", style="red")

    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        root = Path(folder)
        draw = random.Random(seed)
        trials, writes = _reference(root, quick)
        console.print(f"{len(writes)} operations on files in making {len(trials.runs)} runs")
        done = 0
        for number, (kind, trial) in enumerate(_trials(trials, root, writes, draw)):
            if done >= kills:
                break
            verdict = trial(root / f"{number}")
            note(kind, verdict)
            done += len(verdict.kills)
        for engine, (options, package) in ENGINES.items() if engines else ():
            if package is None or find_spec(package) is not None:
                found = trials.killed_workers(root / engine, engine, options, draw)
                note(f"workers of engine {engine}", found)
            else:
                console.print(f"engine {engine} is left out: {package} isn't installed")
    table = by_kind(rows)
    console.print(as_terminal(table, WORDS))
    attempted, survived = int(table["trials"].sum()), int(table["survived"].sum())
    console.print(
        f"attempted {attempted} trials with {table['kills'].sum()} kills, survived {survived}; "
        f"{time.monotonic() - begun:.0f} s"
    )
    if out is not None:
        command = f"python -m benchmark bench faults --kills {kills}"
        command += " --engines" * engines + " --quick" * quick
        write_text(out / "table.csv", as_csv(table))
        each = pd.DataFrame(rows).assign(kills=[", ".join(row["kills"]) for row in rows])
        write_text(out / "kills.csv", as_csv(each))
        write_text(out / "README.md", readme(table, command))
    return 0 if survived == attempted else 1


def _reference(root: Path, quick: bool) -> tuple[Trials, list[tuple[Trials, int, str]]]:
    """The trials, and each operation on files in making each of the runs without a kill."""
    runs = planned(root)[:: 3 if quick else 1]
    out = root / "reference"
    begun = time.monotonic()
    names = [operations_of(partial(Trials([run], {}, 0.0).make, out), out) for run in runs]
    seconds = (time.monotonic() - begun) / len(runs)
    trials = Trials(runs, outcome(out), seconds)
    return trials, [
        (trials.of(run), number, name)
        for run, of_run in zip(runs, names, strict=True)
        for number, name in enumerate(of_run)
    ]


def _trials(
    trials: Trials, root: Path, writes: list[tuple[Trials, int, str]], draw: random.Random
) -> Iterator[tuple[str, Trial]]:
    """Trials of all kinds in turn, without end; of operations each one once, new names first."""
    each = itertools.cycle(trials.runs)
    signals = itertools.cycle((signal.SIGTERM, signal.SIGUSR1, signal.SIGINT))
    reference = root / "reference"

    @cache
    def report_operations() -> list[tuple[int, str]]:
        return list(enumerate(operations_of(partial(report_on, reference), reference)))

    def reports() -> Iterator[tuple[str, Trial]]:
        for number, name in _in_turn(report_operations(), draw):
            yield REPORT, partial(trials.killed_report, source=reference, number=number, name=name)

    def at_random(kind: str, processes: int) -> Iterator[tuple[str, Trial]]:
        while True:
            of = trials if processes > 1 else trials.of(next(each))
            yield kind, partial(of.killed_at_random, processes=processes, draw=draw)

    kinds: list[Iterator[tuple[str, Trial]]] = [
        (
            (WRITES, partial(one.killed_before, number=number, name=name))
            for one, number, name in _in_turn(writes, draw)
        ),
        (
            (ASKED, partial(trials.of(next(each)).asked_to_end, number=number, draw=draw))
            for number in signals
        ),
        *(at_random(kind, processes) for kind, processes in RANDOM.items()),
        reports(),
    ]
    while kinds:
        for kind in list(kinds):
            for _ in range(WRITES_A_TURN if kind is kinds[0] else 1):
                trial = next(kind, None)
                if trial is None:
                    kinds.remove(kind)
                    break
                yield trial


def _in_turn(operations: list[T], draw: random.Random) -> list[T]:
    """Operations whose last entry is a name: one of each name, then a second one, and so on."""
    drawn = draw.sample(operations, len(operations))
    seen: Counter[str] = Counter()
    ranked = []
    for operation in drawn:
        name = operation[-1]  # type: ignore[index]
        ranked.append((seen[name], operation))
        seen[name] += 1
    return [operation for _, operation in sorted(ranked, key=lambda one: one[0])]

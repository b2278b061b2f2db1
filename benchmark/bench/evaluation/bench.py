"""`bench evaluation`: time and memory of the metrics, beside those of other packages.

Each measurement runs in a process of its own, so that its peak memory is its own, and they take
turns, so that a disturbance of the machine doesn't hit one of them alone. This process stays small,
because on Linux a child's peak memory starts at its parent's.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmark.bench.evaluation.features import FULL, QUICK
from benchmark.bench.evaluation.rows import Row, ratios

INSTALL = "pip install --no-deps -r requirements-test.txt -r requirements-bench.txt"
MISSING = "not installed: "
REPEATS = 3

# Name of the job, features, what is measured, and whether it takes a part of the queries.
ROWS = (
    ("msmt17", "MSMT17", "this suite", False),
    ("msmt17_product", "MSMT17", "blocked matrix product alone", False),
    ("msmt17", "MSMT17", "this suite", True),
    ("torchreid_python", "MSMT17", "torchreid 0.2.5, Python", True),
    ("torchreid_cython", "MSMT17", "torchreid's Cython, from fastreid 1.4.0", True),
    ("cub", "CUB", "this suite", False),
    ("cub_product", "CUB", "blocked matrix product alone", False),
    ("accuracy_calculator", "CUB", "AccuracyCalculator, k=None", False),
    ("accuracy_calculator_short", "CUB", "AccuracyCalculator, k='max_bin_count'", False),
    ("crowd", "few classes", "this suite", False),
    ("crowd_product", "few classes", "blocked matrix product alone", False),
    ("crowd", "few classes", "this suite", True),
    ("accuracy_calculator_crowd", "few classes", "AccuracyCalculator, k=None", True),
)


class MeasurementError(Exception):
    """A process that failed: the message says why, in one line."""


def bench_evaluation(console: Console, *, out: Path | None = None, quick: bool = False) -> int:
    """Measure, print the table, and write `table.csv` and `table.md` into `out` where given.

    `quick` takes small sizes and measures once: it shows that everything runs, not how fast.
    Returns the exit status: 0, or 1 where a measurement failed for another reason than that its
    package isn't installed.
    """
    sizes = QUICK if quick else FULL
    rows = [Row(*row) for row in ROWS]
    with tempfile.TemporaryDirectory() as folder:
        _run("features", folder, *["--quick"] * quick)
        try:
            _run("jobs", "build", folder)
        except MeasurementError as error:
            next(row for row in rows if row.job == "torchreid_cython").error = str(error)
        for repeat in range(1 if quick else REPEATS):
            for row in rows:
                if row.error:
                    continue
                console.print(f"{repeat + 1}: {row.data}, {row.what}", style="dim")
                part = [str(sizes.slice)] * row.sliced
                try:
                    printed = _run("jobs", row.job, folder, *part)
                    row.results.append(json.loads(printed))
                except MeasurementError as error:
                    row.error = str(error)
    _show(console, rows, out, quick)
    return int(any(row.error and not row.error.startswith(MISSING) for row in rows))


def _run(module: str, *arguments: str) -> str:
    """The output of a module of this package in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmark.bench.evaluation.{module}", *arguments],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return done.stdout
    if done.returncode < 0:
        raise MeasurementError(f"ended by signal {-done.returncode}: out of memory?")
    message = (done.stderr.strip() or "no message").splitlines()[-1]
    raise MeasurementError(MISSING + INSTALL if "ModuleNotFoundError" in message else message)


def _show(console: Console, rows: list[Row], out: Path | None, quick: bool) -> None:
    # Imported when everything is measured: torch and pandas come with it.
    from benchmark.bench.evaluation.table import WORDS, page, shown, stored
    from benchmark.bench.table import as_csv, as_terminal
    from benchmark.durable import write_text
    from benchmark.training.environment import describe

    sizes = QUICK if quick else FULL
    # The table needs 150 columns; a file or a pipe has no width of its own.
    if not console.is_terminal:
        console.width = max(console.width, 150)
    console.print(as_terminal(shown(rows), WORDS))
    for row in rows:
        if row.error:
            console.print(f"{row.what}: {row.error}", soft_wrap=True)
    for what, value, bound in ratios(rows, sizes):
        console.print(f"{what}: {value}" + f" (bound: {bound})" * bool(bound))
    if out is not None:
        threads = next((row.results[0]["threads"] for row in rows if row.results), 0)
        write_text(out / "table.csv", as_csv(stored(rows)))
        write_text(out / "table.md", page(rows, sizes, describe("cpu", threads)))
        console.print(f"written: {out.resolve() / 'table.md'}", soft_wrap=True)

"""`bench dam`: time and peak memory of a DAM loss step against its baseline's.

Each measurement runs in a process of its own, so that its peak memory is its own, with a limit of
time. A size that the machine can't hold or that takes too long keeps its row, with the reason.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmark.bench.dam_step.measurement import Size
from benchmark.bench.dam_step.table import (
    ABSENT,
    FAILED,
    WORDS,
    Answer,
    Row,
    conditions,
    page,
    shown,
    stored,
)
from benchmark.bench.table import as_csv, as_terminal
from benchmark.errors import UserError

SIZES = (
    Size("proxy", 180, 100, 512),
    Size("proxy", 64, 1041, 2048),
    Size("proxy", 256, 11318, 512),
    Size("proxy", 256, 100_000, 512),
    Size("pair", 180, 0, 512),
    Size("pair", 1024, 0, 512),
    Size("pair", 1024, 8192, 512),
)
QUICK = (Size("proxy", 12, 7, 16), Size("pair", 12, 20, 16))
ROUNDS = 30
SECONDS = 20
OUT_OF_MEMORY = ("OutOfMemoryError", "can't allocate memory", "MemoryError")


def bench_dam(
    console: Console,
    *,
    out: Path | None = None,
    quick: bool = False,
    device: str | None = None,
    threads: int | None = None,
    limit: float = 600.0,
    resnet: bool = False,
) -> int:
    """Measure, print the table, and write `table.csv` and `table.md` into `out` where given.

    `quick` takes small sizes and two rounds, to show that everything runs, not how fast. `device`
    is cpu or cuda, by default the GPU if there is one. Each measurement has `limit` seconds.
    ResNet-50 is timed on a GPU, and with `resnet` on a CPU too, at the first size alone. Returns
    the exit status: 0, or 1 where a measurement failed for another reason than time or memory.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    threads = threads or torch.get_num_threads()
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("torch finds no GPU here: use --device cpu")
    if limit <= 0:
        raise UserError(f"--limit must be above 0 seconds, not {limit:g}")
    rows = []
    sizes = QUICK if quick else SIZES
    for size in sizes:
        console.print(f"{size}, {device}", style="dim")
        request = {
            "size": asdict(size),
            "device": device,
            "threads": threads,
            "rounds": 2 if quick else ROUNDS,
            "seconds": SECONDS,
        }
        whole = device == "cuda" or (resnet and size is sizes[0])
        rows.append(
            Row(
                size,
                measure(request | {"measure": "times"}, limit),
                measure(request | {"measure": "resnet"}, limit) if whole else Answer({}),
                {
                    arm: measure(request | {"measure": "memory", "arm": arm}, limit)
                    for arm in ("baseline", "dam")
                },
            )
        )
    _show(rows, console, out, device, threads, limit, quick)
    return int(any(row.failed for row in rows))


def measure(request: dict[str, Any], limit: float) -> Answer:
    """Run one measurement in a process; what it printed before the limit of seconds counts."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmark.bench.dam_step.measurement", json.dumps(request)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            timeout=limit,
        )
        printed, trouble = done.stdout, _trouble(done.returncode, done.stderr.decode())
    except subprocess.TimeoutExpired as ended:
        printed, trouble = ended.stdout or b"", f"over {limit:g} s"
    lines = [line for line in printed.decode().splitlines() if line.endswith("}")]
    return Answer(json.loads(lines[-1]) if lines else {}, trouble)


def _trouble(status: int, errors: str) -> str:
    """Why a process that ended with this status and these errors measured no more."""
    if status == 0:
        return ABSENT
    # Linux ends a process by signal 9 when memory runs out.
    if status == -9 or any(words in errors for words in OUT_OF_MEMORY):
        return "out of memory"
    return FAILED + (errors.strip() or f"status {status}").splitlines()[-1]


def _show(
    rows: list[Row],
    console: Console,
    out: Path | None,
    device: str,
    threads: int,
    limit: float,
    quick: bool,
) -> None:
    from benchmark.durable import write_text
    from benchmark.training.environment import describe

    environment = describe(device, threads)
    notes = conditions(environment, device, limit)
    # The table needs 150 columns; a file or a pipe has no width of its own.
    if not console.is_terminal:
        console.width = max(console.width, 150)
    console.print(as_terminal(shown(rows), WORDS))
    for note in notes:
        console.print(note)
    if out is not None:
        command = f"python -m benchmark bench dam{' --quick' if quick else ''}"
        command += f" --device {device} --threads {threads} --limit {limit:g}"
        write_text(out / "table.csv", as_csv(stored(rows, environment)))
        write_text(out / "table.md", page(rows, command, notes))
        console.print(f"written: {out.resolve() / 'table.md'}", soft_wrap=True)

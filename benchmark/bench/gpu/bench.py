"""`bench gpu`: on a machine with a GPU, whether all of it is right, and how fast.

After each section what was found is written: a kill at a time limit loses the present one alone.
"""

import importlib
import os
import platform
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmark.bench.gpu.checks import Check, Conditions, Task, made
from benchmark.bench.gpu.page import as_json, page, summary
from benchmark.durable import write_text
from benchmark.errors import UserError

SECTIONS = {
    "kernels": "kernels",
    "objectives": "objectives",
    "evaluation": "ranking",
    "dam": "cost",
    "compiled": "compiled",
    "synchronisations": "runs.synchronisations",
    "repeatable": "runs.repeatability",
    "pipeline": "runs.pipeline",
}
"""Each section and its module, in the order in which they are made."""
MANY = 40
"""Of a section with more checks only those that didn't pass are printed."""
EVERY = 5.0
"""Seconds between two writes within a section."""


def bench_gpu(
    console: Console,
    *,
    out: Path | None = None,
    only: Sequence[str] | None = None,
    limit: float | None = None,
    data_root: Path | None = None,
    quick: bool = False,
    device: str = "cuda",
) -> int:
    """Make the checks, print them, and write `gpu.json` and `README.md` into `out` where given.

    `only` names the sections that are wanted. After `limit` seconds no check begins. Images are
    taken from below `data_root`; without it they are random. On the device "cpu" only the bench
    itself is tested. Returns the exit status: 0, or 1 where a check failed. Raises UserError where
    there is no GPU, and for an unknown section.
    """
    wanted = _checked(only, limit, data_root, device)
    # torch reads it when it first multiplies matrices, and repeats itself only with it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    begun = time.monotonic()
    record: dict[str, Any] = {
        "machine": machine(device),
        "command": _command(only, limit, data_root is not None, quick),
        "quick": quick,
        "complete": False,
        "seconds": {},
        "sections": {name: [] for name in wanted},
    }
    _write(record, out)
    if not console.is_terminal:
        console.width = max(console.width, 150)
    try:
        with _workplace() as work:
            deadline = begun + limit if limit else float("inf")
            conditions = Conditions(device, quick, work, data_root, deadline)
            for name in wanted:
                _make(name, conditions, record, out, console, begun)
        record["complete"] = True
    finally:
        _write(record, out)
    console.print(summary(record), soft_wrap=True)
    if out is not None:
        console.print(f"written: {out.resolve() / 'README.md'}", soft_wrap=True)
    return int(any(check.verdict == "failed" for check in _all(record)))


def _checked(
    only: Sequence[str] | None, limit: float | None, data_root: Path | None, device: str
) -> list[str]:
    """The wanted sections, in order. Raises UserError for what can't be done."""
    for name in only or ():
        if name not in SECTIONS:
            raise UserError(f"--only {name}: the sections are {', '.join(SECTIONS)}")
    if limit is not None and not limit > 0:
        raise UserError(f"--limit must be above 0 seconds, not {limit:g}")
    if data_root is not None and not data_root.is_dir():
        raise UserError(f"--data-root {data_root}: there is no such folder")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            f"torch {torch.__version__} finds no GPU here: run this on a machine that has one, "
            "with a torch that is built for it"
        )
    return [name for name in SECTIONS if only is None or name in only]


def _make(
    name: str,
    conditions: Conditions,
    record: dict[str, Any],
    out: Path | None,
    console: Console,
    begun: float,
) -> None:
    """Make a section's checks, which are in the record as soon as they are made."""
    started = written = time.monotonic()
    console.print(f"{started - begun:6.1f} s  {name} ...", style="dim")
    checks = record["sections"][name]
    for check in _of_section(name, conditions):
        checks.append(check)
        record["seconds"][name] = time.monotonic() - started
        if check.verdict == "failed":
            console.print(f"          failed: {_line(check)}", style="bold", soft_wrap=True)
        if time.monotonic() - written > EVERY:
            _write(record, out)
            written = time.monotonic()
    record["seconds"][name] = time.monotonic() - started
    for check in checks:
        few = len(checks) <= MANY and check.verdict != "failed"
        if few or check.verdict == "not measured":
            console.print(f"          {check.verdict}: {_line(check)}", soft_wrap=True)
    counts = Counter(check.verdict for check in checks)
    words = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    console.print(
        f"{time.monotonic() - begun:6.1f} s  {name}: {words}; {record['seconds'][name]:.1f} s"
    )
    _write(record, out)


def _of_section(name: str, conditions: Conditions) -> Iterator[Check]:
    def tasks(conditions: Conditions) -> Iterable[Task]:
        # Only now, as some sections need more than torch.
        module = importlib.import_module(f"benchmark.bench.gpu.{SECTIONS[name]}")
        found: Iterable[Task] = module.tasks(conditions)
        return found

    return made(tasks, conditions)


def _line(check: Check) -> str:
    measured = "" if check.measured is None else f"{check.measured}"
    if isinstance(check.measured, float):
        measured = f"{check.measured:.4g}"
    parts = (measured, f"({check.target})" if check.target else "", check.note)
    return f"{check.name}: {' '.join(part for part in parts if part)}"


def _all(record: dict[str, Any]) -> list[Check]:
    return [check for checks in record["sections"].values() for check in checks]


def _write(record: dict[str, Any], out: Path | None) -> None:
    if out is not None:
        write_text(out / "gpu.json", as_json(record))
        write_text(out / "README.md", page(record))


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder for what the checks write, which the suite's cache lies in too meanwhile."""
    before = os.environ.get("DAM_BENCHMARK_CACHE")
    with tempfile.TemporaryDirectory(prefix="bench-gpu-", ignore_cleanup_errors=True) as folder:
        os.environ["DAM_BENCHMARK_CACHE"] = str(Path(folder) / "cache")
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["DAM_BENCHMARK_CACHE"]
            else:
                os.environ["DAM_BENCHMARK_CACHE"] = before


def _command(only: Sequence[str] | None, limit: float | None, with_data: bool, quick: bool) -> str:
    words = ["python -m benchmark bench gpu"]
    if quick:
        words.append("--quick")
    if only is not None:
        words.append(f"--only {','.join(only)}")
    if with_data:
        words.append("--data-root DATA")
    if limit is not None:
        words.append(f"--limit {limit:g}")
    return " ".join(words)


def machine(device: str) -> dict[str, Any]:
    """The device, its driver, and the versions of what computes on it."""
    facts: dict[str, Any] = {
        "device": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "triton": importlib.import_module("triton").__version__ if find_spec("triton") else None,
        **_commit(),
    }
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        facts |= {
            "device": properties.name,
            "memory_gib": properties.total_memory / 2**30,
            "capability": list(torch.cuda.get_device_capability()),
            "driver": _driver(),
            "cudnn": torch.backends.cudnn.version(),
        }
    return facts


def _commit() -> dict[str, Any]:
    try:
        from benchmark.training.environment import commit
    except ImportError:  # the kernels need torch alone
        return {"commit": "unknown", "dirty": None}
    return commit()


def _driver() -> str:
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip().splitlines()[0]

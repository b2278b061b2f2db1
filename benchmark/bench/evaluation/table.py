"""What `bench evaluation` measured: on the terminal, as CSV and as Markdown."""

import contextlib
import csv
import importlib.metadata
import io
import os
import statistics
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from benchmark.bench.evaluation.features import QUICK, SEED, Sizes

GIB = 2**30
HEADER = (
    "features",
    "what",
    "queries",
    "s, min",
    "s, median",
    "CPU s",
    "peak GiB",
)
METRICS = {"Recall@1": ("recall@1", "cmc@1"), "mAP": ("map",), "MAP@R": ("map@r",)}
PACKAGES = ("faiss-cpu", "faiss-gpu", "pytorch-metric-learning", "torchreid", "fastreid", "Cython")

# What is divided by what, and the bound that this project sets itself.
RATIOS = (
    ("torchreid_python", "msmt17", "at least 50"),
    ("torchreid_cython", "msmt17", "above 1"),
    ("msmt17", "msmt17_product", "at most 2"),
    ("accuracy_calculator", "cub", "above 1"),
    ("accuracy_calculator_short", "cub", ""),
    ("cub", "cub_product", ""),
)


@dataclass
class Row:
    """What was measured of a job: one entry a repeat in `results`, or why there is none.

    `sliced` rows searched the first `Sizes.slice` queries alone.
    """

    job: str
    data: str
    what: str
    sliced: bool
    results: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def seconds(self) -> list[float]:
        """The time of each repeat."""
        return [result["seconds"] for result in self.results]

    @property
    def peak(self) -> float:
        """The largest peak memory of a repeat's process, in GiB."""
        return max(result["peak_bytes"] for result in self.results) / GIB


def ratios(rows: list[Row], sizes: Sizes) -> list[tuple[str, str, str]]:
    """What is compared, by how much it is slower, and the bound or nothing."""
    found = []
    for slow, fast, bound in RATIOS:
        a = next((row for row in rows if row.job == slow), None)
        # Both on the same queries: work that doesn't grow with them would be scaled up too.
        b = a and next((r for r in rows if r.job == fast and r.sliced == a.sliced), None)
        if a is None or b is None:
            continue
        value = "not measured"
        if a.results and b.results:
            value = f"{min(a.seconds) / min(b.seconds):.1f} times the time"
        queries = f", {sizes.slice:,} queries" * a.sliced
        found.append((f"{a.data}{queries}: {a.what} / {b.what}", value, bound))
    return found


def _cells(row: Row) -> list[str]:
    """A line of the table."""
    if not row.results:
        return [row.data, row.what, *[""] * (len(HEADER) + len(METRICS) - 2)]
    metrics = row.results[0]["metrics"]
    shown = (next((metrics[n] for n in names if n in metrics), None) for names in METRICS.values())
    return [
        row.data,
        row.what,
        f"{row.results[0]['queries']:,}",
        f"{min(row.seconds):.2f}",
        f"{statistics.median(row.seconds):.2f}",
        f"{min(result['cpu_seconds'] for result in row.results):.2f}",
        f"{row.peak:.2f}",
        *("" if value is None else f"{value:.6f}" for value in shown),
    ]


def as_table(rows: list[Row]) -> Table:
    """For the terminal."""
    table = Table(*HEADER, *METRICS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def as_csv(rows: list[Row]) -> str:
    """One line a repeat, with every metric at full precision."""
    metrics = sorted({name for row in rows for result in row.results for name in result["metrics"]})
    measured = ("queries", "repeat", "seconds", "cpu_seconds", "peak_bytes")
    text = io.StringIO()
    names = ["features", "what", "sliced", *measured, *metrics, "error"]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        line = {"features": row.data, "what": row.what, "sliced": row.sliced}
        for repeat, result in enumerate(row.results, start=1):
            numbers = {name: result[name] for name in measured if name in result}
            writer.writerow(line | numbers | result["metrics"] | {"repeat": repeat})
        if row.error:
            writer.writerow(line | {"error": row.error})
    return text.getvalue()


def as_markdown(rows: list[Row], sizes: Sizes, environment: dict[str, Any]) -> str:
    """The table with its conditions."""
    e = environment
    changed = " with changes" if e["dirty"] else ""
    repeats = max((len(row.results) for row in rows), default=0)
    versions = [f"{name} {e[name]}" for name in ("python", "torch", "numpy")]
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    lines = [
        f"`python -m benchmark bench evaluation{' --quick' if sizes == QUICK else ''}`",
        "",
        f"- {e['device_name']}, {os.cpu_count()} cores, {e['threads']} threads; {e['platform']}; "
        f"commit {e['commit']}{changed}",
        f"- {', '.join(versions)}",
        f"- MSMT17: {sizes.queries:,} queries × {sizes.gallery:,} gallery images × "
        f"{sizes.elements} elements, {sizes.identities:,} identities, {sizes.cameras} cameras; "
        f"CUB: {sizes.images:,} images of {sizes.classes} classes. Both are made up, seed {SEED}.",
        f"- {repeats} repeats, taken in turns, each in a process of its own after a warm-up. "
        "Times are without imports and reading; CPU time is the sum over threads, at its least; "
        "peak memory is the whole process's.",
        f"- Packages that take long are measured on the first {sizes.slice:,} queries with the "
        "whole gallery, and compared with this suite on the same queries.",
        "",
        "| " + " | ".join([*HEADER, *METRICS]) + " |",
        "|---|---|" + "---:|" * (len(HEADER) + len(METRICS) - 2),
    ]
    for row in rows:
        cells = _cells(row)
        if row.error:
            cells[1] += f": {row.error}"
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| compared | measured | bound |", "|---|---:|---|"]
    lines += [f"| {' | '.join(ratio)} |" for ratio in ratios(rows, sizes)]
    return "\n".join(lines) + "\n"

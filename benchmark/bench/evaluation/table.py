"""What `bench evaluation` measured: the table that is shown, the one that is stored, the page."""

import contextlib
import importlib.metadata
import os
import statistics
from typing import Any

import pandas as pd

from benchmark.bench.evaluation.features import QUICK, SEED, Sizes
from benchmark.bench.evaluation.rows import Row, ratios
from benchmark.bench.table import as_markdown

WORDS = ("features", "what", "compared", "bound")
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


def shown(rows: list[Row]) -> pd.DataFrame:
    """A line a job."""
    return pd.DataFrame([_cells(row) for row in rows], columns=[*HEADER, *METRICS])


def stored(rows: list[Row]) -> pd.DataFrame:
    """A line a repeat, with every metric at full precision; one a job that failed, with why."""
    measured = ("queries", "repeat", "seconds", "cpu_seconds", "peak_bytes")
    lines: list[dict[str, Any]] = []
    for row in rows:
        line = {"features": row.data, "what": row.what, "sliced": row.sliced}
        for repeat, result in enumerate(row.results, start=1):
            numbers = {name: result[name] for name in measured if name in result}
            lines.append(line | numbers | result["metrics"] | {"repeat": repeat})
        if row.error:
            lines.append(line | {"error": row.error})
    metrics = sorted({name for row in rows for result in row.results for name in result["metrics"]})
    # Objects, as a column of whole numbers would turn to floats where one is missing.
    return pd.DataFrame(
        lines,
        columns=["features", "what", "sliced", *measured, *metrics, "error"],
        dtype=object,
    )


def page(rows: list[Row], sizes: Sizes, environment: dict[str, Any]) -> str:
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
        f"CUB: {sizes.images:,} images of {sizes.classes} classes; few classes: "
        f"{sizes.crowd_queries:,} queries × {sizes.crowd:,} gallery images in "
        f"{sizes.crowd_classes} classes. All are made up, seed {SEED}.",
        f"- {repeats} repeats, taken in turns, each in a process of its own after a warm-up. "
        "Times are without imports and reading; CPU time is the sum over threads, at its least; "
        "peak memory is the whole process's.",
        f"- Packages that take long are measured on the first {sizes.slice:,} queries with the "
        "whole gallery, and compared with this suite on the same queries.",
        "",
        as_markdown(_explained(rows), WORDS),
        as_markdown(
            pd.DataFrame(ratios(rows, sizes), columns=["compared", "measured", "bound"]), WORDS
        ),
    ]
    return "\n".join(lines)


def _explained(rows: list[Row]) -> pd.DataFrame:
    """What is shown, with the reason why a job failed."""
    frame = shown(rows)
    frame["what"] += [f": {row.error}" if row.error else "" for row in rows]
    return frame

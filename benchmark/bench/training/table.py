"""What `bench training` measured: the table that is shown, and the page."""

import os
import shlex
from typing import Any

import pandas as pd

from benchmark.bench.table import as_markdown

WORDS = ("case", "objective", "arm")
RATIOS = {
    "run / limit": ("of limit", "of limit, low", "of limit, high", "target"),
    "x plain loader": ("x plain", "x plain, low", "x plain, high", None),
    "DAM / baseline": ("DAM / baseline", "low", "high", "at most"),
}


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """A line for each run that was timed."""
    lines = []
    for row in _rows(frame):
        if _is_missing(row):
            continue
        line = {name: str(row[name]) for name in WORDS}
        line["rounds"] = f"{row['rounds']:.0f}"
        for name in ("run, ms", "limit, ms"):
            line[name] = f"{row[name]:.1f}"
        for name, keys in RATIOS.items():
            line[name] = _ratio(row, *keys)
        lines.append(line)
    return pd.DataFrame(lines, columns=None if lines else [*WORDS])


def not_measured(frame: pd.DataFrame) -> list[str]:
    """What wasn't timed, and why."""
    missing = (row for row in _rows(frame) if _is_missing(row))
    return [f"not measured: {row['case']}: {row['why not']}" for row in missing]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _is_missing(row: dict[str, Any]) -> bool:
    return isinstance(row.get("why not"), str)


def _ratio(row: dict[str, Any], middle: str, low: str, high: str, target: str | None) -> str:
    if middle not in row or pd.isna(row[middle]):
        return ""
    text = f"{row[middle]:.2f} [{row[low]:.2f}, {row[high]:.2f}]"
    bound = row.get(target) if target else None
    return text if bound is None or pd.isna(bound) else f"{text} ({bound:.2f})"


def page(frame: pd.DataFrame, environment: dict[str, Any], only: str, quick: bool) -> str:
    """The table with its conditions."""
    e = environment
    changed = " with changes" if e["dirty"] else ""
    options = f" --case {shlex.quote(only)}" if only else ""
    options += " --quick" if quick else ""
    lines = [
        f"`python -m benchmark bench training{options}`",
        "",
        f"- {e['device_name']}, {os.cpu_count()} cores; {e['platform']}; commit "
        f"{e['commit']}{changed}; torch {e['torch']}",
        "- limit: forward, backward and the optimiser's step of the same model on one batch that "
        "lies on the device already. Plain loader: torch's DataLoader of Pillow images with the "
        "same crops, in as many processes, and the same step.",
        "- In each round a few steps of the run, of its limit, of the baseline's limit and of the "
        "plain loader follow each other, as many of each. A ratio is the median over rounds, with "
        "its quartiles, and in parentheses the target: at least for the limit, at most for DAM.",
        "- run / limit: the share of the limit that the run reaches. x plain loader: how many "
        "times as fast. DAM / baseline: the steps of the two limits.",
        "",
        as_markdown(shown(frame), WORDS),
        *(f"- {line}" for line in not_measured(frame)),
    ]
    return "\n".join(lines).rstrip() + "\n"

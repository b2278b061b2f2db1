"""The trials as a table, and the page that stands beside it in the results."""

from typing import Any

import pandas as pd

from benchmark.bench.table import as_markdown
from benchmark.training.environment import describe

WORDS = ["what is killed"]
"""Columns of text."""
COLUMNS = [*WORDS, "trials", "kills", "survived"]


def by_kind(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each kind of trial. `rows` have `kind`, a list of `kills`, and `fault`."""
    found = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        kills = sum(len(row["kills"]) for row in own)
        found.append([kind, len(own), kills, sum(not row["fault"] for row in own)])
    return pd.DataFrame(found, columns=COLUMNS)


def readme(table: pd.DataFrame, command: str) -> str:
    """For the results, as Markdown, with the command that makes them again."""
    environment = describe("cpu", 1)
    attempted, survived = int(table["trials"].sum()), int(table["survived"].sum())
    commit = f"{environment['commit']}{' with changes' if environment['dirty'] else ''}"
    return "\n".join(
        [
            "# Processes that are killed",
            "",
            f"`{command}`: attempted {attempted} trials with {table['kills'].sum()} kills, "
            f"survived {survived}.",
            "",
            f"- {environment['device_name']}, 1 thread; Python {environment['python']}, torch "
            f"{environment['torch']}, commit {commit}",
            "- Four small runs (proxies and pairs, one with a memory; without DAM and with its "
            "rule `random`) are made by processes that are killed, then made to their end.",
            "- A trial survives if metrics, losses, digests, weights and each query's values equal "
            "those of runs that were never interrupted, bit for bit, and the store holds neither "
            "leftovers nor claims.",
            "- Before a write: the process is killed just before it writes, syncs, renames or "
            "removes a file. In each turn, operations come first that were not killed before.",
            "- A process that ends before its moment comes isn't killed, so some trials have "
            "fewer kills than processes.",
            "- `kills.csv` has each trial, with the operation or moment of the kill.",
            "",
            as_markdown(table, WORDS),
        ]
    )

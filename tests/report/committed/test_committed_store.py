"""A small store that lies here gives exactly the table, LaTeX and sentences that lie here.

Where the report is meant to change, `python tests/report/committed/test_committed_store.py` writes
them anew, for the difference to be read.
"""

from pathlib import Path

import pytest

from benchmark.report.findings import findings
from benchmark.report.grouping import build_table
from benchmark.report.tables.catalogue import all_sheets
from benchmark.report.tables.files import csv_of, latex_of
from benchmark.report.tables.markdown import markdown_text
from benchmark.suite.store.runs import read_runs

HERE = Path(__file__).parent


def outputs() -> dict[str, str]:
    """What the report makes of the store, by the name of the file beside it."""
    table = build_table(read_runs(HERE / "store"))
    [group] = table.groups
    sheets = all_sheets(table)
    results, differences, parts = (
        sheets.of_group[kind, group.label] for kind in ("results", "differences", "parts")
    )
    return {
        "table.md": markdown_text(table),
        "results.tex": latex_of(results),
        "differences.csv": csv_of(differences.numbers()),
        "parts.csv": csv_of(parts.numbers()),
        "sentences.txt": "\n".join(findings(group)) + "\n",
    }


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return outputs()


@pytest.mark.parametrize(
    "name", ["table.md", "results.tex", "differences.csv", "parts.csv", "sentences.txt"]
)
def test_the_report_is_the_committed_one(made: dict[str, str], name: str) -> None:
    assert made[name] == (HERE / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    for name, text in outputs().items():
        (HERE / name).write_text(text, encoding="utf-8")

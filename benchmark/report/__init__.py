"""Stored runs to tables, statistics, plots and a page."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.durable import write_text
from benchmark.errors import UserError
from benchmark.report.figures.catalogue import draw_all
from benchmark.report.page.document import page_text
from benchmark.report.table import Table, build_table
from benchmark.report.tables.csv_table import csv_text
from benchmark.report.tables.markdown import markdown_text
from benchmark.report.tables.terminal import print_table
from benchmark.suite.store import read_runs

__all__ = ["Report", "Table", "build_table", "print_table", "read_reference", "write_report"]

_REFERENCE_COLUMNS = {"dataset", "protocol", "source", "confidence"}


@dataclass(frozen=True)
class Report:
    """What was written, and the table behind it."""

    table: Table
    csv: Path
    markdown: Path
    page: Path
    figures: tuple[Path, ...]


def read_reference(path: Path) -> pd.DataFrame:
    """Published values: a CSV file with `dataset`, `protocol`, `source`, `confidence` and more.

    Raises UserError where the file can't be read or lacks one of these columns.
    """
    try:
        values = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise UserError(f"The reference values {path} can't be read: {error}") from error
    missing = sorted(_REFERENCE_COLUMNS - set(values.columns))
    if missing:
        raise UserError(f"{path} lacks the column {', '.join(missing)}. Add it to the first line.")
    return values


def write_report(out: Path, *, reference: Path | None = None) -> Report:
    """Collect the runs below `out` and write table.csv, table.md, figures/ and report.html there.

    `reference` is a CSV file of published values, shown where its data set was run. Raises
    UserError where there are no runs, or a file is damaged.
    """
    published = None if reference is None else read_reference(reference)
    table = build_table(read_runs(out))
    drawings = draw_all(table, out / "figures")
    paths = out / "table.csv", out / "table.md", out / "report.html"
    texts = csv_text(table), markdown_text(table), page_text(table, drawings, published)
    for path, text in zip(paths, texts, strict=True):
        write_text(path, text)
    figures = tuple(path for drawing in drawings for path in (drawing.png, drawing.svg))
    return Report(table, *paths, figures=figures)

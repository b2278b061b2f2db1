"""Stored runs to tables, statistics, figures and a page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.durable import write_text
from benchmark.report.collecting import PAGE, collect, runs_on
from benchmark.report.figures.catalogue import draw_all
from benchmark.report.grouping import build_table
from benchmark.report.page.document import page_text
from benchmark.report.statistics.precision import read_precision
from benchmark.report.table import Table
from benchmark.report.tables.archive import archive_text
from benchmark.report.tables.catalogue import all_sheets, write_sheets
from benchmark.report.tables.markdown import markdown_text
from benchmark.report.tables.terminal import print_table

__all__ = ["Report", "Table", "build_table", "print_table", "write_report"]


@dataclass(frozen=True)
class Report:
    """The files written, the table behind them, and `remarks` that a reader should know."""

    table: Table
    csv: Path
    markdown: Path
    page: Path
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]
    remarks: list[str]


def write_report(out: Path, only: Collection[str] = (), further: Sequence[Path] = ()) -> Report:
    """Collect the runs below `out` and write tables, figures and the page there.

    With `only` the report is on these data sets alone, and lies in a folder of its own in
    `out`/views. With `further` folders their runs are taken in too, and the report lies in
    `out`/collected, with links to the folders' own pages; what lay in several folders is among the
    remarks. The files are table.csv, table.md, tables/, figures/ and report.html. Tables are
    written before figures. A figure that can't be drawn, and a run that can't be read, becomes a
    remark. Raises UserError if no run can be read, or if a file can't be written.
    """
    place = out / "collected" if further else out
    if only:
        place = place / "views" / "+".join(sorted(set(only)))
    collected = collect([out, *further], place)
    stored = runs_on(collected.stored, only) if only else collected.stored
    precision = None if further else read_precision(out)
    table = build_table(stored)
    csv, markdown, page = place / "table.csv", place / "table.md", place / PAGE
    write_text(csv, archive_text(table))
    write_text(markdown, markdown_text(table))
    sheets = all_sheets(table, precision, collected.sources)
    tables = write_sheets(sheets, place / "tables")
    gallery = draw_all(table, place / "figures")
    write_text(page, page_text(table, sheets, gallery, collected.remarks))
    remarks = [
        *collected.remarks,
        *(one.reason for one in stored.damaged),
        *gallery.remarks,
    ]
    return Report(table, csv, markdown, page, tables, gallery.files, remarks)

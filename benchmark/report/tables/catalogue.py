"""Which tables a report has, and their files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.durable import write_text
from benchmark.report.ablation.leak_table import leak_sheet
from benchmark.report.cues.sheet import cues_sheet
from benchmark.report.epochs.choice import choice_sheet
from benchmark.report.file_names import unique
from benchmark.report.kept.sheet import elements_sheet
from benchmark.report.published.beside import ledger_sheet, published_sheet
from benchmark.report.queries.sheet import changes_sheet
from benchmark.report.search.sheet import search_sheet
from benchmark.report.statistics.precision import Precision
from benchmark.report.table import Group, Table
from benchmark.report.tables.cost import cost_sheet
from benchmark.report.tables.evidence import (
    classes_sheet,
    evidence_sheet,
    parts_sheet,
    precision_sheet,
)
from benchmark.report.tables.families import families_sheet
from benchmark.report.tables.files import csv_of, latex_of, markdown_of
from benchmark.report.tables.results import metrics_sheet, results_sheet
from benchmark.report.tables.sheet import Sheet

_OF_GROUP: dict[str, Callable[[Group], Sheet | None]] = {
    "results": results_sheet,
    "published": published_sheet,
    "ledger": ledger_sheet,
    "differences": lambda group: evidence_sheet(group, group.main_metrics[0]),
    "second differences": lambda group: evidence_sheet(group, group.main_metrics[1]),
    "classes": classes_sheet,
    "parts": parts_sheet,
    "class changes": changes_sheet,
    "elements": elements_sheet,
    "leak": leak_sheet,
    "cost": cost_sheet,
    "cues": cues_sheet,
    "metrics": metrics_sheet,
}


@dataclass(frozen=True)
class Sheets:
    """The report's tables: those of each data set by kind and label, of searches, and over all."""

    of_group: dict[tuple[str, str], Sheet]
    families: Sheet | None
    searches: dict[str, Sheet]
    sources: Sheet | None = None
    """Where the runs come from, if from several folders."""

    def of(self, kind: str, group: Group) -> Sheet | None:
        """A data set's table of one kind, if there is one."""
        return self.of_group.get((kind, group.label))


def all_sheets(
    table: Table, precision: Precision | None = None, sources: Sheet | None = None
) -> Sheets:
    """Every table that the runs have numbers for; `precision` is the rule that added seeds."""
    found = {
        (kind, group.label): sheet
        for group in table.groups
        for kind, make in _OF_GROUP.items()
        if (sheet := make(group)) is not None
    }
    for group in table.groups:
        choice = choice_sheet(table, group)
        if choice is not None:
            found["epochs", group.label] = choice
    if precision is not None:
        for group in table.groups:
            sheet = precision_sheet(group, precision)
            if sheet is not None:
                found["precision", group.label] = sheet
    searched = {one.label: search_sheet(one) for one in table.searches}
    return Sheets(found, families_sheet(table), searched, sources)


def write_sheets(sheets: Sheets, folder: Path) -> tuple[Path, ...]:
    """Write each table into `folder` as CSV, Markdown and LaTeX; returns the files."""
    paths: list[Path] = []
    taken: set[str] = set()
    over_all = [sheet for sheet in (sheets.families, sheets.sources) if sheet is not None]
    for sheet in (*sheets.of_group.values(), *sheets.searches.values(), *over_all):
        stem = unique(sheet.stem, taken)
        texts = {
            "csv": csv_of(sheet.numbers()),
            "md": markdown_of(sheet),
            "tex": latex_of(sheet),
        }
        for ending, text in texts.items():
            paths.append(folder / f"{stem}.{ending}")
            write_text(paths[-1], text)
    return tuple(paths)

"""table.md: the main metrics of every data set, with what was found and what is missing."""

from benchmark.report.findings import findings
from benchmark.report.reading import remarks
from benchmark.report.table import Group, Table
from benchmark.report.tables.columns import words
from benchmark.report.tables.files import escaped, markdown_of
from benchmark.report.tables.results import results_sheet
from benchmark.report.tables.sheet import Line, Sheet


def markdown_text(table: Table) -> str:
    """One section a data set."""
    sections = [_section(group) for group in table.groups]
    if table.damaged:
        lines = "".join(f"- {escaped(one.reason)}\n" for one in table.damaged)
        sections.append(f"## Damaged runs\n\n{lines}")
    return "\n".join(sections)


def _section(group: Group) -> str:
    sheet = results_sheet(group)
    parts = [
        f"## {escaped(group.label)}\n",
        *_list("What was found:", findings(group)),
        markdown_of(_with_settings(sheet, group)),
        # Markdown joins neighbouring lines: two spaces at the end keep the sentences apart.
        "  \n".join(escaped(note) for note in sheet.notes) + "\n",
        *_list("Missing or not paired:", remarks(group)),
    ]
    return "\n".join(parts)


def _with_settings(sheet: Sheet, group: Group) -> Sheet:
    """The results with each arm's settings and the conditions that papers leave in code."""
    names = list(group.comparisons[0].facts())
    columns = [*sheet.columns, words("Settings"), *(words(name.capitalize()) for name in names)]
    extra = [
        [row.short, *comparison.facts().values()]
        for comparison in group.comparisons
        for row in comparison.rows
    ]
    lines = [
        Line(line.under, [*line.values, *more])
        for line, more in zip(sheet.lines, extra, strict=True)
    ]
    return Sheet(sheet.stem, sheet.title, columns, lines)


def _list(title: str, sentences: list[str]) -> list[str]:
    if not sentences:
        return []
    return [f"{title}\n", "".join(f"- {escaped(sentence)}\n" for sentence in sentences)]

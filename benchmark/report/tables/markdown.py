"""The compact table as Markdown."""

from benchmark.report.reading import cells, columns, legend, remarks
from benchmark.report.table import Group, Table


def markdown_text(table: Table) -> str:
    """One section a data set: table, legend, and what is missing."""
    return "\n".join(_section(group) for group in table.groups)


def _section(group: Group) -> str:
    facts = list(group.comparisons[0].facts())
    headings = ["Objective", *columns(group), "Settings", *(name.capitalize() for name in facts)]
    left = {"Objective", "Arm", "Settings", "Backbone", "Weights", "Optimiser", "Schedule"}
    rules = [":--" if heading in left else "--:" for heading in headings]
    lines = [f"## {_escape(group.label)}", "", _line(headings), _line(rules)]
    for comparison in group.comparisons:
        shared = list(comparison.facts().values())
        lines += [
            _line([comparison.label, *cells(group, row), row.short, *shared])
            for row in comparison.rows
        ]
    # Markdown joins neighbouring lines: an empty line keeps the sentences apart.
    lines += ["", "  \n".join(_escape(sentence) for sentence in legend(group)), ""]
    missing = remarks(group)
    if missing:
        lines += ["Missing or not paired:", "", *(f"- {_escape(remark)}" for remark in missing), ""]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = " ".join(text.split())
    for mark in ("\\", "|", "*", "_", "`", "<"):
        text = text.replace(mark, "\\" + mark)
    return text

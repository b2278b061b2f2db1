"""The compact table for the terminal."""

from functools import partial

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.printable import legible
from benchmark.report.findings import findings
from benchmark.report.reading import remarks
from benchmark.report.table import Table
from benchmark.report.tables.results import results_sheet
from benchmark.report.tables.sheet import Sheet


def print_table(table: Table, console: Console) -> None:
    """Print one table a data set, its legend, what was found, and what is missing.

    Where they don't fit, the standard deviations are left out; 100 columns hold them beside short
    names of arms. Signs that the console's encoding lacks are spelled in ASCII.
    """
    for group in table.groups:
        sheet = results_sheet(group)
        narrow = _width(sheet) > console.width
        console.print(_rich_table(group.label, sheet, narrow, console.encoding))
        for note in sheet.notes:
            text = note.replace(" ± sample standard deviation", "") if narrow else note
            console.print(Text(legible(text, console.encoding), style="dim"))
        for sentence in findings(group):
            console.print(Text(legible(f"- {sentence}", console.encoding)))
        missing = remarks(group)
        if missing:
            console.print(Text("Missing or not paired", style="bold"))
        for remark in missing:
            line = Text(legible(remark, console.encoding))
            line.truncate(console.width, overflow="ellipsis")
            console.print(line)
        console.print()


def _width(sheet: Sheet) -> int:
    """The table's width in characters, with its standard deviations and each name on one line."""
    headings = [column.heading for column in sheet.columns]
    lines = [headings, *(line.cells(sheet.columns) for line in sheet.lines)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    # Names are indented by two characters; columns are three apart, with an edge of one at either
    # side and no padding there.
    return sum(widths) + 2 + 3 * len(widths) - 1


def _rich_table(title: str, sheet: Sheet, narrow: bool, encoding: str) -> RichTable:
    """A heading line an objective, below it its arms."""
    spelled = partial(legible, encoding=encoding)
    shown = RichTable(
        box=box.SIMPLE_HEAD,
        title=Text(spelled(title), style="bold"),
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0) if narrow else (0, 1),
    )
    for column in sheet.columns:
        # A name may be wrapped, a number may not.
        shown.add_column(
            Text(spelled(column.heading)),
            justify="left" if column.left else "right",
            no_wrap=not column.left,
            overflow="fold" if column.left else "ellipsis",
        )
    for under, lines in sheet.groups:
        shown.add_row(Text(spelled(under), style="bold"))
        for line in lines:
            arm, *numbers = map(spelled, line.cells(sheet.columns))
            if narrow:
                numbers = [number.partition(" ±")[0].partition(" +-")[0] for number in numbers]
            name = Padding(Text(arm), (0, 0, 0, 2))
            shown.add_row(name, *map(Text, numbers), end_section=line is lines[-1])
    return shown

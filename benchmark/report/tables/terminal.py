"""The compact table for the terminal."""

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.report.reading import cells, columns, legend, remarks
from benchmark.report.table import Group, Table


def print_table(table: Table, console: Console) -> None:
    """Print one table a data set, its legend, and what is missing.

    Where they don't fit, the standard deviations are left out; 100 columns hold them beside short
    names of arms.
    """
    for group in table.groups:
        narrow = _width(group) > console.width
        console.print(_rich_table(group, narrow))
        for sentence in legend(group):
            text = sentence.replace(" ± sample standard deviation", "") if narrow else sentence
            console.print(Text(text, style="dim"))
        missing = remarks(group)
        if missing:
            console.print(Text("Missing or not paired", style="bold"))
        for remark in missing:
            line = Text(remark)
            line.truncate(console.width, overflow="ellipsis")
            console.print(line)
        console.print()


def _width(group: Group) -> int:
    """The table's width in characters, with its standard deviations and each name on one line."""
    lines = [columns(group), *(cells(group, row) for row in group.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    # Names stand two characters to the right, and columns three apart between two edges of one,
    # the outer ones without their padding.
    return sum(widths) + 2 + 3 * len(widths) - 1


def _rich_table(group: Group, narrow: bool) -> RichTable:
    """A heading line an objective, below it its arms."""
    title = Text(group.label, style="bold")
    shown = RichTable(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0) if narrow else (0, 1),
    )
    for index, heading in enumerate(columns(group)):
        # A name may take a second line, a number not.
        name = index == 0
        shown.add_column(
            heading,
            justify="left" if name else "right",
            no_wrap=not name,
            overflow="fold" if name else "ellipsis",
        )
    for comparison in group.comparisons:
        shown.add_row(Text(comparison.label, style="bold"))
        for index, row in enumerate(comparison.rows):
            arm, *numbers = cells(group, row)
            if narrow:
                numbers = [number.partition(" ±")[0] for number in numbers]
            last = index == len(comparison.rows) - 1
            shown.add_row(Padding(Text(arm), (0, 0, 0, 2)), *map(Text, numbers), end_section=last)
    return shown

"""How every bench writes what it measured: a frame on the terminal, as Markdown and as CSV.

Of a frame that is shown, the cells are text already; one that is stored holds the numbers.
"""

from collections.abc import Collection, Sequence

import pandas as pd
from rich.table import Table


def as_terminal(
    frame: pd.DataFrame, words: Collection[str], styles: Sequence[str | None] = ()
) -> Table:
    """A line for each row; columns other than `words` are numbers, and stand to the right.

    `styles` are rich's styles of the rows, none by default.
    """
    table = Table(box=None, pad_edge=False)
    for index, name in enumerate(frame.columns):
        table.add_column(name, justify="left" if name in words else "right", no_wrap=index == 0)
    for number, cells in enumerate(frame.itertuples(index=False, name=None)):
        table.add_row(*map(str, cells), style=styles[number] if styles else None)
    return table


def as_markdown(frame: pd.DataFrame, words: Collection[str]) -> str:
    """A line for each row; columns other than `words` are numbers, and stand to the right."""
    rule = ["---" if name in words else "---:" for name in frame.columns]
    rows = [list(frame.columns), rule, *frame.to_numpy(dtype=object).tolist()]
    lines = [" | ".join(str(cell).replace("|", "/") for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def as_csv(frame: pd.DataFrame) -> str:
    """A line for each row; what is missing is left empty."""
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text

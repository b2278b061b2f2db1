"""A table of the report; CSV, Markdown, LaTeX and HTML are made from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Show = Callable[[Any], str]
Parts = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Column:
    """A heading, how a value below it is shown, and the numbers that it consists of.

    `parts` returns these by the suffix of their headings in a CSV file: an interval has a mean and
    two bounds, a plain value has one number with an empty suffix.
    """

    heading: str
    show: Show
    parts: Parts
    left: bool = False


@dataclass(frozen=True)
class Line:
    """One row: its values in the order of the columns, and the notes below it.

    Neighbouring lines with the same `under` are shown below it as a heading. On the page the first
    cell leads to `link`, an address that is encoded already.
    """

    under: str
    values: Sequence[Any]
    notes: Sequence[str] = ()
    link: str = ""

    def cells(self, columns: Sequence[Column]) -> list[str]:
        """The values as they are shown."""
        return [column.show(value) for column, value in zip(columns, self.values, strict=True)]


@dataclass(frozen=True)
class Sheet:
    """A table. `stem` names its files, `over` is the heading of the lines' `under`."""

    stem: str
    title: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    over: str = "Objective"
    notes: Sequence[str] = field(default=())

    @property
    def grouped(self) -> bool:
        """Whether lines stand below headings."""
        return any(line.under for line in self.lines)

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        """Headings with the neighbouring lines below them."""
        found: list[tuple[str, list[Line]]] = []
        for line in self.lines:
            if not found or found[-1][0] != line.under:
                found.append((line.under, []))
            found[-1][1].append(line)
        return found

    def texts(self) -> pd.DataFrame:
        """The table as it is shown."""
        headings = [self.over] * self.grouped + [column.heading for column in self.columns]
        rows = [[line.under] * self.grouped + line.cells(self.columns) for line in self.lines]
        return pd.DataFrame(rows, columns=headings, dtype=str)

    def numbers(self) -> pd.DataFrame:
        """The table with every number in a column of its own."""
        rows = []
        for line in self.lines:
            row: dict[str, Any] = {self.over: line.under} if self.grouped else {}
            for column, value in zip(self.columns, line.values, strict=True):
                parts = column.parts(value)
                row |= {f"{column.heading} {name}".strip(): part for name, part in parts.items()}
            rows.append(row)
        return pd.DataFrame(rows)


def lines_below(under: str, rows: Iterable[Sequence[Any]]) -> list[Line]:
    """Rows without notes below one heading."""
    return [Line(under, row) for row in rows]

"""The parts of the page; the templates turn them into HTML and escape all text."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmark.report.figures.catalogue import Drawing
from benchmark.report.tables.sheet import Sheet


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: ClassVar = "heading"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `style` is a class of the style sheet."""

    text: str
    style: str = ""
    kind: ClassVar = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]
    kind: ClassVar = "bullets"


@dataclass(frozen=True)
class Facts:
    """Names, each with its text or a list of texts."""

    entries: Mapping[str, str | Sequence[str]]
    kind: ClassVar = "facts"


@dataclass(frozen=True)
class TableBlock:
    """A table that can be sorted, in a box that scrolls by itself."""

    sheet: Sheet
    kind: ClassVar = "table"


@dataclass(frozen=True)
class Figure:
    """A drawing, embedded, with its caption."""

    drawing: Drawing
    kind: ClassVar = "figure"

    @property
    def source(self) -> str:
        """The drawing as a data address."""
        data = base64.b64encode(self.drawing.svg.read_bytes()).decode()
        return f"data:image/svg+xml;base64,{data}"


Block = Heading | Paragraph | Bullets | Facts | TableBlock | Figure


@dataclass(frozen=True)
class Section:
    """A section with a heading; it is left out where it has no block."""

    anchor: str
    title: str
    blocks: Sequence[Block]

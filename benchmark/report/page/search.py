"""The page's section on searches: what won, every trial as a figure, and as a table."""

from benchmark.report.figures.catalogue import Gallery
from benchmark.report.page.blocks import Block, Bullets, Figure, Heading, Paragraph, TableBlock
from benchmark.report.search.texts import READING, search_sentences
from benchmark.report.table import Table
from benchmark.report.tables.catalogue import Sheets


def search_blocks(table: Table, sheets: Sheets, gallery: Gallery) -> list[Block]:
    """Each search by data set and objective. Empty where there is none."""
    blocks: list[Block] = []
    for searched in table.searches:
        figures = [
            Figure(one)
            for one in gallery.drawings
            if (one.kind, one.group) == ("search", searched.label)
        ]
        blocks += [
            Heading(searched.label),
            Bullets(search_sentences(searched)),
            *figures,
            TableBlock(sheets.searches[searched.label]),
        ]
    return [Paragraph(READING), *blocks] if blocks else []

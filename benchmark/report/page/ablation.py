"""The page's sections on axes: what each setting changes, and which mappings leak the label."""

from benchmark.report.ablation.axes import Axis, find_axes
from benchmark.report.ablation.leak import EXPLANATION, drawable, finding
from benchmark.report.ablation.texts import READING, axis_sentences
from benchmark.report.figures.catalogue import Gallery
from benchmark.report.page.blocks import Block, Bullets, Figure, Heading, Paragraph, TableBlock
from benchmark.report.table import Table
from benchmark.report.tables.catalogue import Sheets


def axis_blocks(table: Table, gallery: Gallery) -> list[Block]:
    """Each axis: what is varied, and a figure a data set. Empty where there is none."""
    found: dict[str, list[Axis]] = {}
    for group in table.groups:
        for axis in find_axes(group):
            found.setdefault(axis.name, []).append(axis)
    blocks: list[Block] = []
    for name, axes in found.items():
        figures = [
            Figure(one) for one in gallery.drawings if (one.kind, one.title) == ("axis", name)
        ]
        if figures:
            blocks += [Heading(name), Paragraph(axis_sentences(axes)), *figures]
    return [Paragraph(READING), *blocks] if blocks else []


def leak_blocks(table: Table, sheets: Sheets, gallery: Gallery) -> list[Block]:
    """Each data set's figure, its numbers, and what they say."""
    blocks: list[Block] = []
    for group in table.groups:
        sheet = sheets.of("leak", group)
        if sheet is None:
            continue
        metric = group.main_metrics[0]
        sentences = [finding(metric, label, arms) for label, arms in drawable(group)]
        figures = [
            Figure(one)
            for one in gallery.drawings
            if (one.kind, one.group) == ("leak", group.label)
        ]
        blocks += [Heading(group.label), *figures, TableBlock(sheet), Bullets(sentences)]
    return [Paragraph(EXPLANATION), *blocks] if blocks else []

"""Pieces of the page: sections, tables, lists and figures. Texts are escaped here unless said."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from benchmark.report.figures.catalogue import Drawing


def section(title: str, parts: Iterable[str]) -> str:
    """A section with a heading; nothing where it would be empty. The parts are HTML already."""
    body = "".join(parts)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>\n" if body else ""


def html_table(headings: Sequence[str], lines: Sequence[str], left: Sequence[str]) -> str:
    """A table in a box that scrolls by itself; the first column stands at the left.

    `lines` are rows in HTML.
    """
    head = "".join(
        f"<th{' class=left' if place == 0 or heading in left else ''}>{escape(heading)}</th>"
        for place, heading in enumerate(headings)
    )
    body = "\n".join(lines)
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def definitions(facts: dict[str, str]) -> str:
    """Names and their texts, which are HTML already."""
    return (
        "<dl>"
        + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
        + "</dl>"
    )


def cell(text: str, kind: str = "") -> str:
    """A cell of a table; `kind` is a class of the style sheet."""
    return f"<td{f' class={kind}' if kind else ''}>{escape(text)}</td>"


def items(lines: Iterable[str]) -> str:
    """A list; the lines are HTML already."""
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def figure(drawing: Drawing) -> str:
    """A figure, embedded, with its caption."""
    data = base64.b64encode(drawing.svg.read_bytes()).decode()
    return (
        f'<figure><img alt="{escape(drawing.title)}, {escape(drawing.group)}" '
        f'src="data:image/svg+xml;base64,{data}"><figcaption><b>{escape(drawing.group)}.</b> '
        f"{escape(drawing.caption)}</figcaption></figure>"
    )

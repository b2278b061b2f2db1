"""Sections to one self-contained HTML file: reading it needs neither a network nor scripts."""

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from benchmark.report.page.blocks import Section


def render(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The page. All text is escaped; tables can be sorted if the browser runs scripts."""
    shown = [section for section in sections if section.blocks]
    return (
        _environment().get_template("page.html.j2").render(title=title, lead=lead, sections=shown)
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("benchmark.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

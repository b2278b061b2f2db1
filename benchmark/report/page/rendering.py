"""Sections to one HTML file that needs nothing else: no network, and no script to be read."""

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from benchmark.report.page.blocks import Section


def render(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The page. Every text is escaped; a script sorts tables where the browser runs it."""
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

"""What mkdocs can't read from docs/ as it stands: files of other folders, and generated sections.

The site's home page is the README; CONTRIBUTING.md, CHANGELOG.md and results/ come from the
repository's root. A marker `<!-- generated: NAME -->` in a page becomes what `GENERATED` makes.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from benchmark.__main__ import build_parser
from benchmark.suite.config_reference import reference

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the folders of results/ into the navigation, by the headings of their pages."""
    (results,) = [part["Results"] for part in config.nav or [] if "Results" in part]
    for path in sorted((ROOT / "results").glob("*/README.md")):
        heading = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        results.append({heading: path.relative_to(ROOT).as_posix()})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside docs/."""
    for source, target in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=_from_the_root(text)))
    for path in sorted((ROOT / "results").rglob("*")):
        if path.is_file():
            target = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, target, abs_src_path=str(path)))
    return files


def _from_the_root(text: str) -> str:
    """The links of a page at the repository's root, as seen from the root of the site."""
    text = text.replace("](docs/", "](")
    for source, target in PAGES.items():
        text = text.replace(f"]({source}", f"]({target}")
    return text


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the markers of generated sections."""
    return re.sub(r"<!-- generated: (\w+) -->", lambda found: GENERATED[found[1]](), markdown)


def commands() -> str:
    """Every command of `python -m benchmark` with its options, from the parser."""
    return "\n".join(_command(build_parser()))


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    children = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not children:
        yield f"### `{parser.prog}`\n\n```text\n{parser.format_help().strip()}\n```\n"
    for action in children:
        for child in action.choices.values():
            yield from _command(child)


def configuration() -> str:
    """Every key of a run's configuration and every option, without the heading."""
    return reference().partition("\n")[2]


GENERATED: dict[str, Callable[[], str]] = {"commands": commands, "configuration": configuration}

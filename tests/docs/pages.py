"""The pages of the documentation and the code blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "results" / "README.md",
    *sorted((ROOT / "results").glob("*/README.md")),
]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line above it."""

    page: str
    line: int
    language: str
    text: str
    above: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    text = read(path)
    found = []
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        before = text[: match.start()]
        above = before.rstrip().rsplit("\n", 1)[-1]
        page = path.relative_to(ROOT).as_posix()
        found.append(Block(page, before.count("\n") + 1, match[1], match[2], above))
    return found


def all_blocks() -> list[Block]:
    return [block for path in PAGES for block in blocks(path)]


def commands(block: Block) -> list[str]:
    """The commands of a shell block, without their comments."""
    lines = (re.sub(r"\s+#.*", "", line).strip() for line in block.text.splitlines())
    return [part for line in lines if line for part in line.split(" && ")]


def inline_commands() -> list[tuple[str, str]]:
    """(page, command) of each `python -m benchmark ...` and `bash run_all.sh ...` in a sentence."""
    found = []
    for path in PAGES:
        text = re.sub(r"^```.*?^```$", "", read(path), flags=re.DOTALL | re.MULTILINE)
        for match in re.finditer(r"`([^`]*(?:python -m benchmark|bash run_all\.sh)[^`]*)`", text):
            command = " ".join(match[1].split())
            found.append((path.relative_to(ROOT).as_posix(), command))
    return found


def table(path: Path, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is `heading`, as cells of Markdown."""
    rows = read(path).split(f"\n| {heading} |", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip().strip("|").split(" | ")] for row in rows]


def names(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)

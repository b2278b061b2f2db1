"""Every block of code in the documentation is of a kind that a test runs or checks."""

import re
from itertools import pairwise

import pytest
from pages import PAGES, ROOT, Block, all_blocks, read

# Which test takes a block of which language.
CHECKED = {
    "python": "test_python_blocks, test_one_file",
    "bash": "test_commands",
    "text": "test_text_blocks",
}


@pytest.mark.parametrize("block", all_blocks(), ids=str)
def test_blocks_are_of_a_kind_that_is_checked(block: Block) -> None:
    assert block.language in CHECKED, f"{block}: name the language of the block"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_stands_in_fences(path) -> None:
    """Indented code would escape the tests."""
    text = re.sub(r"^```.*?^```$", "", read(path), flags=re.DOTALL | re.MULTILINE)
    lines = text.splitlines()
    for above, line in pairwise(lines):
        assert above or not line.startswith("    "), f"{path.name}: {line!r} is indented code"


def test_the_readme_stays_short() -> None:
    lines = read(ROOT / "README.md").splitlines()
    assert len(lines) <= 130
    assert max(map(len, lines)) <= 220

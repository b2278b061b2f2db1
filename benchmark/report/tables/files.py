"""A sheet as CSV, as Markdown and as LaTeX."""

import re

import pandas as pd

from benchmark.report.tables.sheet import Sheet

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LATEX = {
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "Δ": r"$\Delta$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\to$",
    "…": r"\dots{}",
    "“": "``",
    "”": "''",
    "’": "'",
}


def csv_of(frame: pd.DataFrame) -> str:
    """A frame as CSV. A text that a spreadsheet would run as a formula gets an apostrophe."""
    guarded = frame.rename(columns=guarded_text).map(guarded_text)
    return guarded.to_csv(index=False, lineterminator="\n")


def guarded_text(value: object) -> object:
    """`value`, with an apostrophe before a text that a spreadsheet would take for a formula.

    >>> guarded_text("=1+1"), guarded_text("-0.012"), guarded_text(3)
    ("'=1+1", '-0.012', 3)
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text) is not None


def markdown_of(sheet: Sheet) -> str:
    """A sheet as a Markdown table, numbers at the right."""
    frame = sheet.texts()
    left = [True] * sheet.grouped + [column.left for column in sheet.columns]
    rules = [":--" if one else "--:" for one in left]
    lines = [list(frame.columns), rules, *frame.to_numpy().tolist()]
    return "".join(
        f"| {' | '.join(cell if line is rules else escaped(cell) for cell in line)} |\n"
        for line in lines
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\|*_`<>\[\]$~#&])", r"\\\1", " ".join(text.split()))


def latex_of(sheet: Sheet) -> str:
    r"""A sheet as a LaTeX table with booktabs' rules, to be taken in by \input.

    Signs are spelled so that pdfLaTeX sets them; names in other scripts want LuaLaTeX or XeLaTeX.
    """
    frame = sheet.texts()
    left = [True] * sheet.grouped + [column.left for column in sheet.columns]
    styled = frame.style.hide(axis="index").format(escape="latex")
    styled = styled.format_index(escape="latex", axis="columns")
    text = styled.to_latex(hrules=True, column_format="".join("l" if one else "r" for one in left))
    # A bracket after the end of a row would be taken for the row's height.
    text = re.sub(r"(\\\\\s*)\[", r"\1{[}", text)
    spelled = "".join(_LATEX.get(letter, letter) for letter in text)
    return f"% {' '.join(sheet.title.split())}. Needs \\usepackage{{booktabs}}.\n{spelled}"

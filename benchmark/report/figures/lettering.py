"""Names in figures: no name is read as mathematics, and fonts that have its letters are found."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

FIRST = "DejaVu Sans"
"""matplotlib's own font: it is there on every machine."""
_MOST_FAMILIES = 24
_JOINED = (
    *("MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU"),
    *("KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR"),
)


def plain_text(name: str) -> str:
    r"""`name` as matplotlib draws it letter by letter: a dollar sign opens no mathematics.

    Zero-width joiners and selectors are left out, since matplotlib doesn't join letters. A name
    that begins with an underscore would be left out of a legend, so a space goes before it.

    >>> plain_text("$5 to $9")
    '\\$5 to \\$9'
    """
    shown = "".join(letter for letter in name if not _ignorable(letter)).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


@dataclass(frozen=True)
class Lettering:
    """Font families in the order in which letters are looked for, and the letters in none."""

    families: tuple[str, ...]
    missing: tuple[str, ...]
    joined: bool

    @property
    def remarks(self) -> list[str]:
        """Remarks on letters that no font has."""
        found = []
        if self.missing:
            letters = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in self.missing)
            found.append(f"No installed font has {letters}: figures show a box instead.")
        if self.joined:
            found.append(
                "Figures draw Arabic, Hebrew, Indic and similar scripts letter by letter from left "
                "to right, because matplotlib doesn't shape text; tables show them as written."
            )
        return found


def lettering(names: Iterable[str]) -> Lettering:
    """The installed fonts that the letters of `names` need."""
    letters = {letter for name in names for letter in name if not _ignorable(letter)}
    return _lettering("".join(sorted(letters)))


@lru_cache(maxsize=8)
def _lettering(letters: str) -> Lettering:
    families = [FIRST]
    missing = _without_glyph(font_manager.findfont(FIRST), set(letters))
    candidates = _candidates() if missing else []
    while missing and len(families) < _MOST_FAMILIES:
        left = [_without_glyph(path, missing) for _, path in candidates]
        best = min(range(len(left)), key=lambda place: len(left[place]), default=None)
        if best is None or len(left[best]) == len(missing):
            break
        families.append(candidates[best][0])
        missing = left[best]
    joined = any(
        unicodedata.bidirectional(letter) in ("R", "AL")
        or unicodedata.name(letter, "").startswith(_JOINED)
        for letter in letters
    )
    return Lettering(tuple(families), tuple(sorted(missing)), joined)


def _candidates() -> list[tuple[str, str]]:
    """Upright fonts of usual weight as (family, file), those without serifs first."""
    entries = [
        (font.name, font.fname)
        for font in font_manager.fontManager.ttflist
        if font.style == "normal" and font.weight in (400, "normal", "regular", "book")
    ]
    return sorted(
        dict(entries).items(),
        key=lambda one: ("Sans" not in one[0], "Serif" in one[0] or "Mono" in one[0], one[0]),
    )


def _without_glyph(path: str, letters: set[str]) -> set[str]:
    """The letters that the font has no glyph for; all of them where it can't be read."""
    try:
        font: FT2Font = font_manager.get_font(path)
        return {letter for letter in letters if not font.get_char_index(ord(letter))}
    except (OSError, RuntimeError):
        return letters


def _ignorable(letter: str) -> bool:
    """Whether a letter has no shape of its own: joiners, and selectors of a variant."""
    return unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"

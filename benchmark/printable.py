"""Text that any output can show: names with control characters, streams that aren't UTF-8."""

import codecs
import io
import sys
import unicodedata
from typing import TextIO

_JOINERS = "\u200c\u200d"
"""Zero-width characters that belong to the spelling of Hindi, Persian and emoji."""
_NEAREST = {
    "−": "-",
    "–": "-",
    "—": "-",
    "±": "+-",
    "×": "x",
    "·": "-",
    "•": "-",
    "…": "...",
    "Δ": "D",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "\u00a0": " ",
    "\u2009": " ",
}
"""ASCII for the signs that the suite itself prints."""


def printable(text: str) -> str:
    r"""`text` on one line, with escapes for whatever can't be printed.

    Control characters, lone surrogates and characters that reverse the direction of a line become
    "\x1b", "\ud800" and the like.

    >>> print(printable("a\x1b[31m"))
    a\x1b[31m
    """
    return "".join(letter if _shown(letter) else _escape(letter) for letter in text)


def legible(text: str, encoding: str) -> str:
    """`text` in the characters of `encoding`: signs by their nearest ASCII, the rest as escapes."""
    return text.encode(encoding, _NAME).decode(encoding)


def prepare_streams() -> None:
    """Let standard output and error take every character, whatever their encoding is."""
    for stream in (sys.stdout, sys.stderr):
        _accept_all(stream)


def _accept_all(stream: TextIO) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_NAME)


def _shown(letter: str) -> bool:
    return letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs"


def _escape(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 256 else letter.encode("unicode_escape").decode()


_NAME = "benchmark.legible"


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(_NEAREST.get(letter) or _escape(letter) for letter in wrong), error.end


codecs.register_error(_NAME, _nearest)

import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.printable import legible, prepare_streams, printable


@given(st.text(st.characters(codec=None)))
def test_printable_text_holds_nothing_that_steers_an_output(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in shown)
    assert not any(letter in shown for letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\ufeff")
    shown.encode()
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m\r\n", r"a\x1b[31m\x0d\x0a"),
        ("\udcc3x", r"\udcc3x"),
        ("abc\u202edef", r"abc\u202edef"),
        (r"s=$\frac$ [/red] =1+1", r"s=$\frac$ [/red] =1+1"),
        ("क्‍ष 日本 👩‍🔬 a\u00a0b", "क्‍ष 日本 👩‍🔬 a\u00a0b"),
    ],
)
def test_printable_text_keeps_names(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_signs_have_a_nearest_ascii() -> None:
    assert legible("Δ −9.5 ± 0.2 – 2 × 3 é 日", "ascii") == r"D -9.5 +- 0.2 - 2 x 3 \xe9 \u65e5"
    assert legible("Δ −9.5 ± é", "latin-1") == "D -9.5 ± é"
    assert legible("Δ −9.5 日", "utf-8") == "Δ −9.5 日"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_streams_take_every_character(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    prepare_streams()
    for stream in streams:
        stream.write("Δ \ud800 日本")
        stream.flush()
        written = stream.buffer.getvalue()  # type: ignore[attr-defined]
        assert rb"\ud800" in written
        written.decode(encoding)

"""Names with markup, mathematics, formulas or other scripts come through every output."""

import csv
import io
import re
import unicodedata
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import store_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from benchmark.report import Table, build_table, print_table, write_report
from benchmark.report.figures.catalogue import Gallery
from benchmark.report.figures.lettering import lettering, plain_text
from benchmark.report.page.document import page_text
from benchmark.report.tables.archive import archive_text
from benchmark.report.tables.catalogue import all_sheets
from benchmark.report.tables.files import csv_of, latex_of, markdown_of
from benchmark.report.tables.markdown import markdown_text
from benchmark.suite.store.runs import read_runs

NASTY = [
    r"s=$\frac$",
    "$5 to $9",
    r"arm named $\frac{$",
    "[/red] [bold]x[/bold] :smile:",
    '=HYPERLINK("http://x")',
    "+1+1",
    "-2",
    "@SUM(A1)",
    'a "quoted", name',
    "<script>alert(1)</script> & <b>",
    "a | b \\ `c` *d* _e_",
    "{{ 7 * 7 }} {% raw %}",
    "日本 中国 한국어",
    "العربية עברית",
    "हिन्दी क्‍ष",
    "😀👩‍🔬",
    "_underscore",
    "100 % \\textbf{x} ^ ~ #",
    "[2mm]",
    "../../etc/passwd",
    "a" * 200,
    "\\",
    " ",
]


def steering(text: str) -> list[str]:
    """Characters that steer a terminal, reverse a line, or are no characters."""
    return [
        letter
        for letter in text
        if (unicodedata.category(letter) in {"Cc", "Cs"} and letter != "\n")
        or letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
    ]


class Texts(HTMLParser):
    """The page's text outside of styles and scripts, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.skipped = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.skipped = tag in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        self.skipped = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self.skipped else data


def printed(table: Table) -> str:
    console = Console(width=120, file=io.StringIO(), force_terminal=False, markup=False)
    print_table(table, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def check_outputs(table: Table, name: str) -> None:
    """Every text output of a table one of whose arms is `name`."""
    sheets = all_sheets(table)
    page = Texts()
    page.feed(page_text(table, sheets, Gallery()))
    assert page.tags.count("script") == 1 and "b" not in page.tags
    assert " ".join(name.split()) in " ".join(page.text.split())
    assert not steering(page.text)

    archive = archive_text(table)
    [*_, row] = list(csv.DictReader(io.StringIO(archive)))
    assert row["arm"] in (name, f"'{name}")
    for sheet in sheets.of_group.values():
        frame = sheet.texts()
        for line in csv.reader(io.StringIO(csv_of(sheet.numbers()))):
            for cell in line:
                assert not cell.startswith(("=", "@", "\t", "\r"))
                assert not cell.startswith(("+", "-")) or re.fullmatch(r"[+-][\d.]+", cell)
        lines = markdown_of(sheet).splitlines()
        bars = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines}
        assert len(lines) == len(frame) + 2 and len(bars) == 1
        latex = latex_of(sheet)
        body = latex[latex.index(r"\midrule") : latex.index(r"\bottomrule")]
        assert body.count("\\\\\n") == len(frame)
        ends = len(re.findall(r"(?<!\\)&", body))
        assert ends == len(frame) * (frame.shape[1] - 1)
        assert len(re.findall(r"(?<!\\)\$", body)) % 2 == 0
    terminal = printed(table)
    assert not steering(terminal)
    assert not steering(markdown_text(table)) and not steering(archive)


def table_with(out: Path, name: str) -> Table:
    for seed in range(2):
        store_run(out, seed=seed, objective_name=name, objective="norm_softmax")
        store_run(
            out,
            seed=seed,
            arm=name,
            objective_name=name,
            similarity={"type": "dam", "rule": "random"},
            metrics={"recall@1": 0.31 + 0.01 * seed, "map@r": 0.1},
        )
    return build_table(read_runs(out))


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_nasty_names(tmp_path: Path, name: str) -> None:
    check_outputs(table_with(tmp_path, name), name)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf", "Co", "Cn"]),
        min_size=1,
        max_size=30,
    ).filter(lambda name: name.strip() == name and name not in {"baseline", "dam"})
)
def test_any_name(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    check_outputs(table_with(tmp_path_factory.mktemp("names"), name), name)


def test_figures_with_every_nasty_name(store: Any, tmp_path: Path) -> None:
    for place, name in enumerate(NASTY):
        objective = f"{name} {place}"
        store(objective_name=objective)
        store(arm=name, objective_name=objective, similarity={"type": "dam", "rule": "random"})
    report = write_report(tmp_path)
    # The name "s=$\\frac$" puts its arm on an axis of its own.
    assert {path.stem for path in report.figures} == {
        f"typefaces-{kind}" for kind in ("differences", "training", "values", "axis-s")
    }
    assert not any("couldn't be drawn" in remark for remark in report.remarks)
    # Text is drawn as shapes, each with the text as a comment: nothing became mathematics.
    drawn = next(path for path in report.figures if path.name == "typefaces-values.svg")
    text = drawn.read_text(encoding="utf-8")
    assert "$5 to $9 1" in text and r"s=$\frac$ 0" in text


def test_the_names_of_a_result_are_made_printable(store: Any, tmp_path: Path) -> None:
    folder = store(
        dataset_facts={"name": "a\x1b[31mb\u202e", "note": "one\x07\ntwo \x1b]0;title\x07"}
    )
    store(arm="dam", state="failed", error="\x1b[2J broken \udcff <b>")
    assert "\\u001b" in (folder / "result.json").read_text()
    report = write_report(tmp_path)
    for path in (report.page, report.csv, report.markdown):
        assert not steering(path.read_text(encoding="utf-8"))
    [group] = report.table.groups
    assert group.label == r"a\x1b[31mb\u202e"
    assert not steering(printed(report.table))


def test_dollar_signs_open_no_mathematics() -> None:
    assert plain_text("$5 to $9") == r"\$5 to \$9"
    assert plain_text("_private") == " _private"
    assert plain_text("a_b") == "a_b"


def test_letters_that_no_font_has_are_named() -> None:
    assert lettering(["plain names, ± and Δ"]).remarks == []
    found = lettering(["a \U000f0000 b"])
    assert found.missing == ("\U000f0000",)
    assert "U+F0000" in found.remarks[0]
    assert any("letter by letter" in remark for remark in lettering(["العربية"]).remarks)


def test_a_figure_that_fails_costs_that_figure_alone(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no room for \x1b[31m it")

    store()
    store(arm="dam")
    monkeypatch.setattr("benchmark.report.figures.catalogue.values_figure", broken)
    report = write_report(tmp_path)
    [remark] = report.remarks
    assert remark == (
        "The figure “Recall@1” of typefaces couldn't be drawn: ValueError: no room for "
        r"\x1b[31m it"
    )
    assert {path.stem for path in report.figures} == {"typefaces-differences", "typefaces-training"}
    assert remark in unescape(report.page.read_text(encoding="utf-8"))


def test_tables_are_written_before_figures(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    store()
    monkeypatch.setattr("benchmark.report.draw_all", killed)
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path)
    for name in ("table.csv", "table.md", "tables/typefaces-results.tex"):
        assert (tmp_path / name).exists()

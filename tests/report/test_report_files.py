import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from PIL import Image
from rich.console import Console

from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.report import Report, Table, build_table, print_table, write_report
from benchmark.report.tables.markdown import markdown_text
from benchmark.suite.store.runs import read_runs

VOID = {"meta", "br", "img", "link"}


class Balanced(HTMLParser):
    """Checks that every tag is closed, in order, and collects what the page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(report: Report) -> str:
    text = report.page.read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)
    assert not parser.open
    assert all(source.startswith(("data:", "#")) for source in parser.sources)
    assert not parser.tags & {"link", "iframe"} and text.count("<script") == 1
    return text


def printed(table: Table, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    print_table(table, console)
    return console.export_text()


def store_suite(store: Any) -> None:
    for objective in ("norm_softmax", "multi_similarity"):
        for arm, gain in (("baseline", 0.0), ("dam", 0.02), ("random", -0.01)):
            for seed in range(3):
                value = 0.3 + gain + 0.01 * seed * (1 + gain)
                metrics = {"recall@1": value, "map@r": value / 3}
                store(objective=objective, arm=arm, seed=seed, metrics=metrics)


@pytest.mark.usefixtures("every_format")
def test_everything_is_written(store: Any, tmp_path: Path) -> None:
    store_suite(store)
    store(objective="triplet", state="failed", error="ValueError: a < b & c | d")
    before = dict(mpl.rcParams)
    report = write_report(tmp_path)
    assert dict(mpl.rcParams) == before

    names = {path.name for path in report.figures}
    kinds = ("differences", "values", "training")
    assert names == {f"typefaces-{kind}.{end}" for kind in kinds for end in ("png", "svg", "pdf")}
    for path in report.figures:
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert image.width > 1000 and len(image.convert("L").getcolors(256) or []) > 2
    page = page_of(report)
    assert page.count("data:image/svg+xml;base64,") == 3
    assert "Rendered from the fonts" in page
    assert "ValueError: a &lt; b &amp; c | d" in page and "a < b" not in page
    assert "19 runs on typefaces: 18 finished, 1 failed, 0 not run" in page
    assert "+2.0 [+2.0, +2.1]" in page
    assert not list(tmp_path.rglob(".*"))

    # Writing again gives the same bytes.
    paths = [report.csv, report.markdown, report.page, *report.tables, *report.figures]
    first = [path.read_bytes() for path in paths]
    write_report(tmp_path)
    assert [path.read_bytes() for path in paths] == first


def test_terminal_needs_a_hundred_columns(store: Any, tmp_path: Path) -> None:
    store_suite(store)
    store(objective="triplet", state="failed", error="RuntimeError: " + "[b]x[/b] " * 30)
    text = printed(build_table(read_runs(tmp_path)))
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"dam +3 +33\.0 ± 1\.0 +\+2\.0 \[\+2\.0, \+2\.1\]", text)
    assert "seeds 0–2" in text and "Rendered from the fonts" in text
    assert "(percentage points, 3 pairs)" in text
    assert "[b]x[/b]" in text  # an error's brackets are no markup


@pytest.mark.parametrize("length", range(4, 44, 3))
@pytest.mark.parametrize("width", [80, 100, 120])
def test_terminal_never_cuts_a_number(store: Any, tmp_path: Path, length: int, width: int) -> None:
    arm = "a" * length
    for seed in range(2):
        store(seed=seed, dim=length)
        metrics = {"recall@1": 0.2 + 0.01 * seed, "map@r": 0.05 + 0.03 * seed}
        store(arm=arm, seed=seed, dim=length, similarity={"type": "dam"}, metrics=metrics)
    text = printed(build_table(read_runs(tmp_path)), width)
    assert "…" not in text
    assert re.search(r"2 +20\.5( ± 0\.7)? +−9\.5 \[−15\.9, −3\.1\] +6\.5( ± 2\.1)? +", text)
    lines = text.splitlines()
    if "±" in "".join(line for line in lines if "20.5" in line):
        assert any(line.strip().startswith(f"{arm} ") for line in lines)


def test_markdown_is_a_table(store: Any, tmp_path: Path) -> None:
    store_suite(store)
    lines = markdown_text(build_table(read_runs(tmp_path))).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + 6
    assert len({line.count("|") for line in rows}) == 1
    assert "multi\\_similarity" in rows[2]


@pytest.mark.parametrize("state", ["failed", "not run"])
def test_no_finished_run(store: Any, tmp_path: Path, state: str) -> None:
    for arm in ("baseline", "dam"):
        store(arm=arm, state=state, error="CUDA error")
    report = write_report(tmp_path)
    assert report.figures == ()
    page = page_of(report)
    assert ("CUDA error" in page) == (state == "failed")
    assert f"0 (1 {state})" in printed(report.table)


def test_one_seed_has_a_difference_and_no_interval(store: Any, tmp_path: Path) -> None:
    store(arm="baseline", metrics={"recall@1": 0.3, "map@r": 0.1})
    store(arm="dam", metrics={"recall@1": 0.31, "map@r": 0.1}, losses=(2.0,))
    report = write_report(tmp_path)
    assert len(report.figures) == 3
    assert "+1.0 [–]" in page_of(report)
    assert "0.0 [–]" in printed(report.table)


def test_baseline_alone(store: Any, tmp_path: Path) -> None:
    store()
    report = write_report(tmp_path)
    assert {path.stem for path in report.figures} == {"typefaces-values", "typefaces-training"}
    text = printed(report.table)
    assert "pair" not in text and "Δ is" not in text and "no arm “dam”" in page_of(report)


def test_reidentification_has_its_own_metrics(store: Any, tmp_path: Path) -> None:
    for arm in ("baseline", "dam"):
        store(arm=arm, protocol="reid", metrics={"cmc@1": 0.5, "cmc@5": 0.7, "map": 0.4})
    report = write_report(tmp_path)
    assert "CMC@1" in printed(report.table) and "Recall" not in printed(report.table)
    assert "mAP" in page_of(report)


def test_equal_differences_are_said_to_be_no_certainty(store: Any, tmp_path: Path) -> None:
    store()
    assert "has width zero" in page_of(write_report(tmp_path))


def test_data_sets_whose_names_differ_in_marks_have_figures_of_their_own(
    store: Any, tmp_path: Path
) -> None:
    names = ("my set", "my-set", "My_set", "日本", "中国", "my-set-2")
    for name in names:
        folder = store(dataset={"type": name}, metrics={"recall@1": 0.3, "map@r": 0.1})
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        result["dataset"]["name"] = name
        write_json(folder / "result.json", result)
    figures = write_report(tmp_path).figures
    assert len({path.name.lower() for path in figures}) == len(figures) == 2 * len(names)
    assert all(path.name.isascii() and path.exists() for path in figures)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("table.csv", r"table\.csv can't be written \(Is a directory\)\. Move the folder"),
        ("report.html", r"report\.html can't be written \(Is a directory\)\. Move the folder"),
        ("tables/typefaces-cost.tex", r"cost\.tex can't be written \(Is a directory\)"),
        ("figures/typefaces-values.svg", r"values\.svg can't be written \(Is a directory\)"),
        ("figures", r"can't be written \(File exists\)\. Move the file away"),
    ],
)
def test_what_stands_in_the_way_is_named(
    store: Any, tmp_path: Path, place: str, message: str
) -> None:
    store()
    if place == "figures":
        (tmp_path / place).touch()
    else:
        (tmp_path / place).mkdir(parents=True)
    with pytest.raises(UserError, match=message):
        write_report(tmp_path)
    assert not list(tmp_path.rglob(".*"))


def test_no_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no runs"):
        write_report(tmp_path)

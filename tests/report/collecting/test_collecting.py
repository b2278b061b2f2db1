"""A report on several folders: each run once, and what lay in several is said."""

import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from benchmark.__main__ import main
from benchmark.errors import UserError
from benchmark.report import write_report
from benchmark.report.collecting import collect
from benchmark.report.figures.catalogue import Gallery


@pytest.fixture
def two(tmp_path: Path, store_at: Any) -> tuple[Path, Path]:
    """A folder with the runs of seeds 0 and 1, and another machine's with those of 1 and 2."""
    first, second = tmp_path / "first", tmp_path / "second"
    for out, seeds in ((first, (0, 1)), (second, (1, 2))):
        for seed in seeds:
            for arm in ("baseline", "dam"):
                store_at(out, arm=arm, seed=seed)
    return first, second


def test_runs_of_both_folders_are_shown_once(two: tuple[Path, Path]) -> None:
    found = collect(two, two[0] / "collected")
    keys = sorted((run.config.arm, run.config.seed) for run in found.stored.runs)
    assert keys == [(arm, seed) for arm in ("baseline", "dam") for seed in range(3)]
    first, second = two
    assert found.remarks == [f"2 runs with equal results in {first} and {second}, shown once"]
    assert found.sources is not None
    assert [list(line.values[:3]) for line in found.sources.lines] == [
        [str(first), 4, 4],
        [str(second), 4, 4],
    ]


def test_other_results_of_the_same_run_are_reported(two: tuple[Path, Path], store_at: Any) -> None:
    first, second = two
    store_at(second, arm="dam", seed=1, metrics={"recall@1": 0.35, "map@r": 0.1})
    found = collect(two, first / "collected")
    [remark, _] = found.remarks
    assert "(typefaces norm_softmax dam seed 1) differs between folders: recall@1 is" in remark
    assert remark.endswith(f"0.3000 in {first}, which is shown, and 0.3500 in {second}")
    [run] = [r for r in found.stored.runs if (r.config.arm, r.config.seed) == ("dam", 1)]
    assert run.metrics["recall@1"] == 0.3


def test_a_finished_run_stands_before_one_that_failed(tmp_path: Path, store_at: Any) -> None:
    store_at(tmp_path / "first", state="failed", error="no luck")
    store_at(tmp_path / "second")
    found = collect([tmp_path / "first", tmp_path / "second"], tmp_path)
    assert [run.state for run in found.stored.runs] == ["finished"]
    assert not [one for one in found.remarks if "results" in one]


def test_other_versions_are_reported(two: tuple[Path, Path], store_at: Any) -> None:
    store_at(two[1], seed=3, environment={"torch": "2.7.0", "commit": "fedcba98765"})
    remarks = collect(two, two[0] / "collected").remarks
    assert "the runs were made by several versions of torch (2.11.0, 2.7.0)" in "".join(remarks)
    assert "by several commits (0123456789, fedcba9876)" in "".join(remarks)


def test_the_page_names_the_folders(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    first, second = two
    assert main(["report", "--out", str(first), "--out", str(second)]) == 0
    page = (first / "collected" / "report.html").read_text(encoding="utf-8")
    assert "Where the runs come from" in page and str(second) in page
    assert "2 runs with equal results" in page
    assert (first / "collected" / "tables" / "sources.csv").exists()
    assert not (first / "report.html").exists() and not (second / "report.html").exists()
    alone = write_report(first)
    assert "Where the runs come from" not in alone.page.read_text(encoding="utf-8")


def test_the_page_links_to_the_folders_own_pages(
    tmp_path: Path, store_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    tree = tmp_path / "tree"
    names = ("first", "se:cond & 50 % #2", "without")
    folders = [tree / "deep" / names[0], tree / names[1], tree / names[2]]
    for seed, folder in enumerate(folders):
        store_at(folder, seed=seed)
    # Two versions lie in the second one, so that two lines name it.
    store_at(folders[1], seed=3, environment={"torch": "2.7.0"})
    for folder in folders[:2]:
        write_report(folder)
    monkeypatch.chdir(tree)
    first, *further = (folder.relative_to(tree) for folder in folders)
    page = write_report(first, further=further).page
    view = write_report(first, ["typefaces"], further).page
    moved = tmp_path / "moved"
    tree.rename(moved)
    for one in (page, view):
        path = moved / one
        text = path.read_text("utf-8")
        links = re.findall(r'<th scope="row"><a href="([^"]*)">([^<]*)</a>', text)
        assert [unescape(name) for _, name in links] == ["deep/first", names[1], names[1]]
        found = [urlsplit(urljoin(path.as_uri(), unescape(link))) for link, _ in links]
        assert [Path(unquote(address.path)) for address in found] == [
            moved / "deep" / names[0] / "report.html",
            *[moved / names[1] / "report.html"] * 2,
        ]
        assert all(not address.query and not address.fragment for address in found)
        assert '<th scope="row">without</th>' in text


def test_a_folder_that_says_nothing_is_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    first, _ = two
    with pytest.raises(UserError, match="given twice"):
        collect([first, first / ".." / "first"], tmp_path)
    with pytest.raises(UserError, match="There are no runs in"):
        collect([first, tmp_path / "mistyped"], tmp_path)


def test_pairs_are_made_across_folders(
    tmp_path: Path, store_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    first, second = tmp_path / "first", tmp_path / "second"
    store_at(first)
    shutil.copytree(first, second)
    shutil.rmtree(next((second / "runs").iterdir()))
    folder = store_at(second, arm="dam")
    assert folder.is_dir()
    table: Any = write_report(first, further=[second]).table
    [dam] = [row for row in table.rows if row.arm == "dam"]
    assert list(dam.pairs.runs) == [0]

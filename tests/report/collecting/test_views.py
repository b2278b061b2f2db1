"""A report and a status on some of the data sets of a store."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.errors import UserError
from benchmark.report import write_report
from benchmark.report.figures.catalogue import Gallery
from benchmark.suite.store.upkeep import statuses


@pytest.fixture
def two_sets(store: Any, tmp_path: Path) -> Path:
    """A store with a pair of runs on each of two data sets."""
    for kind in ("typefaces", "cues"):
        for arm in ("baseline", "dam"):
            store(arm=arm, dataset={"type": kind}, dataset_facts={"name": kind})
    return tmp_path


def test_a_view_is_on_its_data_sets_and_leaves_the_whole_alone(
    two_sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    whole = write_report(two_sets)
    before = whole.page.read_bytes()
    view = write_report(two_sets, ["cues"])
    assert view.page == two_sets / "views" / "cues" / "report.html"
    assert {group.name for group in view.table.groups} == {"cues"}
    assert "typefaces" not in view.csv.read_text(encoding="utf-8")
    assert whole.page.read_bytes() == before


def test_a_data_set_without_runs_is_refused(two_sets: Path) -> None:
    for refused in (write_report, statuses):
        with pytest.raises(UserError, match=r"no run is on 'cue'. Did you mean 'cues'\? Known: cu"):
            refused(two_sets, ["cue"])


def test_status_of_one_data_set(two_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--out", str(two_sets), "--only", "cues"]) == 0
    assert "2 finished" in capsys.readouterr().out

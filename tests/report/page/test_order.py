"""The page answers a reader's questions in their order."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmark.report import write_report
from benchmark.report.figures.catalogue import Gallery
from benchmark.report.grouping import build_table
from benchmark.report.page.document import _sections
from benchmark.report.tables.catalogue import all_sheets
from benchmark.suite.store.runs import read_runs

ORDER = [
    *("found", "results", "published", "differences", "parts", "recall", "training"),
    *("changes", "kept", "cost", "conditions", "missing", "reading"),
]


def test_sections_stand_in_a_readers_order(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(2):
        for arm in ("baseline", "dam"):
            store(arm=arm, seed=seed)
    table = build_table(read_runs(tmp_path))
    planned = [one.anchor for one in _sections(table, all_sheets(table), Gallery(), ())]
    assert [anchor for anchor in planned if anchor in ORDER] == ORDER
    assert len(set(planned)) == len(planned)
    monkeypatch.setattr("benchmark.report.draw_all", lambda table, folder: Gallery())
    page = write_report(tmp_path).page.read_text(encoding="utf-8")
    shown = re.findall(r'<section id="(\w+)">', page)
    assert shown == [anchor for anchor in planned if anchor in shown]
    assert shown == re.findall(r'<a href="#(\w+)">', page)
    assert {"found", "results", "differences", "cost", "conditions", "reading"} <= set(shown)

"""A run that can't be read is listed, and the others are reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import store_run
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import UserError
from benchmark.report import build_table, write_report
from benchmark.report.tables.archive import archive_text
from benchmark.report.tables.catalogue import all_sheets
from benchmark.suite.store.runs import read_runs

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("result.json", DEEP, "recursion"),
        ("config.json", DEEP, "recursion"),
        ("environment.json", '{"a": ' * 100_000 + "1" + "}" * 100_000, "recursion"),
        ("result.json", f'{{"state": "finished", "metrics": {{"recall@1": {"9" * 400}}}}}', "400 "),
        ("config.json", f'{{"seed": {"9" * 400}}}', "400 digits"),
        ("result.json", f'{{"state": "finished", "metrics": {{"recall@1": {"9" * 5000}}}}}', ""),
        ("result.json", "", "Expecting value"),
        ("result.json", "null", ""),
        ("result.json", '{"state": "finished", "metrics": {"recall@1": 1e999}}', ""),
        ("config.json", "{}", ""),
        ("result.json", '"not entries"', ""),
    ],
    ids=range(11),
)
def test_one_damaged_run_does_not_stop_the_report(
    store: Any, tmp_path: Path, name: str, content: str, reason: str
) -> None:
    store()
    folder = store(arm="dam")
    (folder / name).write_text(content, encoding="utf-8")
    report = write_report(tmp_path)
    assert len(report.table.runs) == 1
    [damaged] = report.table.damaged
    assert damaged.folder == folder
    assert reason in damaged.reason and "Remove the folder" in damaged.reason
    assert damaged.reason in report.remarks
    page = report.page.read_text(encoding="utf-8")
    assert "2 runs on typefaces: 1 finished, 0 failed, 0 not run, 1 damaged" in page
    assert "Damaged runs" in page and folder.name in page
    assert folder.name in report.markdown.read_text(encoding="utf-8")


def test_a_renamed_folder_is_damaged(store: Any, tmp_path: Path) -> None:
    store()
    folder = store(arm="dam")
    folder.rename(folder.with_name("abc"))
    [damaged] = read_runs(tmp_path).damaged
    assert "isn't named" in damaged.reason


def test_a_store_of_damaged_runs_alone_is_refused(store: Any, tmp_path: Path) -> None:
    (store() / "result.json").write_text(DEEP)
    with pytest.raises(UserError, match="can't be read"):
        write_report(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(["result.json", "config.json", "environment.json"]),
    key=st.text(max_size=12)
    | st.sampled_from(
        [
            *("state", "metrics", "history", "dataset", "timing", "digests", "sampler", "schedule"),
            *("memory", "optimiser", "epochs", "dim", "commit", "device_name", "objective"),
        ]
    ),
    value=JSON,
)
def test_no_exchanged_entry_stops_the_tables(
    tmp_path_factory: pytest.TempPathFactory, name: str, key: str, value: Any
) -> None:
    out = tmp_path_factory.mktemp("store")
    store_run(out)
    folder = store_run(out, arm="dam")
    stored = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**stored, key: value}))
    table = build_table(read_runs(out))
    assert len(table.runs) + len(table.damaged) == 2
    archive_text(table)
    for sheet in all_sheets(table).of_group.values():
        sheet.texts()
        sheet.numbers()

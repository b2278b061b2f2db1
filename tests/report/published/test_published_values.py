"""Published values stand beside whole official sets alone, and say what differs."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.report import build_table, write_report
from benchmark.report.published.beside import METHODS, ledger_sheet, published_sheet
from benchmark.report.published.values import published_on, published_values
from benchmark.report.table import Group
from benchmark.suite.store.runs import read_runs

CUB = {"name": "CUB-200-2011", "official": True}
RESNET = {"type": "resnet50", "weights": "imagenet"}


def group_in(out: Path) -> Group:
    [group] = build_table(read_runs(out)).groups
    return group


def store_seeds(store: Any, values: tuple[float, ...], **options: Any) -> None:
    for seed, value in enumerate(values):
        store(seed=seed, metrics={"recall@1": value, "map@r": value / 3}, **options)


def test_the_file_holds_what_it_says() -> None:
    rows = published_values()
    assert len(rows) == 97
    assert {one.dataset for one in rows} == {"CUB-200-2011", "Cars196", "Market-1501", "MSMT17"}
    for one in rows:
        assert one.method and one.backbone and one.protocol and one.source and one.confidence
        assert "recall_at_1" in one.values
        assert all(0 < value < 1 for value in one.values.values())
        recalls = [one.values.get(f"recall_at_{k}", 1.0) for k in (1, 2, 4, 8)]
        assert recalls == sorted(recalls)
        assert one.dim == "" or one.dim.isdecimal()
        assert ("map" in one.values) == (one.dataset in ("Market-1501", "MSMT17"))
    keys = {(one.dataset, one.method, one.backbone, one.protocol, one.source) for one in rows}
    assert len(keys) == len(rows)


def test_every_method_that_is_looked_for_was_published() -> None:
    known = {one.method for one in published_values()}
    assert {method for methods in METHODS.values() for method in methods} <= known


def test_dams_own_value_is_second_hand() -> None:
    [dam] = [one for one in published_on("CUB-200-2011") if one.method == "DAM"]
    assert dam.value("recall@1") == pytest.approx(0.691)
    assert not dam.confirmed and not dam.independent


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        (CUB, True),
        ({"name": "CUB-200-2011", "official": False}, False),  # one's own folder of that name
        ({"name": "CUB-50", "official": False}, False),  # a part of the release
        ({"name": "CUB-200-2011 (partial: 150 of 200 classes)", "official": False}, False),
        ({"name": "CUB-200-2011, fold 0 of 4", "official": False}, False),
        ({"name": "typefaces", "official": False}, False),  # rendered
        ({"name": "CUB-50", "official": True}, False),  # no name of a published set
    ],
)
def test_only_a_whole_official_set_stands_beside_published_values(
    store: Any, tmp_path: Path, facts: dict[str, Any], shown: bool
) -> None:
    store(objective="proxy_anchor", backbone=RESNET, dim=512, dataset_facts=facts)
    page = write_report(tmp_path).page.read_text(encoding="utf-8")
    assert ("Proxy-Anchor-CVPR2020 README" in page) == shown
    assert ("Beside published values" in page) == shown
    assert any(path.name.endswith("-ledger.csv") for path in tmp_path.rglob("*")) == shown


def test_a_run_that_does_not_say_that_it_is_official_is_not(store: Any, tmp_path: Path) -> None:
    store(objective="proxy_anchor", seed=0, dataset_facts=CUB)
    store(objective="proxy_anchor", seed=1, dataset_facts={"name": "CUB-200-2011"})
    assert published_sheet(group_in(tmp_path)) is None
    assert ledger_sheet(group_in(tmp_path)) is None


@pytest.mark.parametrize(
    ("name", "shown"), [("MSMT17-V2", True), ("MSMT17-V1", True), ("MSMT17-V2, fold 0", False)]
)
def test_versions_of_msmt17(store: Any, tmp_path: Path, name: str, shown: bool) -> None:
    store(
        objective="softmax",
        protocol="reid",
        metrics={"cmc@1": 0.63, "map": 0.34},
        dataset_facts={"name": name, "official": True},
    )
    assert (published_sheet(group_in(tmp_path)) is not None) == shown


def test_what_differs_is_named(store: Any, tmp_path: Path) -> None:
    store_seeds(
        store,
        (0.69, 0.70, 0.71),
        objective="proxy_anchor",
        backbone=RESNET,
        dim=512,
        dataset_facts=CUB,
    )
    sheet = published_sheet(group_in(tmp_path))
    assert sheet is not None
    frame = sheet.texts()
    official = frame[frame["Source"] == "Proxy-Anchor-CVPR2020 README"].iloc[0]
    assert official["Published"] == "69.9" and official["Re-run by others"] == "–"
    assert official["Ours"] == "70.0 [67.5, 72.5]" and official["Difference"] == "+0.1"
    assert official["What differs"] == (
        "last epoch here, best test epoch there; batch and crop not said there"
    )
    inception = frame[frame["Source"].str.contains("DAS Table 1")].iloc[0]
    assert "backbone ResNet-50 here, BN-Inception there" in inception["What differs"]
    rerun = frame[frame["Method"].str.startswith("Proxy-Anchor (re-run)")].iloc[0]
    assert rerun["Re-run by others"] == "69.5" and "unconfirmed" in rerun["Method"]


def test_the_ledger_lists_every_value_once(store: Any, tmp_path: Path) -> None:
    for objective, values in (("proxy_anchor", (0.69, 0.70, 0.71)), ("norm_softmax", (0.5, 0.51))):
        store_seeds(store, values, objective=objective, backbone=RESNET, dim=512, dataset_facts=CUB)
    store(objective="circle", backbone=RESNET, dim=512, dataset_facts=CUB)
    sheet = ledger_sheet(group_in(tmp_path))
    assert sheet is not None
    frame = sheet.texts()
    assert len(frame) == len(published_on("CUB-200-2011"))
    here = {(row["Method"], row["Backbone"]): row["Here"] for row in frame.to_dict("records")}
    assert here["Proxy-Anchor (official code)", "ResNet-50"] == (
        "within our interval, 70.0 [67.5, 72.5]"
    )
    assert here["Normalized Softmax", "ResNet-50"] == "outside our interval, 50.5 [44.1, 56.9]"
    assert here["Circle", "BN-Inception"] == "tried with ResNet-50 only"
    assert here["SoftTriple", "BN-Inception"] == "not tried"


def test_one_seed_reproduces_nothing(store: Any, tmp_path: Path) -> None:
    store(objective="proxy_anchor", backbone=RESNET, dim=512, dataset_facts=CUB)
    sheet = ledger_sheet(group_in(tmp_path))
    assert sheet is not None
    assert sum("one seed, which has no interval" in line.values[4] for line in sheet.lines) >= 3

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import UserError
from benchmark.report.grouping import build_table
from benchmark.report.metrics import metric_name
from benchmark.report.settings import distinct, entry_text, value_text, varying
from benchmark.report.table import Table
from benchmark.report.tables.archive import archive_text
from benchmark.report.tables.families import families_sheet
from benchmark.suite.store.runs import Stored, read_runs

DAM = {"type": "dam", "rule": "quantile", "keep": 0.8, "joint": 0.0}
RECALL = {
    "baseline": [0.30, 0.32, 0.34],
    "dam": [0.33, 0.33, 0.36],
}


@pytest.fixture
def table_of(tmp_path: Path) -> Any:
    return lambda: build_table(read_runs(tmp_path))


def csv_rows(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive_text(table))))


def store_arms(store: Any, **options: Any) -> None:
    for arm, values in RECALL.items():
        for seed, value in enumerate(values):
            metrics = {"recall@1": value, "map@r": value / 2}
            store(arm=arm, seed=seed, metrics=metrics, **options)


def test_families_count_seeds_as_other_tables_do(store: Any, table_of: Any) -> None:
    for objective in ("norm_softmax", "proxy_anchor"):
        store_arms(store, objective=objective)
    sheet = families_sheet(table_of())
    assert sheet is not None
    (line,) = sheet.lines
    assert line.values[:3] == ["dam", 2, 3]


def test_golden_table(store: Any, table_of: Any) -> None:
    store_arms(store)
    baseline, dam = csv_rows(table_of())
    expected = {
        "data set": "typefaces",
        "protocol": "retrieval",
        "recipe": "glyphs",
        "objective": "norm_softmax",
        "objective settings": "norm_softmax scale=20",
        "arm": "dam",
        "arm settings": "quantile keep=0.8 joint=0",
        "seeds": "3",
        "failed": "0",
        "not run": "0",
        "pairs": "3",
        "pairing": "",
        "recall@1 mean (fraction)": "0.340000",
        # Deviations -.01, -.01, .02 with divisor 2.
        "recall@1 sd (fraction)": "0.017321",
        # Differences .03, .01, .02: s = .01, half width .01 * 4.302653 / sqrt(3) = .024841.
        "recall@1 difference (fraction)": "0.020000",
        "recall@1 difference low95 (fraction)": "-0.004841",
        "recall@1 difference high95 (fraction)": "0.044841",
        "recall@8 mean (fraction)": "",
        "main metric": "recall@1",
        "untrained main metric (fraction)": "0.170000",
        "backbone": "glyphnet width=32",
        "weights": "random",
        "batch norm": "trained",
        "pooling": "avg",
        "neck": "none",
        "memory": "none",
        "schedule": "cosine to 0; warm-up 0.5",
        "dim": "128",
        "batch": "100 (25 × 4)",
        "epochs": "12",
        "device": "cpu",
        "device name": "A processor",
        "threads": "1",
        "torch": "2.11.0",
        "commit": "0123456789",
    }
    assert {name: dam[name] for name in expected} == expected
    assert baseline["arm"] == "baseline"
    assert baseline["recall@1 difference (fraction)"] == ""
    assert baseline["recall@1 mean (fraction)"] == "0.320000"


def test_differences_are_paired_by_seed_and_not_by_order(store: Any, table_of: Any) -> None:
    generator = np.random.default_rng(0)
    seeds = [7, 0, 30, 4]
    values = {arm: dict(zip(seeds, generator.uniform(size=4), strict=True)) for arm in RECALL}
    for arm, own in values.items():
        for seed, value in own.items():
            store(arm=arm, seed=seed, metrics={"recall@1": float(value)})
    row = table_of().rows[1]
    found = row.difference("recall@1")
    expected = [values["dam"][seed] - values["baseline"][seed] for seed in seeds]
    interval = stats.ttest_1samp(expected, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    ("digests", "reason"),
    [
        ({"initial_weights": "other", "batches": "b1"}, "initial weights differ"),
        ({"initial_weights": "w1", "batches": "other"}, "batches differ"),
        ({"initial_weights": "w1"}, "batches not recorded"),
        (
            {"initial_weights": "w1", "batches": "b1", "data_listing": "l", "data_images": "x"},
            "images differ",
        ),
        (
            {"initial_weights": "w1", "batches": "b1", "data_listing": "l", "data_images": "i"},
            "evaluated pixels not recorded",
        ),
    ],
)
def test_a_broken_pair_is_left_out_and_named(
    store: Any, table_of: Any, digests: dict[str, str], reason: str
) -> None:
    for seed in range(3):
        store(arm="baseline", seed=seed, metrics={"recall@1": 0.3})
        own = digests if seed == 1 else None
        store(arm="dam", seed=seed, metrics={"recall@1": 0.9 if own else 0.4}, digests=own)
    _, dam = csv_rows(table_of())
    assert dam["pairing"] == f"not paired: {reason} (seed 1)"
    assert dam["pairs"] == "2" and dam["seeds"] == "3"
    assert dam["recall@1 difference (fraction)"] == "0.100000"


def test_failed_and_missing_runs_stay_in_the_table(store: Any, table_of: Any) -> None:
    store(arm="baseline", seed=0, state="failed", error="out of memory")
    store(arm="baseline", seed=1, state="not run")
    store(arm="dam", seed=0)
    baseline, dam = csv_rows(table_of())
    assert (baseline["seeds"], baseline["failed"], baseline["not run"]) == ("0", "1", "1")
    assert baseline["recall@1 mean (fraction)"] == ""
    assert dam["pairing"] == "not paired: no finished baseline (seed 0)"
    assert math.isnan(table_of().rows[1].difference("recall@1").mean)


def test_a_comparison_holds_runs_that_differ_in_the_arm_alone(store: Any, table_of: Any) -> None:
    store_arms(store)
    store_arms(store, dim=64)
    store_arms(store, objective="cosface")
    comparisons = table_of().groups[0].comparisons
    assert [comparison.label for comparison in comparisons] == [
        "cosface",
        "norm_softmax (dim=64)",
        "norm_softmax (dim=128)",
    ]
    assert all([row.arm for row in one.rows] == ["baseline", "dam"] for one in comparisons)


def test_one_arm_with_two_settings_gives_two_rows(store: Any, table_of: Any) -> None:
    store()
    store(arm="random")
    for keep in (0.8, 0.5):
        store(arm="dam", similarity={"type": "dam", "rule": "quantile", "keep": keep})
    labels = [row.label for row in table_of().rows]
    assert labels == ["baseline", "dam (keep=0.5)", "dam (keep=0.8)", "random"]


def test_rivals_are_arms_of_the_same_comparison(store: Any, table_of: Any) -> None:
    store_arms(store)
    dropout = {"type": "dropout", "p": 0.2}
    plain, mapped = {"type": "plain"}, DAM
    for arm, similarity in (("dropout", plain), ("dam+dropout", mapped)):
        for seed in range(3):
            store(arm=arm, seed=seed, similarity=similarity, rivals=[dropout])
    [comparison] = table_of().groups[0].comparisons
    assert [(row.arm, row.short) for row in comparison.rows] == [
        ("baseline", "plain"),
        ("dam", "quantile keep=0.8 joint=0"),
        ("dam+dropout", "as dam, rivals=(dropout p=0.2)"),
        ("dropout", "plain; dropout p=0.2"),
    ]
    assert comparison.rows[2].settings == "quantile keep=0.8 joint=0; dropout p=0.2"
    assert all(len(row.pairs.runs) == 3 for row in comparison.rows[1:])


def test_points_of_axes_stand_last_and_in_the_order_of_their_numbers(
    store: Any, table_of: Any
) -> None:
    store_arms(store)
    for keep in (0.5, 0.25, 1.0):
        store(arm=f"keep={keep}", similarity=DAM | {"keep": keep})
    store(arm="random")
    rows = table_of().rows
    assert [row.label for row in rows] == [
        *("baseline", "dam", "random", "keep=0.25", "keep=0.5", "keep=1.0"),
    ]
    assert rows[-1].short == "as dam, keep=1"


def test_metrics_on_request_follow_those_of_the_protocol(store: Any, table_of: Any) -> None:
    store(metrics={"recall@1": 0.3, "map": 0.2, "nmi": 0.5})
    [group] = table_of().groups
    assert group.metrics[-2:] == ["map", "nmi"] and len(group.metrics) == 8
    [row] = csv_rows(table_of())
    assert row["nmi mean (fraction)"] == "0.500000" and row["map mean (fraction)"] == "0.200000"
    assert metric_name("nmi") == "NMI" and metric_name("minp") == "mINP"


def test_data_sets_have_their_own_groups_and_metrics(store: Any, table_of: Any) -> None:
    store()
    store(dataset={"type": "typefaces", "size": 48}, protocol="reid", metrics={"cmc@1": 0.5})
    large, small = sorted(table_of().groups, key=lambda group: group.protocol)
    assert (large.label, small.label) == ("typefaces (size=48)", "typefaces (size=32)")
    assert large.main_metrics == ("cmc@1", "map")
    assert small.main_metrics == ("recall@1", "map@r")


def test_mixed_conditions_are_all_shown(store: Any, table_of: Any) -> None:
    store(seed=0, environment={"torch": "2.6.0", "dirty": True})
    store(seed=1)
    store(seed=2, state="not run")
    [row] = csv_rows(table_of())
    assert set(row["torch"].split(" / ")) == {"2.6.0", "2.11.0"}
    assert set(row["commit"].split(" / ")) == {"0123456789", "0123456789 + changes"}


def test_the_same_run_twice_is_refused(store: Any, tmp_path: Path) -> None:
    store()
    with pytest.raises(UserError, match="same configuration"):
        build_table(Stored(2 * read_runs(tmp_path).runs))


def test_settings_as_text() -> None:
    entry = {"joint": 0.0, "keep": 0.8, "rescale": True, "rule": "quantile", "type": "dam"}
    assert entry_text(entry) == "quantile keep=0.8 joint=0 rescale=on"
    assert entry_text({"type": "naive_both", "rule": "mean"}) == "naive_both mean"
    joint = {"pair": {"type": "triplet", "margin": 0.3}, "type": "joint", "weights": [1.0, 0.5]}
    assert entry_text(joint) == "joint weights=1,0.5 pair=(triplet margin=0.3)"
    assert value_text([]) == "none"
    nested = [{"a": {"rate": 1}, "b": {"rate": 1}}, {"a": {"rate": 2}, "b": {"rate": 3}}]
    assert varying(nested) == ["a.rate=1, b.rate=1", "a.rate=2, b.rate=3"]
    assert distinct(["x", "y"], nested) == ["x", "y"]
    assert distinct(["x"], nested[:1]) == ["x"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"device_name": "Another"},
            "device models differ (Another; baseline A processor)",
        ),
        ({"torch": "2.6.0"}, "versions of torch differ (2.6.0; baseline 2.11.0)"),
        ({"cudnn": 90100}, "versions of cuDNN differ (90100; baseline unknown)"),
        ({"pillow": "11.0.0"}, "versions of Pillow differ (11.0.0; baseline unknown)"),
        ({"commit": "ffff"}, "commits differ (ffff; baseline 0123456789)"),
        ({"dirty": True}, "commits differ (0123456789 with changes; baseline 0123456789)"),
    ],
)
def test_runs_made_under_other_circumstances_are_no_pair(
    store: Any, table_of: Any, changed: dict[str, Any], reason: str
) -> None:
    for seed in range(2):
        store(seed=seed)
        store(arm="dam", seed=seed, environment=changed if seed else None)
    _, dam = csv_rows(table_of())
    assert dam["pairing"] == f"not paired: {reason} (seed 1)"
    assert (dam["pairs"], dam["seeds"]) == ("1", "2")

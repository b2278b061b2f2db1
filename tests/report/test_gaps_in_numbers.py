"""What a row says where its numbers come from fewer seeds than it has, and of one of a thing."""

import math
from pathlib import Path
from typing import Any

import pytest

from benchmark.report import build_table, write_report
from benchmark.report.numbers import listed, plural
from benchmark.report.reading import legend, remarks
from benchmark.report.table import Group
from benchmark.suite.store.runs import read_runs


def group_in(out: Path) -> Group:
    [group] = build_table(read_runs(out)).groups
    return group


def store_three(store: Any, arm: str, recalls: tuple[float, ...]) -> None:
    for seed, recall in enumerate(recalls):
        store(arm=arm, seed=seed, metrics={"recall@1": recall, "map@r": 0.1 + 0.01 * seed})


def test_a_value_that_is_missing_is_named_and_the_others_count(store: Any, tmp_path: Path) -> None:
    store_three(store, "baseline", (0.30, 0.31, 0.33))
    store_three(store, "dam", (0.32, math.nan, 0.36))
    group = group_in(tmp_path)
    dam = group.rows[1]
    assert dam.summary("recall@1").mean == pytest.approx(0.34)
    assert dam.summary("recall@1").n == 2
    assert dam.difference("recall@1").mean == pytest.approx(0.025)
    assert dam.difference("map@r").n == 3
    said = remarks(group)
    assert "norm_softmax, dam: Recall@1: no value in seed 1" in said
    assert (
        "norm_softmax, dam: Recall@1: the mean is over seeds 0, 2, the baseline's over seeds 0–2, "
        "Δ over seeds 0, 2"
    ) in said
    report = write_report(tmp_path)
    for path in (report.page, report.markdown):
        assert "no value in seed 1" in path.read_text(encoding="utf-8")


def test_a_metric_that_one_seed_lacks_draws_every_figure(store: Any, tmp_path: Path) -> None:
    store_three(store, "baseline", (0.30, 0.31, 0.33))
    for seed in range(2):
        store(arm="dam", seed=seed, metrics={"recall@1": 0.3, "map@r": 0.1})
    store(arm="dam", seed=2, metrics={"map@r": 0.1})
    report = write_report(tmp_path)
    assert len(report.figures) == 3 and not report.remarks


def test_a_mean_over_seeds_that_are_in_no_difference_is_named(store: Any, tmp_path: Path) -> None:
    for seed in range(5):
        store(seed=seed)
    for seed in (0, 1):
        store(arm="dam", seed=seed)
    [said] = remarks(group_in(tmp_path))
    assert said == (
        "norm_softmax, dam: Recall@1, MAP@R: the mean is over seeds 0, 1, the baseline's over "
        "seeds 0–4, Δ over seeds 0, 1"
    )


def test_complete_rows_need_no_remark(store: Any, tmp_path: Path) -> None:
    for arm in ("baseline", "dam"):
        store_three(store, arm, (0.30, 0.31, 0.33))
    assert remarks(group_in(tmp_path)) == []


def test_one_of_a_thing_is_written_so(store: Any, tmp_path: Path) -> None:
    store(epochs=1, dataset_facts={"query_images": 1})
    group = group_in(tmp_path)
    assert legend(group)[0] == "Per cent, mean over seed 0, after a single epoch."
    page = write_report(tmp_path).page.read_text(encoding="utf-8")
    assert "1 run on typefaces" in page and "1 query image," in page
    for wrong in ("1 runs", "1 epochs", "1 seeds", "1 pairs", "1 images", "n = 0", "0 pairs"):
        assert wrong not in page
    assert plural(1, "pair") == "1 pair" and plural(0, "run") == "0 runs"
    assert listed([3, 1, 2, 8]) == "1–3, 8"


def test_pairs_that_none_could_form_are_told_from_no_arm(store: Any, tmp_path: Path) -> None:
    store(state="failed", error="out of memory")
    store(arm="dam")
    assert legend(group_in(tmp_path))[1] == (
        "No arm has a pair with its baseline, so there is no difference to show."
    )


def test_a_loss_that_is_nan_is_left_out_of_the_leak(store: Any, tmp_path: Path) -> None:
    dam = {"type": "dam", "rule": "quantile", "keep": 0.8, "mapping": "margin"}
    naive = dam | {"mapping": "naive_both"}
    for seed, loss in enumerate((1.0, math.nan)):
        store(seed=seed, losses=(3.0, 1.5))
        store(arm="mapping=naive_both", seed=seed, similarity=naive, losses=(1.0, loss))
    report = write_report(tmp_path)
    assert not report.remarks
    sheet = (tmp_path / "tables" / "typefaces-leak.csv").read_text(encoding="utf-8")
    assert "naive_both,1.000000,," in sheet

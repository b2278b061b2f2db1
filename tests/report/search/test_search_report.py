"""A search in the report: every trial, what won, and the winners compared as pairs."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from benchmark.report import build_table, write_report
from benchmark.report.figures.style import looks
from benchmark.report.search.figure import search_figure
from benchmark.report.search.sheet import search_sheet
from benchmark.report.search.trials import Searched, searches
from benchmark.suite.store.runs import read_runs

SCALE, KEEP = "objective.scale", "similarity.keep"
SEARCH = {"trials": 3, "tpe": 0, "folds": 2, "seed": 1000}
POINTS = ((10.0, 0.6), (20.0, 0.7), (40.0, 0.8))
MAP = {
    "baseline": ((0.20, 0.22), (0.30, 0.32), (0.26, 0.24)),
    "dam": ((0.10, 0.12), (0.28, 0.30), (0.36, 0.32)),
}


def settings(arm: str, scale: float, keep: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "arm": arm,
        "objective": "norm_softmax",
        "tuned": {"keys": [SCALE] if arm == "baseline" else [SCALE, KEEP], "search": None},
    }
    if arm != "baseline":
        options["similarity"] = {"type": "dam", "rule": "quantile", "keep": keep, "joint": 0.0}
    return options


def store_trials(store: Any, **options: Any) -> None:
    for arm, values in MAP.items():
        for (scale, keep), folds in zip(POINTS, values, strict=True):
            for fold, value in enumerate(folds):
                validation = {"folds": 2, "fold": fold, "seed": 1000}
                store(
                    **settings(arm, scale, keep) | options,
                    seed=1000,
                    scale=scale,
                    dataset={"type": "typefaces", "size": 32, "validation": validation},
                    dataset_facts={"name": f"typefaces, validation fold {fold + 1} of 2"},
                    metrics={"recall@1": 1 - value, "map@r": value},
                )


def store_winners(store: Any, **search: Any) -> None:
    for arm, scale, keep, value in (("baseline", 20.0, 0.7, 0.3), ("dam", 40.0, 0.8, 0.35)):
        options = settings(arm, scale, keep)
        options["tuned"] = options["tuned"] | {"search": SEARCH | search}
        for seed in (0, 1):
            metrics = {"recall@1": 0.5, "map@r": value + seed / 100}
            store(**options, seed=seed, scale=scale, metrics=metrics)


def searched(out: Path) -> Searched:
    [found] = searches(read_runs(out).runs)
    return found


def test_winners_with_different_settings_are_pairs(store: Any, tmp_path: Path) -> None:
    store_trials(store)
    store_winners(store)
    table = build_table(read_runs(tmp_path))
    [group] = table.groups
    [comparison] = group.comparisons
    assert (group.label, comparison.label) == ("typefaces", "norm_softmax, tuned")
    assert "scale" not in comparison.shared["objective"]
    baseline, dam = comparison.rows
    assert "objective.scale=20" in baseline.settings and "objective.scale=40" in dam.settings
    assert dam.differences("map@r") == pytest.approx({0: 0.05, 1: 0.05})
    assert len(table.trials) == 12 and len(table.runs) == 4


def test_another_search_and_the_suites_own_settings_stay_apart(store: Any, tmp_path: Path) -> None:
    store_winners(store)
    store_winners(store, trials=5)
    store(scale=20.0)
    [group] = build_table(read_runs(tmp_path)).groups
    assert [comparison.label for comparison in group.comparisons] == [
        "norm_softmax",
        "norm_softmax, tuned (trials=3)",
        "norm_softmax, tuned (trials=5)",
    ]
    assert all(len(one.rows) == 2 for one in group.comparisons[1:])


def test_the_best_mean_wins_and_differences_are_at_one_point(store: Any, tmp_path: Path) -> None:
    store_trials(store)
    found = searched(tmp_path)
    assert (found.label, found.metric, found.keys) == (
        "typefaces, norm_softmax",
        "map@r",
        [SCALE, KEEP],
    )
    baseline, dam = found.best("baseline"), found.best("dam")
    assert baseline is not None and baseline.values == {SCALE: 20.0}
    assert dam is not None and dam.values == {SCALE: 40.0, KEEP: 0.8}
    assert found.difference(dam) == pytest.approx(0.34 - 0.25)
    assert math.isnan(found.difference(baseline))


def test_a_trial_that_lacks_a_fold_does_not_win(store: Any, tmp_path: Path) -> None:
    store_trials(store)
    for run in read_runs(tmp_path).runs:
        if run.config.tuned_values == {SCALE: 20.0} and run.metrics["map@r"] == 0.32:
            (run.folder / "result.json").write_text('{"state": "failed", "error": "no luck"}')
    found = searched(tmp_path)
    best = found.best("baseline")
    assert best is not None and best.values == {SCALE: 40.0}
    line = search_sheet(found).lines[1]
    assert (line.under, line.values[0], line.values[-2]) == ("baseline", "20", 1)


def test_of_equal_trials_the_one_that_was_trained_is_marked(store: Any, tmp_path: Path) -> None:
    store_trials(store)
    for run in read_runs(tmp_path).runs:
        if run.config.arm == "dam":
            result = {"state": "finished", "metrics": {"map@r": 0.3}}
            (run.folder / "result.json").write_text(json.dumps(result))
    store_winners(store)
    best = searched(tmp_path).best("dam")
    assert best is not None and best.trained and best.values == {SCALE: 40.0, KEEP: 0.8}
    baseline = searched(tmp_path).best("baseline")
    assert baseline is not None and baseline.values == {SCALE: 20.0}
    chosen = [line for line in search_sheet(searched(tmp_path)).lines if line.values[-1]]
    assert [line.values[:2] for line in chosen] == [["20", ""], ["40", "0.8"]]


def test_a_panel_has_every_trial_of_every_arm(store: Any, tmp_path: Path) -> None:
    store_trials(store)
    figure = search_figure(searched(tmp_path), looks(["baseline", "dam"]))
    assert figure is not None
    scale, keep, scale_below, keep_below = figure.axes
    assert scale.get_xscale() == "log" and keep.get_xscale() == "linear"

    def marked(axes: Any) -> list[tuple[float, float]]:
        return sorted(
            (float(line.get_xdata()[0]), round(float(line.get_ydata()[0]), 6))
            for line in axes.get_lines()
            if len(line.get_xdata()) == 1
        )

    assert marked(scale) == [(10, 11), (10, 21), (20, 29), (20, 31), (40, 25), (40, 34)]
    assert marked(keep) == [(0.6, 11), (0.7, 29), (0.8, 34)]
    assert marked(scale_below) == [(10, -10), (20, -2), (40, 9)]
    assert marked(keep_below) == [(0.6, -10), (0.7, -2), (0.8, 9)]


@pytest.mark.parametrize("finished", [True, False])
def test_page_and_files_have_the_search(store: Any, tmp_path: Path, finished: bool) -> None:
    store_trials(store)
    if finished:
        store_winners(store)
    report = write_report(tmp_path)
    page = report.page.read_text()
    assert "A search of 12 runs, 12 finished." in page
    assert "Search for the settings" in page
    assert "dam: 34.0 with objective.scale = 40, similarity.keep = 0.8." in page
    assert "3 trials of each arm on 2 folds, chosen by the mean MAP@R" in page
    assert report.remarks == []
    names = [path.name for path in (*report.tables, *report.figures)]
    assert "typefaces-norm-softmax-search.svg" in names
    table = tmp_path / "tables" / "typefaces-norm-softmax-search.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 6
    assert [row["Arm"] for row in rows if row["Chosen"]] == ["baseline", "dam"]
    assert float(rows[-1]["Δ MAP@R at the same point (fraction)"]) == pytest.approx(0.09)

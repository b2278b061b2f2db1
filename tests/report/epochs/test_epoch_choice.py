"""Which epoch's values are shown: the last, one chosen on folds, the best on the test images."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.report.epochs.choice import choice_sheet
from benchmark.report.epochs.figure import epochs_figure
from benchmark.report.figures.style import looks
from benchmark.report.grouping import build_table
from benchmark.report.statistics.interval import paired_interval
from benchmark.report.table import Table
from benchmark.report.tables.sheet import Sheet
from benchmark.suite.store.runs import read_runs

FOLD = {"folds": 4, "fold": 0, "seed": 0}


def store_course(store: Any, values: list[float], fold: dict[str, int] | None = None, **run: Any):
    """A run evaluated after each epoch: Recall@1 by epoch."""
    dataset = {"type": "typefaces", "validation": fold}
    metrics = {"recall@1": values[-1], "map@r": 0.1}
    name = "typefaces" if fold is None else "typefaces (fold 0 of 4)"
    folder = store(
        metrics=metrics, epochs=len(values), dataset=dataset, dataset_facts={"name": name}, **run
    )
    path = folder / "result.json"
    result = json.loads(path.read_text())
    result["history"] = [
        {"epoch": epoch, "loss": 1.0} | ({"metrics": {"recall@1": value}} if between else {})
        for epoch, value in enumerate(values, start=1)
        for between in [epoch < len(values)]
    ]
    path.write_text(json.dumps(result))


def tables(out: Path) -> tuple[Table, list[Sheet | None]]:
    table = build_table(read_runs(out))
    return table, [choice_sheet(table, group) for group in table.groups]


COURSES = [[0.2, 0.5, 0.4], [0.3, 0.35, 0.45], [0.1, 0.5, 0.47]]


def test_the_best_epoch_on_the_test_images_is_each_runs_own(store: Any, tmp_path: Path) -> None:
    for seed, values in enumerate(COURSES):
        store_course(store, values, seed=seed)
    _, [sheet] = tables(tmp_path)
    assert sheet is not None
    [line] = sheet.lines
    _, seeds, last, on_fold, epoch, best, optimism = line.values
    assert seeds == 3
    assert last.mean == pytest.approx((0.4 + 0.45 + 0.47) / 3)
    assert best.mean == pytest.approx((0.5 + 0.45 + 0.5) / 3)
    assert optimism == paired_interval([0.5 - 0.4, 0.0, 0.5 - 0.47])
    assert (on_fold.n, epoch) == (0, None)
    assert "that adds +4.3 [0.0, +10.0] points of Recall@1" in sheet.notes[0]


def test_an_epoch_chosen_on_folds_never_sees_the_test_images(store: Any, tmp_path: Path) -> None:
    for seed, values in enumerate(COURSES):
        store_course(store, values, seed=seed)
        store_course(store, [0.9, 0.2, 0.1], fold=FOLD, seed=seed)
        store_course(store, [0.1, 0.2, 0.9], fold=FOLD, seed=seed, arm="dam")  # another arm
    table, sheets = tables(tmp_path)
    found = {group.name: sheet for group, sheet in zip(table.groups, sheets, strict=True)}
    assert found["typefaces (fold 0 of 4)"] is None
    sheet = found["typefaces"]
    assert sheet is not None
    [line] = sheet.lines
    assert line.values[4] == 1  # the best on the fold, the worst on the test images
    assert line.values[3].mean == pytest.approx((0.2 + 0.3 + 0.1) / 3)


def test_runs_without_evaluations_between_epochs_have_no_choice(store: Any, tmp_path: Path) -> None:
    store()
    table, [sheet] = tables(tmp_path)
    assert sheet is None
    assert epochs_figure(table.groups[0], looks(["baseline"])) is None


def test_the_figure_has_a_band_over_the_seeds(store: Any, tmp_path: Path) -> None:
    for seed, values in enumerate(COURSES):
        store_course(store, values, seed=seed)
    table, _ = tables(tmp_path)
    figure = epochs_figure(table.groups[0], looks(["baseline"]))
    assert figure is not None
    [axes] = figure.axes
    [line], [band] = axes.lines, axes.collections
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata() == pytest.approx([20.0, 45.0, 44.0])
    assert band.get_datalim(axes.transData).height > 30

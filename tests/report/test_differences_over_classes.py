"""The second interval of a row, from what its runs stored for each query."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.report import build_table, write_report
from benchmark.report.reading import remarks
from benchmark.report.statistics.classes import interval_over_classes
from benchmark.report.tables.evidence import classes_sheet
from benchmark.suite.store.runs import read_runs
from benchmark.training.per_query import FILE, write_per_query

LABELS = np.repeat(np.arange(8), 5)


def store_queries(store: Any, arm: str, seed: int) -> np.ndarray:
    """A run whose metrics are the means of what it stores for each query."""
    generator = np.random.default_rng([seed, arm == "dam"])
    recall = (generator.random(len(LABELS)) < (0.7 if arm == "dam" else 0.5)).astype(np.float64)
    precision = recall * generator.random(len(LABELS))
    metrics = {"recall@1": recall.mean(), "map@r": precision.mean()}
    folder = store(arm=arm, seed=seed, metrics={name: float(one) for name, one in metrics.items()})
    write_per_query(folder, {"label": LABELS, "recall@1": recall, "map@r": precision})
    return recall


def test_the_table_has_both_intervals(store: Any, tmp_path: Path) -> None:
    runs = [[store_queries(store, arm, seed) for arm in ("dam", "baseline")] for seed in range(3)]
    expected = interval_over_classes(np.stack([dam - base for dam, base in runs]), LABELS)
    [group] = build_table(read_runs(tmp_path)).groups
    sheet = classes_sheet(group)
    assert sheet is not None
    [line] = sheet.lines
    over_seeds, over_both = line.values[1], line.values[2]
    assert over_both == expected
    assert over_both.mean == pytest.approx(over_seeds.mean, abs=1e-12)
    report = write_report(tmp_path)
    assert "over classes too" in report.page.read_text(encoding="utf-8")
    assert (tmp_path / "tables" / "typefaces-classes.tex").exists()
    assert not remarks(group)


def test_without_the_files_there_is_no_such_table(store: Any, tmp_path: Path) -> None:
    store_queries(store, "baseline", 0)
    store(arm="dam", seed=0)
    [group] = build_table(read_runs(tmp_path)).groups
    assert classes_sheet(group) is None


def test_other_queries_are_not_subtracted(store: Any, tmp_path: Path) -> None:
    for arm in ("baseline", "dam"):
        store_queries(store, arm, 0)
    folder = store(arm="dam", seed=0)
    values = np.zeros(len(LABELS))
    write_per_query(folder, {"label": LABELS[::-1].copy(), "recall@1": values, "map@r": values})
    [group] = build_table(read_runs(tmp_path)).groups
    assert classes_sheet(group) is None


def test_a_damaged_file_is_named(store: Any, tmp_path: Path) -> None:
    for arm in ("baseline", "dam"):
        store_queries(store, arm, 0)
    [path] = [one.folder / FILE for one in read_runs(tmp_path).runs if one.config.arm == "dam"]
    path.write_bytes(b"no archive")
    [group] = build_table(read_runs(tmp_path)).groups
    assert classes_sheet(group) is None
    [remark] = remarks(group)
    assert remark.startswith("norm_softmax, dam: seed 0: ") and FILE in remark

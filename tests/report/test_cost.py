"""What training costs: time and memory of an arm beside its baseline's, at the same seed."""

import json
import math
from typing import Any

import pytest

from benchmark.report.statistics.interval import paired_interval
from benchmark.report.tables.cost import cost_sheet


def store_costs(store: Any, costs: dict[str, list[tuple[float, int]]]) -> None:
    """Two epochs of so many seconds together, and so many bytes, by arm and seed."""
    for arm, found in costs.items():
        for seed, (seconds, size) in enumerate(found):
            path = store(arm=arm, seed=seed) / "result.json"
            result = json.loads(path.read_text())
            result["timing"]["train_s"] = seconds
            result["memory"] = {"train_peak": size} if size else {}
            path.write_text(json.dumps(result))


def test_an_arm_stands_beside_its_baseline_at_the_same_seed(store: Any, group_of: Any) -> None:
    store_costs(
        store,
        {
            "baseline": [(2.0, 1_000_000_000), (4.0, 2_000_000_000)],
            "dam": [(3.0, 1_100_000_000), (6.0, 2_200_000_000)],
        },
    )
    sheet = cost_sheet(group_of())
    assert sheet is not None
    baseline, dam = sheet.lines
    cells = ["baseline", "2", "1.5 ± 0.71", "–", "1,500 ± 707", "–"]
    assert baseline.cells(sheet.columns) == cells
    assert dam.values[2].mean == pytest.approx(2.25)
    assert dam.values[3] == paired_interval([math.log(1.5), math.log(1.5)])
    assert dam.cells(sheet.columns)[3] == "+50 % [+50, +50]"
    assert dam.cells(sheet.columns)[5] == "+10 % [+10, +10]"


def test_memory_that_was_not_measured_is_left_open(store: Any, group_of: Any) -> None:
    store_costs(store, {"baseline": [(2.0, 0)], "dam": [(2.0, 10**9)]})
    sheet = cost_sheet(group_of())
    assert sheet is not None
    baseline, dam = (line.cells(sheet.columns) for line in sheet.lines)
    assert baseline[4:] == ["–", "–"]
    assert dam[4:] == ["1,000", "–"]

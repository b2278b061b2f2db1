"""`bench training`: the turns, the ratios, and what it writes."""

import csv
from pathlib import Path

import pytest
import torch
from rich.console import Console

from benchmark.bench.training import bench
from benchmark.bench.training.cases import CASES
from benchmark.bench.training.timing import Times, limit, plain_loader, timed
from benchmark.errors import UserError
from tests.training.small_runs import configured, keep_in


def test_ratios_are_of_the_same_round() -> None:
    # The machine is half as fast in the second round, for both.
    times = Times([1.0, 2.0, 1.0], {"limit": [0.9, 1.8, 0.9], "other": [3.0, 6.0, 3.0]})
    assert times.ratio("limit") == pytest.approx((0.9, 0.9, 0.9))
    assert times.ratio("other", "limit") == pytest.approx((10 / 3,) * 3)


def test_a_run_is_timed_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in(monkeypatch, tmp_path)
    config = configured("norm_softmax", "baseline", "sampler.classes=50", "epochs=1")
    order: list[str] = []
    step = limit(config)
    others = {"first": lambda: order.append("first"), "second": lambda: (order.append("2"), step())}
    times = timed(config, others, rounds=2, steps=3)
    # One turn more than rounds: the first is left out.
    assert order == (["first"] * 3 + ["2"] * 3) * 3
    assert len(times.run) == len(times.others["first"]) == len(times.others["second"]) == 2
    assert min(times.run) > 0 and min(times.others["second"]) > max(times.others["first"])
    assert plain_loader(config) is None  # type is rendered, and in no file


def test_table_names_what_was_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_in(monkeypatch, tmp_path)
    monkeypatch.delenv("DAM_BENCHMARK_DATA_ROOT", raising=False)
    monkeypatch.setattr(bench, "CASES", [case for case in CASES if "100" not in case.name])
    monkeypatch.setattr(bench, "keep_freed_memory", lambda: None)  # for as long as a process lasts
    console = Console(record=True, width=150)
    assert bench.bench_training(console, out=tmp_path / "out", quick=True) == 0
    rows = list(csv.DictReader((tmp_path / "out/table.csv").open(encoding="utf-8")))
    measured = [(row["objective"], row["arm"]) for row in rows if not row["why not"]]
    assert measured == [
        (objective, arm)
        for objective in ("multi_similarity", "triplet")
        for arm in ("baseline", "dam")
    ]
    for row in rows:
        if row["arm"]:
            assert 0 < float(row["of limit"]) < 10 and float(row["target"]) == 0.90
        assert bool(row["DAM / baseline"]) == (row["arm"] == "dam")
    page = (tmp_path / "out/table.md").read_text(encoding="utf-8")
    assert "not measured: EfficientNet-Lite0, 128 px, batch 64: suite paper" in page
    if not torch.cuda.is_available():
        assert page.count("there is no GPU here") == 2
    assert "--data-root" in console.export_text()


def test_one_case_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAM_BENCHMARK_DATA_ROOT", raising=False)
    monkeypatch.setattr(bench, "keep_freed_memory", lambda: None)
    console = Console(record=True, width=150)
    assert bench.bench_training(console, out=tmp_path, only="frozen", quick=True) == 0
    (row,) = csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8"))
    assert row["case"] == "head on frozen features, batch 100" and "--data-root" in row["why not"]
    assert "bench training --case frozen --quick`" in (tmp_path / "table.md").read_text("utf-8")
    with pytest.raises(UserError, match=r"--case froze x: .* There are: ResNet-50, 224 px"):
        bench.bench_training(console, only="froze x")

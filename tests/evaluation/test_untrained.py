"""Metrics before training, which are kept for runs that start from the same network."""

import math
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.cache_folder import VARIABLE
from benchmark.evaluation import Evaluation
from benchmark.evaluation.untrained import untrained_evaluation

ORIGIN = {"weights": "a1", "data": {"data_images": "b2"}, "config": {"nmi": False}}


class Measurement:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Evaluation:
        self.times += 1
        metrics = {"recall@1": self.times / 8, "map@r": math.nan}
        return Evaluation(metrics, 8, 0, {}, images="c3")


def recall(measure: Measurement, origin: dict[str, Any]) -> float:
    return untrained_evaluation(measure, origin).metrics["recall@1"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_same_origin_is_measured_once(cache: Path) -> None:
    measure = Measurement()
    first = untrained_evaluation(measure, ORIGIN)
    second = untrained_evaluation(measure, dict(reversed(ORIGIN.items())))
    assert measure.times == 1
    assert first.metrics["recall@1"] == second.metrics["recall@1"] == 1 / 8
    assert math.isnan(second.metrics["map@r"])
    assert first.images == second.images == "c3"


@pytest.mark.parametrize("key", ORIGIN)
def test_another_origin_is_measured_again(cache: Path, key: str) -> None:
    measure = Measurement()
    untrained_evaluation(measure, ORIGIN)
    assert recall(measure, ORIGIN | {key: "other"}) == 2 / 8


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"metrics": {"recall@1": 0.5}}', b"\xff", b"[" * 100_000]
)
def test_a_damaged_file_is_measured_again_and_mended(cache: Path, content: bytes) -> None:
    measure = Measurement()
    untrained_evaluation(measure, ORIGIN)
    (path,) = cache.rglob("*.json")
    path.write_bytes(content)
    assert recall(measure, ORIGIN) == 2 / 8
    assert recall(measure, ORIGIN) == 2 / 8
    assert measure.times == 2


def test_a_cache_that_cannot_be_written_costs_time_alone(cache: Path) -> None:
    cache.write_text("a file where the folder would be")
    measure = Measurement()
    assert recall(measure, ORIGIN) == 1 / 8
    assert recall(measure, ORIGIN) == 2 / 8

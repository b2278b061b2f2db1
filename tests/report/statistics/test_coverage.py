import pytest
from interval_coverage import SHAPES, class_coverage, flagged, t_coverage

from benchmark.report.statistics.normality import looks_skewed


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_t_interval_covers_normal_differences_in_95_percent(n: int) -> None:
    assert t_coverage(SHAPES["normal"], n, 3000) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_the_t_interval_covers_exponential_differences_in_less(n: int) -> None:
    assert 0.86 <= t_coverage(SHAPES["exponential"], n, 1000) <= 0.93


def test_skewed_differences_are_seen_more_often_than_normal_ones() -> None:
    assert flagged(SHAPES["normal"], 10, 200) < 0.1
    assert flagged(SHAPES["exponential"], 10, 200) > 0.35
    assert not looks_skewed([0.1, 0.2, 0.9])
    assert not looks_skewed([0.1] * 8)


def test_the_interval_over_classes_covers_as_it_says() -> None:
    assert class_coverage(5, 25, 0.1, 0.1, samples=400) == pytest.approx(0.95, abs=0.03)

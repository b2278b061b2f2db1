import math

import numpy as np
import pytest
from scipy import stats

from benchmark.report.statistics.classes import interval_over_classes


def drawn(
    seed: int, seeds: int = 5, classes: int = 40, of_class: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Differences [seeds, queries] with effects of seed, class, both and query; and labels."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), generator.integers(10, 40, classes))
    found = 0.02 + generator.normal(0, 0.005, (seeds, 1))
    found = found + of_class * generator.normal(size=classes)[labels]
    found = found + 0.02 * generator.normal(size=(seeds, classes))[:, labels]
    return found + generator.normal(0, 0.3, (seeds, len(labels))), labels


def resampled_deviation(differences: np.ndarray, labels: np.ndarray) -> float:
    """The standard deviation of the mean under Owen's pigeonhole bootstrap."""
    generator = np.random.default_rng(0)
    seeds, classes = len(differences), labels.max() + 1
    sums = np.stack([np.bincount(labels, row) for row in differences])
    sizes = np.bincount(labels)
    of_seeds = generator.multinomial(seeds, np.full(seeds, 1 / seeds), 20_000)
    of_classes = generator.multinomial(classes, np.full(classes, 1 / classes), 20_000)
    means = np.einsum("bs,sc,bc->b", of_seeds, sums, of_classes, optimize=True)
    return float((means / (of_classes @ sizes * seeds)).std())


def half_width_in_deviations(differences: np.ndarray, labels: np.ndarray) -> float:
    found = interval_over_classes(differences, labels)
    return (found.high - found.mean) / resampled_deviation(differences, labels)


def test_the_mean_is_that_of_all_queries() -> None:
    differences, labels = drawn(0)
    differences[:, 3] = math.nan  # a query without a match
    found = interval_over_classes(differences, labels)
    assert found.mean == pytest.approx(np.nanmean(differences), abs=1e-12)
    assert found.n == 5


@pytest.mark.parametrize("seed", range(3))
def test_the_width_is_near_that_of_resampling_seeds_and_classes(seed: int) -> None:
    assert half_width_in_deviations(*drawn(seed, seeds=12)) == pytest.approx(2.0, abs=0.35)


def test_one_query_a_class_and_no_effect_of_the_seed_is_the_t_interval_over_classes() -> None:
    values = np.random.default_rng(0).normal(0.1, 1, 30)
    found = interval_over_classes(np.stack([values, values]), np.arange(30))
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-10)


def test_classes_that_are_alike_leave_the_interval_over_seeds() -> None:
    at_seed = np.array([0.01, 0.03, 0.02])
    found = interval_over_classes(np.repeat(at_seed[:, None], 50, axis=1), np.arange(50) // 5)
    expected = stats.ttest_1samp(at_seed, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-10)


def test_coverage_over_seeds_and_classes() -> None:
    found = [interval_over_classes(*drawn(seed)) for seed in range(400)]
    covered = np.mean([one.low <= 0.02 <= one.high for one in found])
    assert 0.92 <= covered <= 0.98


def test_too_little_for_an_interval() -> None:
    labels = np.array([0, 0, 1])
    one = interval_over_classes(np.array([[0.1, 0.2, 0.3]]), labels)
    assert one.mean == pytest.approx(0.2) and math.isnan(one.low)
    assert math.isnan(interval_over_classes(np.full((3, 3), 0.1), np.zeros(3, int)).low)
    assert math.isnan(interval_over_classes(np.full((3, 3), math.nan), labels).mean)
    equal = interval_over_classes(np.zeros((3, 3)), labels)
    assert (equal.low, equal.high) == (0.0, 0.0)

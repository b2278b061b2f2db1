import math

import numpy as np
import pytest
from scipy import stats

from benchmark.report.statistics.joint import (
    mean_effect,
    probability_of_improvement,
    resampled_interval,
)


def arms_that_share_seeds(seeds: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Baselines and arms [3, seeds]: the seed moves both by far more than the arm does."""
    generator = np.random.default_rng(0)
    shared = generator.normal(0, 0.05, (1, seeds))
    baseline = 0.3 + shared + generator.normal(0, 0.001, (3, seeds))
    return baseline, 0.305 + shared + generator.normal(0, 0.001, (3, seeds))


def test_the_mean_effect_counts_seeds_and_not_runs() -> None:
    differences = np.random.default_rng(0).normal(0.01, 0.02, (4, 5))
    found = mean_effect(differences)
    expected = stats.ttest_1samp(differences.mean(0), 0).confidence_interval()
    assert found.n == 5
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-10)
    # One effect in every comparison is no more certain than in one of them.
    same = np.repeat(differences[:1], 4, axis=0)
    assert mean_effect(same).low == pytest.approx(mean_effect(differences[:1]).low, abs=1e-12)


def test_resampling_whole_seeds_gives_the_same_width_where_there_are_many() -> None:
    differences = np.random.default_rng(1).normal(0.01, 0.02, (3, 300))
    low, high = resampled_interval(differences.mean(axis=0))
    found = mean_effect(differences)
    assert (low, high) == pytest.approx((found.low, found.high), abs=2e-4)


def test_resampling_the_arms_independently_throws_the_pairing_away() -> None:
    baseline, arm = arms_that_share_seeds()
    found = mean_effect(arm - baseline)
    assert found.low > 0.004
    generator = np.random.default_rng(2)
    drawn = [generator.integers(200, size=(2000, 200)) for _ in range(2)]
    means = arm.mean(0)[drawn[0]].mean(1) - baseline.mean(0)[drawn[1]].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    assert low < 0 < high and high - low > 20 * (found.high - found.low)


def test_improvement_is_counted_within_pairs() -> None:
    baseline, arm = arms_that_share_seeds()
    found = probability_of_improvement(arm - baseline)
    assert found.probability > 0.99
    every_run_against_every_other = stats.mannwhitneyu(arm[0], baseline[0]).statistic / 200**2
    assert every_run_against_every_other < 0.6


def test_seeds_that_agree_have_no_interval() -> None:
    found = probability_of_improvement(np.array([[0.1, 0.2, 0.3], [-0.1, -0.1, -0.1]]))
    assert found.probability == 0.5 and math.isnan(found.low) and math.isnan(found.high)
    mixed = probability_of_improvement(np.array([[0.1, -0.1, 0.1, 0.1, 0.1, -0.1]]))
    assert mixed.low < 4 / 6 < mixed.high


def test_ties_are_half_an_improvement() -> None:
    found = probability_of_improvement(np.array([[0.1, 0.0, -0.1], [0.0, 0.0, 0.0]]))
    assert found.probability == 0.5 and found.n == 3
    one = probability_of_improvement(np.array([[0.1]]))
    assert one.probability == 1.0 and math.isnan(one.low)
    assert probability_of_improvement(np.zeros((0, 0))).n == 0
    assert mean_effect(np.zeros((0, 0))).n == 0

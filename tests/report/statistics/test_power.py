import math

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower

from benchmark.report.statistics.power import detectable_difference, seeds_needed


def power(effect: float, n: int) -> float:
    """Of a two-sided t-test at 5 %: the chance over the sample's spread of a mean beyond it.

    (n - 1) s² is chi-squared and independent of the mean, which is normal.
    """
    quantile, root = stats.t.ppf(0.975, n - 1), math.sqrt(n)

    def beyond(square: float) -> float:
        bound = quantile * math.sqrt(square / (n - 1))
        away = stats.norm.sf(bound - effect * root) + stats.norm.cdf(-bound - effect * root)
        return float(away * stats.chi2.pdf(square, n - 1))

    def by_root(root_of_square: float) -> float:  # smooth at 0, where chi-squared's density isn't
        return beyond(root_of_square**2) * 2 * root_of_square

    return integrate.quad(by_root, 0, math.sqrt(n) + 12, epsabs=1e-13, epsrel=1e-13, limit=500)[0]


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30, 200])
def test_a_detectable_difference_is_found_with_80_percent_power(n: int) -> None:
    found = detectable_difference(n, 0.02)
    assert power(found / 0.02, n) == pytest.approx(0.8, abs=1e-10)
    if n > 2:  # statsmodels' power is NaN for two pairs
        assert TTestPower().power(found / 0.02, n, 0.05) == pytest.approx(0.8, abs=1e-10)


def test_it_is_known_for_every_number_of_pairs() -> None:
    found = [detectable_difference(n, 1.0) for n in range(2, 150)]
    assert all(math.isfinite(one) for one in found)
    assert found == sorted(found, reverse=True)


def test_a_simulation_finds_it_in_80_percent() -> None:
    drawn = np.random.default_rng(0).normal(detectable_difference(5, 1.0), 1.0, (20_000, 5))
    assert np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05) == pytest.approx(
        0.8, abs=0.01
    )


@pytest.mark.parametrize("effect", [0.1, 0.3, 0.5, 0.9, 2.0, 7.0])
def test_the_needed_seeds_are_the_fewest(effect: float) -> None:
    needed = seeds_needed(effect, 1.0)
    assert needed is not None
    assert power(effect, needed) >= 0.8
    assert needed == 2 or power(effect, needed - 1) < 0.8
    assert seeds_needed(-0.01 * effect, 0.01) == needed


def test_what_cannot_be_said() -> None:
    assert math.isnan(detectable_difference(1, 0.1))
    assert math.isnan(detectable_difference(3, 0.0))
    assert math.isnan(detectable_difference(3, math.nan))
    assert seeds_needed(0.005, 0.0) is None
    assert seeds_needed(0.005, math.nan) is None
    assert seeds_needed(1e-9, 1.0) is None
    assert seeds_needed(1e9, 1.0) == 2

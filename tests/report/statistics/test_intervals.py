import math

import numpy as np
import pytest
from scipy import stats

from benchmark.report.numbers import difference, mean_sd, percent
from benchmark.report.statistics.interval import Interval, Summary, paired_interval, summarise


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_interval_is_that_of_scipys_one_sample_test(n: int) -> None:
    generator = np.random.default_rng(n)
    for _ in range(20):
        values = generator.normal(generator.normal(), generator.uniform(0.01, 3), n)
        found = paired_interval(values.tolist())
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert found.n == n
        assert found.mean == pytest.approx(values.mean(), abs=1e-12)
        assert found.low == pytest.approx(expected.low, rel=1e-9, abs=1e-12)
        assert found.high == pytest.approx(expected.high, rel=1e-9, abs=1e-12)


def test_interval_with_the_tabulated_quantile() -> None:
    # t(0.975; 2) = 4.3027; differences 1, 2, 3 have s = 1.
    found = paired_interval([0.01, 0.02, 0.03])
    assert found.high - found.mean == pytest.approx(0.01 * 4.3027 / math.sqrt(3), rel=1e-4)


def test_equal_differences_have_an_interval_without_width() -> None:
    assert paired_interval([0.0, 0.0, 0.0]) == Interval(3, 0.0, 0.0, 0.0)


def test_one_pair_has_no_interval_and_none_has_no_mean() -> None:
    one, none = paired_interval([0.25]), paired_interval([])
    assert one.mean == 0.25 and math.isnan(one.low) and math.isnan(one.high)
    assert none.n == 0 and math.isnan(none.mean)


def test_summary_divides_by_n_minus_one() -> None:
    summary = summarise([0.1, 0.2, 0.6])
    assert summary.mean == pytest.approx(0.3)
    assert summary.sd == pytest.approx(math.sqrt((0.04 + 0.01 + 0.09) / 2))
    assert math.isnan(summarise([0.1]).sd)


def test_numbers_have_a_proper_minus_and_no_negative_zero() -> None:
    assert percent(0.33649) == "33.6"
    assert percent(-0.0123, signed=True) == "−1.2"
    assert percent(-0.0001, signed=True) == "0.0"
    assert percent(math.nan) == "–"
    assert mean_sd(Summary(3, 0.336, 0.009)) == "33.6 ± 0.9"
    assert mean_sd(Summary(1, 0.336, math.nan)) == "33.6"
    assert difference(Interval(3, 0.012, -0.003, 0.027)) == "+1.2 [−0.3, +2.7]"
    assert difference(Interval(1, 0.012, math.nan, math.nan)) == "+1.2 [–]"
    assert difference(paired_interval([])) == "–"

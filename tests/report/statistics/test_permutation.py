import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmark.report.statistics.permutation import holm, sign_flip_p


def by_hand(differences: list[float]) -> float:
    """The share of all choices of signs whose sum is at least as far from zero."""
    observed = abs(sum(differences))
    signs = itertools.product((1, -1), repeat=len(differences))
    sums = [abs(sum(s * d for s, d in zip(choice, differences, strict=True))) for choice in signs]
    return sum(one >= observed * (1 - 1e-12) for one in sums) / len(sums)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 10])
def test_p_is_the_share_of_all_signs(n: int) -> None:
    generator = np.random.default_rng(n)
    for _ in range(5):
        values = generator.normal(0.5, 1, n).tolist()
        assert sign_flip_p(values) == pytest.approx(by_hand(values), abs=1e-10)


@pytest.mark.parametrize("n", [3, 5, 6])
def test_the_smallest_p_is_that_of_n_equal_signs(n: int) -> None:
    assert sign_flip_p([0.01 * (step + 1) for step in range(n)]) == pytest.approx(2 / 2**n)
    assert sign_flip_p([0.02] * n) == pytest.approx(2 / 2**n)


def test_few_and_no_differences() -> None:
    assert math.isnan(sign_flip_p([]))
    assert sign_flip_p([0.3]) == 1.0
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0


def test_many_pairs_are_drawn_and_near_the_t_test() -> None:
    values = np.random.default_rng(0).normal(0.4, 1, 40)
    assert sign_flip_p(values.tolist()) == pytest.approx(
        stats.ttest_1samp(values, 0).pvalue, abs=0.01
    )


def test_holm_steps_down_and_passes_over_what_there_is_not() -> None:
    found = holm([0.01, math.nan, 0.04, 0.03, 0.005])
    assert found[0] == pytest.approx(0.03, abs=1e-12)
    assert math.isnan(found[1])
    assert found[2:] == pytest.approx([0.06, 0.06, 0.02], abs=1e-12)
    assert holm([]) == []
    assert math.isnan(holm([math.nan])[0])

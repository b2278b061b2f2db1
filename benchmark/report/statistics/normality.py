"""Whether differences look so skewed that their t-interval is too narrow."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import stats

FEWEST = 4
_DRAWN = 9_999


def looks_skewed(differences: Sequence[float]) -> bool:
    """Whether the skewness of `differences` [n] is rarer than 5 % among normal samples of n.

    The t-interval covers the mean of exponential differences in .88 to .91 of samples instead of
    .95, as a simulation in the tests shows. The null distribution is drawn, 9,999 samples from a
    fixed seed, because no table reaches below eight values. Fewer than four pairs can't show it, so
    they never look skewed.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size < FEWEST or np.ptp(values) == 0:
        return False
    return bool(np.mean(_of_normal_samples(values.size) >= abs(stats.skew(values))) < 0.05)


@cache
def _of_normal_samples(n: int) -> npt.NDArray[np.float64]:
    """The size of the skewness of normal samples of `n`."""
    drawn = np.random.default_rng(0).standard_normal((_DRAWN, n))
    return np.abs(stats.skew(drawn, axis=1))

"""What a number of pairs could have found, and how many a given difference would need."""

import math
from functools import cache

from scipy import special, stats
from scipy.optimize import brentq

POWER = 0.8
ALPHA = 0.05
MOST_SEEDS = 10_000


def detectable_difference(n: int, sd: float) -> float:
    """The smallest difference that a t-test at 5 % finds with 80 % power in `n` pairs.

    `sd` is the standard deviation of the paired differences, and the answer has its unit (Cohen,
    Statistical Power Analysis, 1988). NaN where `n` is below 2 or `sd` isn't above 0.
    """
    if n < 2 or not sd > 0:
        return math.nan
    return _standardised(n) * sd


def seeds_needed(difference: float, sd: float) -> int | None:
    """The number of pairs with which that t-test finds `difference` with 80 % power.

    None where `sd` isn't above 0, or more than `MOST_SEEDS` would be needed.
    """
    if not sd > 0 or not abs(difference) > 0:
        return None
    effect = abs(difference) / sd
    low, high = 1, 2
    while _power(effect, high) < POWER:
        low, high = high, 2 * high
        if low >= MOST_SEEDS:
            return None
    while high - low > 1:  # power grows with the number of pairs
        middle = (low + high) // 2
        low, high = (middle, high) if _power(effect, middle) < POWER else (low, middle)
    return high if high <= MOST_SEEDS else None


def _power(effect: float, n: int) -> float:
    """Of the two-sided t-test, whose square is an F-test: the noncentral F is stable at any size.

    statsmodels' TTestPower goes through the noncentral t, which is NaN for two pairs.
    """
    bound = stats.t.ppf(1 - ALPHA / 2, n - 1) ** 2
    return 1.0 - float(special.ncfdtr(1, n - 1, n * effect**2, bound))


@cache
def _standardised(n: int) -> float:
    # The noncentral F is NaN at some effects far above the one that is sought.
    high = 0.01
    while _power(high, n) < POWER:
        high *= 2
    return float(brentq(lambda effect: _power(effect, n) - POWER, high / 2, high, xtol=1e-14))

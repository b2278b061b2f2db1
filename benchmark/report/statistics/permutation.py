"""Exact tests of paired differences, and their adjustment over a table."""

import gc
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

_EXACT = 20
"""The number of pairs up to which all 2^n signs are gone through: a million."""
_DRAWN = 99_999
_BATCH = 10_000


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of the sign-flip permutation test on `differences` [n], one a seed.

    Where an arm changes nothing, each difference is as likely to have the other sign: p is the
    share of the 2^n choices of signs whose mean is at least as far from zero as the observed one
    (Fisher, The Design of Experiments, 1935, section 21). It can't be below 2 / 2^n: three pairs
    reach 0.25, six 0.031. Beyond 20 pairs, 99,999 choices are drawn. NaN without differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not values.size:
        return math.nan
    if not values.any():
        return 1.0
    if values.size == 1:
        return 1.0
    found = stats.permutation_test(
        (values,),
        _mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**values.size if values.size <= _EXACT else _DRAWN,
        batch=_BATCH,
        alternative="two-sided",
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def _mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.mean(values, axis=axis)


def holm(p: Sequence[float]) -> list[float]:
    """Each of `p` adjusted for their number by Holm's step-down method; NaN stays NaN.

    With adjusted values, the chance of any false finding in the whole table is bounded, whatever
    the rows have to do with each other (Holm, Scandinavian Journal of Statistics, 1979).
    """
    values = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(values)
    adjusted = np.full(values.shape, math.nan)
    if known.any():
        gc.freeze()  # multipletests collects garbage: half a second among the objects of torch
        try:
            adjusted[known] = multipletests(values[known], method="holm")[1]
        finally:
            gc.unfreeze()
    return adjusted.tolist()

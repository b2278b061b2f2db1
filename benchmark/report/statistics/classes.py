"""A second interval: what holds for other test classes of the kind, and not only other seeds."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmark.report.statistics.interval import CONFIDENCE, Interval


def interval_over_classes(
    differences: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> Interval:
    """The mean paired difference with a 95 % interval over seeds and test classes together.

    `differences` [seeds, queries] are arm minus baseline of each query, NaN for queries without a
    match; `labels` [queries] are the queries' classes. Seeds and classes are crossed random
    effects: the variance of the mean is the one over seeds plus the one over classes, minus their
    interaction, which both contain (Owen, The Pigeonhole Bootstrap, 2007, section 3), with
    Satterthwaite's degrees of freedom (Biometrics Bulletin, 1946). `n` is the number of seeds;
    bounds are NaN with fewer than two seeds or classes.
    """
    known = ~np.isnan(differences).any(axis=0)
    kinds, of = np.unique(labels[known], return_inverse=True)
    seeds, classes = len(differences), len(kinds)
    if not seeds or not classes:
        return Interval(seeds, math.nan, math.nan, math.nan)
    sizes = np.bincount(of, minlength=classes).astype(np.float64)
    sums = np.stack([np.bincount(of, row, minlength=classes) for row in differences[:, known]])
    share = sizes / sizes.sum()
    means = sums / sizes
    mean = float((means @ share).mean())
    if min(seeds, classes) < 2:
        return Interval(seeds, mean, math.nan, math.nan)
    at_seed, at_class = means @ share, means.mean(axis=0)
    left = means - at_seed[:, None] - at_class + mean
    more_seeds, more_classes = seeds / (seeds - 1), classes / (classes - 1)
    over_seeds = float(at_seed.var(ddof=1)) / seeds
    over_classes = more_classes * float(((share * (at_class - mean)) ** 2).sum())
    both = more_seeds * more_classes * float(((share * left) ** 2).sum()) / seeds**2
    variance = max(over_seeds + over_classes - both, over_seeds, over_classes)
    if variance == 0:
        return Interval(seeds, mean, mean, mean)
    freedom = variance**2 / (over_seeds**2 / (seeds - 1) + over_classes**2 / (classes - 1))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(variance)
    return Interval(seeds, mean, mean - half, mean + half)

"""Effects over several comparisons whose runs share seeds."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.report.statistics.interval import CONFIDENCE, Interval, paired_interval

Differences = npt.NDArray[np.float64]
RESAMPLES = 10_000


def mean_effect(differences: Differences) -> Interval:
    """The mean of `differences` [comparisons, seeds] with its 95 % t-interval over seeds.

    Runs of one seed share their initial weights and batches across comparisons, so their
    differences are not independent. The mean over comparisons at each seed is one observation, and
    the interval is taken over these: `n` is the number of seeds, not of runs. For a mean of means
    this is what resampling whole seeds gives, at the width that few seeds need.
    """
    return paired_interval(differences.mean(axis=0).tolist() if differences.size else [])


@dataclass(frozen=True)
class Improvement:
    """The probability that an arm is better than its baseline at a seed, with a 95 % interval."""

    n: int
    probability: float
    low: float
    high: float


def probability_of_improvement(differences: Differences) -> Improvement:
    """The chance that a run beats the run that it is paired with, ties counted as half.

    The mean over comparisons of the share of seeds that improved, as in Agarwal et al., Deep
    Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021, but within pairs:
    there every run of an arm is set against every run of the other, which throws the pairing away.
    The interval is the percentile interval over 10,000 resamples of whole seeds, the same ones for
    all comparisons; NaN where all seeds agree, which resampling would take for certainty.
    """
    n = differences.shape[1] if differences.size else 0
    if not n:
        return Improvement(0, math.nan, math.nan, math.nan)
    wins = (np.sign(differences) + 1) / 2
    at_seed = wins.mean(axis=0)
    low, high = resampled_interval(at_seed) if np.ptp(at_seed) > 0 else (math.nan, math.nan)
    return Improvement(n, float(at_seed.mean()), low, high)


def resampled_interval(at_seed: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of `at_seed` [seeds], resampling its entries."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(at_seed), size=(RESAMPLES, len(at_seed)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(at_seed[drawn].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)

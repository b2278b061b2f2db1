"""What the runs of a row stored for each query, in pairs, and the interval over test classes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.report.pairing import Pairs
from benchmark.report.statistics.classes import interval_over_classes
from benchmark.report.statistics.interval import Interval
from benchmark.suite.store.runs import StoredRun
from benchmark.suite.store.sealing import file_digest
from benchmark.training.per_query import FILE, QueryValues, read_per_query

_KEPT_IN_MEMORY = 64


@dataclass(frozen=True)
class PairedQueries:
    """A metric of each query in both runs of each pair, from 0 to 1; NaN without a match.

    `labels` [queries] are classes, `arm` and `baseline` [pairs, queries] values.
    """

    labels: npt.NDArray[np.int64]
    arm: npt.NDArray[np.float64]
    baseline: npt.NDArray[np.float64]


def paired_queries(pairs: Pairs, metric: str) -> PairedQueries | None:
    """What the pairs stored of each query.

    None unless both runs of every pair stored the metric for the same queries.
    """
    arms, baselines, labels = [], [], None
    for arm, baseline in pairs.runs.values():
        own, other = _stored(arm), _stored(baseline)
        if own is None or other is None or metric not in own.values.keys() & other.values.keys():
            return None
        labels = own.labels if labels is None else labels
        if not (np.array_equal(labels, own.labels) and np.array_equal(labels, other.labels)):
            return None
        arms.append(own.values[metric])
        baselines.append(other.values[metric])
    if labels is None:
        return None
    return PairedQueries(labels, np.stack(arms), np.stack(baselines))


def over_classes(pairs: Pairs, metric: str) -> Interval | None:
    """The paired difference with an interval over seeds and classes; None as `paired_queries`."""
    found = paired_queries(pairs, metric)
    if found is None:
        return None
    return interval_over_classes(found.arm - found.baseline, found.labels)


def query_faults(run: StoredRun) -> list[str]:
    """What is wrong with the file of a run's queries: nothing, or one sentence."""
    try:
        _checked(run.folder, run.result.files.get(FILE))
    except ValueError as error:
        return [str(error)]
    return []


def _stored(run: StoredRun) -> QueryValues | None:
    try:
        return _checked(run.folder, run.result.files.get(FILE))
    except ValueError:
        return None


@lru_cache(maxsize=_KEPT_IN_MEMORY)
def _checked(folder: Path, digest: str | None) -> QueryValues | None:
    """The file as it was written. Raises ValueError where it isn't that."""
    try:
        if digest is not None and file_digest(folder / FILE) != digest:
            raise ValueError(f"{folder / FILE} isn't what the run wrote")
    except OSError as error:
        raise ValueError(f"{folder / FILE} can't be read ({error.strerror or error})") from error
    return read_per_query(folder)

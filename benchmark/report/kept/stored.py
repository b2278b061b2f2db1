"""What the runs of a row stored of their elements."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmark.analysis.elements import WELL_TRAINED
from benchmark.report.table import Row
from benchmark.suite.arms import BASELINE
from benchmark.suite.store.runs import StoredRun
from benchmark.training.elements import FILE, Elements, Numbers, read_elements


def elements_of(run: StoredRun) -> Elements | None:
    """What a run stored; None without it, and for a damaged file."""
    try:
        return _stored(run)
    except ValueError:
        return None


def element_faults(run: StoredRun) -> list[str]:
    """What is wrong with the file of a run's elements: nothing, or one sentence."""
    try:
        _stored(run)
    except ValueError as error:
        return [str(error)]
    return []


def _stored(run: StoredRun) -> Elements | None:
    """Raises ValueError for a file that can't be read."""
    try:
        changed = (run.folder / FILE).stat().st_mtime_ns
    except OSError:
        return read_elements(run.folder)
    return _read(run.folder, changed)


@lru_cache(maxsize=256)
def _read(folder: Path, changed: int) -> Elements | None:
    """`changed` is the file's time: it may have been made again."""
    return read_elements(folder)


def well_trained(one: Elements) -> Numbers:
    """The number of elements that are well trained on the test half after each of `epochs`, [E]."""
    return (one.test_variance_ratio >= WELL_TRAINED).sum(1).astype(np.float64)


def by_seed(row: Row) -> dict[int, Elements]:
    """Those of the row's finished runs."""
    found = {run.config.seed: elements_of(run) for run in row.finished}
    return {seed: one for seed, one in found.items() if one is not None}


def kept_by_seed(row: Row) -> dict[int, Numbers]:
    """The share of pairs that kept each element in the last epoch, by seed.

    Of a baseline it is what DAM would have kept; arms that select nothing have none.
    """
    return {
        seed: one.kept[-1]
        for seed, one in by_seed(row).items()
        if (one.acts or row.arm == BASELINE) and len(one.kept)
    }

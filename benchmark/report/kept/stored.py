"""What the runs of a row stored of their elements."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.report.table import Row
from benchmark.suite.arms import BASELINE
from benchmark.suite.store.runs import StoredRun
from benchmark.training.elements import FILE, Elements, read_elements


def elements_of(run: StoredRun) -> Elements | None:
    """What a run stored; None without it, and for a damaged file."""
    path = run.folder / FILE
    try:
        return _read(run.folder, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=256)
def _read(folder: Path, changed: int) -> Elements | None:
    """`changed` is the file's time: it may have been made again."""
    return read_elements(folder)


def by_seed(row: Row) -> dict[int, Elements]:
    """Those of the row's finished runs."""
    found = {run.config.seed: elements_of(run) for run in row.finished}
    return {seed: one for seed, one in found.items() if one is not None}


def kept_by_seed(row: Row) -> dict[int, npt.NDArray[np.float64]]:
    """The share of pairs that kept each element in the last epoch, by seed.

    Of a baseline it is what DAM would have kept; arms that select nothing have none.
    """
    return {
        seed: one.kept[-1]
        for seed, one in by_seed(row).items()
        if (one.acts or row.arm == BASELINE) and len(one.kept) and np.isfinite(one.kept[-1]).all()
    }

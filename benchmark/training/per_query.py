"""Each query's values of the last evaluation, from which intervals over test classes are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from benchmark.durable import staged

FILE = "per_query.npz"
KEPT = ("recall@1", "map@r", "cmc@1", "map")
"""The metrics that are kept, as far as the protocol has them."""


@dataclass(frozen=True)
class QueryValues:
    """Arrays [queries] in the data set's order: classes, and each metric's values in [0, 1].

    A query that has no match has NaN. Raises ValueError where the arrays don't fit together.
    """

    labels: npt.NDArray[np.int64]
    values: dict[str, npt.NDArray[np.float64]]

    def __post_init__(self) -> None:
        if self.labels.ndim != 1 or self.labels.dtype != np.int64:
            raise ValueError("labels must be whole numbers, one a query")
        for name, values in self.values.items():
            if values.shape != self.labels.shape or values.dtype != np.float64:
                raise ValueError(f"{name} must be a number for each of {len(self.labels)} queries")
            if not np.all(np.isnan(values) | ((values >= 0) & (values <= 1))):
                raise ValueError(f"{name} has values outside of 0 to 1")


def write_per_query(folder: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Store what `evaluate` gives for each query, whole or not at all."""
    kept = {name: arrays[name] for name in ("label", *KEPT) if name in arrays}
    with staged(folder / FILE) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept)


def read_per_query(folder: Path) -> QueryValues | None:
    """What `write_per_query` stored, None where there is no file.

    Raises ValueError for a damaged one; no pickle is read.
    """
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ValueError(f"{folder / FILE} can't be read ({error})") from error
    if "label" not in arrays:
        raise ValueError(f"{folder / FILE} has no labels")
    try:
        return QueryValues(arrays.pop("label"), arrays)
    except ValueError as error:
        raise ValueError(f"{folder / FILE}: {error}") from error

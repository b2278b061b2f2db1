"""Published values, as they were read: reference_results.csv in this folder.

One row a data set, method, backbone and source. Recall and mAP are per cent; for re-identification
`recall_at_1` is CMC@1. `protocol` says how the value was obtained, `source` where it was read, and
`confidence` whether it could be confirmed there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

_COLUMNS = {"recall@1": "recall_at_1", "cmc@1": "recall_at_1", "map@r": "map_at_r", "map": "map"}
_INDEPENDENT = ("re-run", "re-implementation", "Reality Check", "third party", "seeds; best")


@dataclass(frozen=True)
class Published:
    """One row. `values` are fractions by the column's name."""

    dataset: str
    method: str
    backbone: str
    dim: str
    values: dict[str, float]
    protocol: str
    source: str
    confidence: str

    @property
    def independent(self) -> bool:
        """Whether somebody other than the method's authors ran it."""
        return any(word in f"{self.method} {self.protocol}" for word in _INDEPENDENT)

    @property
    def confirmed(self) -> bool:
        """Whether the value could be confirmed at its source."""
        return self.confidence == "confirmed"

    def value(self, metric: str) -> float | None:
        """The fraction that was published for a metric of this suite, if it was."""
        return self.values.get(_COLUMNS.get(metric, ""))


@cache
def published_values() -> tuple[Published, ...]:
    """All rows, in the file's order."""
    with (files("benchmark.report.published") / "reference_results.csv").open("rb") as file:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    numbers = ["recall_at_1", "recall_at_2", "recall_at_4", "recall_at_8", "map", "map_at_r"]
    texts = ["dataset", "method", "backbone", "dim", "protocol", "source", "confidence"]
    return tuple(
        Published(
            values={name: float(row[name]) / 100 for name in numbers if row[name]},
            **{name: row[name] for name in texts},
        )
        for row in frame.to_dict("records")
    )


def published_on(name: str) -> Sequence[Published]:
    """The rows of a data set by the name that this suite gives it.

    Publications seldom say which version of MSMT17 they took.
    """
    title = re.sub(r"^MSMT17-V[12]$", "MSMT17", name)
    return [one for one in published_values() if one.dataset == title]

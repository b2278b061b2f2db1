"""What was measured of each job, and what is compared with what."""

from dataclasses import dataclass, field
from typing import Any

from benchmark.bench.evaluation.features import Sizes

GIB = 2**30

# What is divided by what, and the bound that this project sets itself.
RATIOS = (
    ("torchreid_python", "msmt17", "at least 50"),
    ("torchreid_cython", "msmt17", "above 1"),
    ("msmt17", "msmt17_product", "at most 2"),
    ("accuracy_calculator", "cub", "above 1"),
    ("accuracy_calculator_short", "cub", ""),
    ("cub", "cub_product", ""),
    ("crowd", "crowd_product", ""),
    ("accuracy_calculator_crowd", "crowd", "above 1"),
)


@dataclass
class Row:
    """What was measured of a job: one entry a repeat in `results`, or why there is none.

    `sliced` rows searched the first `Sizes.slice` queries alone.
    """

    job: str
    data: str
    what: str
    sliced: bool
    results: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def seconds(self) -> list[float]:
        """The time of each repeat."""
        return [result["seconds"] for result in self.results]

    @property
    def peak(self) -> float:
        """The largest peak memory of a repeat's process, in GiB."""
        return max(result["peak_bytes"] for result in self.results) / GIB


def ratios(rows: list[Row], sizes: Sizes) -> list[tuple[str, str, str]]:
    """What is compared, by how much it is slower, and the bound or nothing."""
    found = []
    for slow, fast, bound in RATIOS:
        a = next((row for row in rows if row.job == slow), None)
        # Both on the same queries: work that doesn't grow with them would be scaled up too.
        b = a and next((r for r in rows if r.job == fast and r.sliced == a.sliced), None)
        if a is None or b is None:
            continue
        value = "not measured"
        if a.results and b.results:
            value = f"{min(a.seconds) / min(b.seconds):.1f} times the time"
        queries = f", {sizes.slice:,} queries" * a.sliced
        found.append((f"{a.data}{queries}: {a.what} / {b.what}", value, bound))
    return found

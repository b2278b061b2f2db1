"""DAM's effect in two parts: what its hardness does, and what its selection of elements does.

The arm `shrunk` has DAM's mean hardness and singles out no element. Shrunk minus baseline is the
effect of the hardness, DAM minus shrunk that of the selection, and the two add up to DAM minus
baseline at each seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.report.pairing import Pairs, pair
from benchmark.report.statistics.interval import Interval, paired_interval
from benchmark.report.table import Comparison, Row
from benchmark.suite.arms import BASELINE, DAM

SHRUNK = "shrunk"


@dataclass(frozen=True)
class Parts:
    """Both parts over the seeds that have all three arms as pairs."""

    of_hardness: Pairs
    of_selection: Pairs

    @property
    def seeds(self) -> list[int]:
        """The seeds at which both parts are known."""
        return [seed for seed in self.of_hardness.runs if seed in self.of_selection.runs]

    def differences(self, metric: str) -> tuple[dict[int, float], dict[int, float]]:
        """Hardness and selection by seed, where both are known."""
        hardness = self.of_hardness.differences(metric)
        selection = self.of_selection.differences(metric)
        shared = [seed for seed in hardness if seed in selection]
        return {seed: hardness[seed] for seed in shared}, {seed: selection[seed] for seed in shared}

    def whole(self, metric: str) -> Interval:
        """DAM minus baseline, over the same seeds."""
        hardness, selection = self.differences(metric)
        return paired_interval([one + selection[seed] for seed, one in hardness.items()])

    def hardness(self, metric: str) -> Interval:
        """Shrunk minus baseline."""
        return paired_interval(list(self.differences(metric)[0].values()))

    def selection(self, metric: str) -> Interval:
        """DAM minus shrunk."""
        return paired_interval(list(self.differences(metric)[1].values()))


def parts_of(comparison: Comparison) -> Parts | None:
    """The parts of the arm `dam`; None without it, its baseline, `shrunk`, or a seed with all."""
    rows = [_only(comparison.rows, arm) for arm in (BASELINE, SHRUNK, DAM)]
    baseline, shrunk, dam = rows
    if baseline is None or shrunk is None or dam is None:
        return None
    parts = Parts(pair(shrunk.runs, baseline.runs), pair(dam.runs, shrunk.runs))
    return parts if parts.seeds else None


def _only(rows: Sequence[Row], arm: str) -> Row | None:
    """The row of an arm, if there is exactly one."""
    found = [row for row in rows if row.arm == arm]
    return found[0] if len(found) == 1 else None

"""The differences of a row's pairs by class and by query."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.report.statistics.stored_queries import paired_queries
from benchmark.report.table import Row


@dataclass(frozen=True)
class Changes:
    """Arm minus baseline, by class and by query with a match.

    `classes` [classes] are the labels and `by_class` [pairs, classes] mean differences; `queries`
    [queries] are places in the data set's order, `of_query` their labels, `arm` and `baseline`
    [pairs, queries] values.
    """

    classes: npt.NDArray[np.int64]
    by_class: npt.NDArray[np.float64]
    queries: npt.NDArray[np.int64]
    of_query: npt.NDArray[np.int64]
    arm: npt.NDArray[np.float64]
    baseline: npt.NDArray[np.float64]

    @property
    def by_query(self) -> npt.NDArray[np.float64]:
        """The mean difference of each query over the pairs."""
        mean: npt.NDArray[np.float64] = (self.arm - self.baseline).mean(axis=0)
        return mean

    def most_changed(self, number: int, *, gained: bool) -> npt.NDArray[np.int64]:
        """Places in `queries` of those that the arm gained, or lost, in most pairs.

        Of equal ones, those come first that stand first in their class, so that many classes are
        shown.
        """
        change = self.by_query if gained else -self.by_query
        changed = np.flatnonzero(change > 0)
        order = changed[np.argsort(-change[changed], kind="stable")]
        turns: Counter[int] = Counter()  # how many of a query's class stand before it
        ranked = []
        for place in order:
            label = int(self.of_query[place])
            ranked.append((-round(float(change[place]), 9), turns[label], int(place)))
            turns[label] += 1
        return np.array([place for _, _, place in sorted(ranked)[:number]], dtype=np.int64)


def changes_of(row: Row, metric: str) -> Changes | None:
    """The changes of an arm; None where its pairs stored no values of queries."""
    found = None if row.pairs is None else paired_queries(row.pairs, metric)
    if found is None:
        return None
    difference = found.arm - found.baseline
    known = np.flatnonzero(~np.isnan(difference).any(axis=0))
    if not len(known):
        return None
    classes, of = np.unique(found.labels[known], return_inverse=True)
    sizes = np.bincount(of)
    sums = [np.bincount(of, row, minlength=len(classes)) for row in difference[:, known]]
    return Changes(
        classes=classes,
        by_class=np.stack(sums) / sizes,
        queries=known,
        of_query=found.labels[known],
        arm=found.arm[:, known],
        baseline=found.baseline[:, known],
    )

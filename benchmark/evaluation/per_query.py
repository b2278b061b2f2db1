"""From ranks to one value for each query and metric, and from those to means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.evaluation.ranking.ranks import Metric, Ranks


@dataclass(frozen=True)
class PerQuery:
    """The metrics of each of Q queries.

    `values` holds one float64 tensor [Q] for each metric, NaN where a query has no positive;
    `positives` [Q] int64 counts the gallery images that each query had to find.
    """

    values: dict[str, Tensor]
    positives: Tensor

    @property
    def left_out(self) -> int:
        """The number of queries without a positive, for which no metric is defined."""
        return int((self.positives == 0).sum())

    def means(self) -> dict[str, float]:
        """Each metric: the mean over the queries that have a positive.

        Raises ValueError if there is none.
        """
        answerable = self.positives > 0
        if not answerable.any():
            raise ValueError(f"none of {len(self.positives)} queries has a match in the gallery")
        return {name: float(value[answerable].mean()) for name, value in self.values.items()}


def per_query(blocks: Iterable[Ranks], metrics: Mapping[str, Metric]) -> PerQuery:
    """The value of each metric for each query, from the ranks of one block of queries at a time.

    Only one number for each query and metric of a block is kept, however many positives it has.
    """
    values: dict[str, list[Tensor]] = {name: [] for name in metrics}
    positives = []
    for ranks in blocks:
        positives.append(ranks.counts.cpu())
        for name, metric in metrics.items():
            values[name].append(metric(ranks).cpu())
    return PerQuery(
        {name: torch.cat(parts) for name, parts in values.items()}, torch.cat(positives)
    )

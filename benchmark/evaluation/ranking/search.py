"""The search behind the ranks: one block of queries against the whole gallery."""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.evaluation.ranking.counting import Block, count_nearer
from benchmark.evaluation.ranking.distance import Comparison, Products

JUNK = -1
"""The label of gallery images that count neither as matches nor as mistakes."""

# The most queries, and the most similarities, of a search.
MOST_QUERIES, MOST_SIMILARITIES = 1024, 2**25
# Comparing one image in this many in float64 takes as long as a whole product in float64.
RARE = 32


@dataclass(frozen=True)
class Identities:
    """The labels and cameras [N] of one side, int64."""

    labels: Tensor
    cameras: Tensor | None


class Search:
    """Queries in a gallery, a block at a time; `own` where the queries are the gallery."""

    def __init__(
        self, comparison: Comparison, queries: Identities, gallery: Identities, own: bool
    ) -> None:
        self.comparison, self.queries, self.gallery, self.own = comparison, queries, gallery, own
        self.products = Products(comparison)
        self.junk = (gallery.labels == JUNK).nonzero().squeeze(1)
        self.by_label = gallery.labels.argsort(stable=True)
        labels = gallery.labels[self.by_label]
        self.first = torch.searchsorted(labels, queries.labels)
        self.sizes = torch.searchsorted(labels, queries.labels, right=True) - self.first
        self.sizes[queries.labels == JUNK] = 0
        self.single = True

    @property
    def at_once(self) -> int:
        """The number of queries whose similarities, and positions of positives, fit."""
        # Positions have 64 bits, and there are several lists of them.
        each = len(self.comparison.gallery) + 8 * int(self.sizes.max())
        return max(1, min(MOST_QUERIES, MOST_SIMILARITIES // each))

    def ranks(self, first: int, last: int) -> tuple[Tensor, Tensor]:
        """The ranks [B, P] and numbers of positives [B] of the queries from `first` to `last`."""
        rows = torch.arange(first, last, device=self.sizes.device)
        steps = torch.arange(int(self.sizes[rows].max()), device=rows.device)
        inside = steps < self.sizes[rows, None]
        # A query's last image is repeated to fill its row; a query without any gets another's.
        place = self.first[rows, None] + steps.minimum(self.sizes[rows, None] - 1)
        images = self.by_label[place.clamp(0, len(self.by_label) - 1)]
        match = inside
        if self.own:
            match = match & (images != rows[:, None])
        if self.queries.cameras is not None and self.gallery.cameras is not None:
            match = match & (self.gallery.cameras[images] != self.queries.cameras[rows, None])
        counts = match.sum(1)
        nearer = counts.new_zeros(len(rows), int(counts.max()))
        if nearer.numel():
            nearer = self._nearer(rows, images, match)
        # Distances may be in another order than similarities, and so may the numbers.
        behind = torch.arange(nearer.shape[1], device=rows.device) >= counts[:, None]
        nearer = nearer.masked_fill(behind, len(self.comparison.gallery)).sort(1).values
        place = torch.arange(1, nearer.shape[1] + 1, device=rows.device)
        return (nearer + place).masked_fill(behind, 0), counts

    def _nearer(self, rows: Tensor, images: Tensor, match: Tensor) -> Tensor:
        """Numbers of other labels that are at least as near as each positive [B, P], unsorted."""
        gallery = len(self.comparison.gallery)
        single = self.comparison.gallery.features.dtype == torch.float32 and self.single
        if not single:
            return self._in_double(rows, images, match)
        found, settled = count_nearer(
            self.comparison, self._block(rows, images, match, torch.float32), gallery // RARE
        )
        left = (~settled).nonzero().squeeze(1)
        # Blocks are alike: if float32 can't rank one, it is unlikely to rank the next.
        self.single = 2 * len(left) <= len(rows)
        if len(left):
            wide = self._in_double(rows[left], images[left], match[left])
            found[left] = 0
            found[left, : wide.shape[1]] = wide
        return found

    def _in_double(self, rows: Tensor, images: Tensor, match: Tensor) -> Tensor:
        found = rows.new_zeros(len(rows), int(match.sum(1).max()))
        # Half as many numbers of twice the size.
        for part in torch.arange(len(rows), device=rows.device).split((self.at_once + 1) // 2):
            block = self._block(rows[part], images[part], match[part], torch.float64)
            wide, _ = count_nearer(self.comparison, block)
            found[part, : wide.shape[1]] = wide
        return found

    def _block(self, rows: Tensor, images: Tensor, match: Tensor, dtype: torch.dtype) -> Block:
        gallery = self.comparison.gallery
        similarities = gallery.features.new_empty(len(rows), len(gallery), dtype=dtype)
        window = self.products.fill(rows, similarities)
        counts = match.sum(1)
        same = similarities.gather(1, images).masked_fill(~match, -torch.inf)
        thresholds, order = same.sort(1, descending=True)
        most = int(counts.max())
        similarities.scatter_(1, images, -torch.inf)
        similarities.index_fill_(1, self.junk, -torch.inf)
        return Block(
            rows,
            similarities,
            images.gather(1, order[:, :most]),
            thresholds[:, :most].contiguous(),
            counts,
            window,
        )

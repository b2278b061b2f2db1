"""The ranks at which queries find their matches: every retrieval metric is a function of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.evaluation.distance import Distance, comparable, offset

JUNK = -1
"""The label of gallery images that count neither as matches nor as mistakes."""

# A tile of 1024 x 1024 similarities fits a CPU's cache; a GPU needs more work per kernel.
BLOCK = {"cpu": 1024, "cuda": 4096}

Ids = Tensor | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranks:
    """The ranks of each query's positives, best first.

    `ranks` [Q, P] int64 counts from 1; row q holds `counts[q]` ranks and zeros after them.
    `counts` [Q] int64 is 0 for a query that has no positive.
    """

    ranks: Tensor
    counts: Tensor

    @property
    def left_out(self) -> int:
        """The number of queries without a positive, for which no metric is defined."""
        return int((self.counts == 0).sum())

    def mean(self, values: Tensor) -> float:
        """The mean of one value per query [Q] over the queries that have a positive."""
        answerable = self.counts > 0
        if not answerable.any():
            raise ValueError(f"none of {len(self.counts)} queries has a match in the gallery")
        return float(values[answerable].double().mean())


@dataclass(frozen=True)
class _Gallery:
    """A gallery without junk, ordered so that each class is one range of columns.

    Small classes come first: queries that are searched together then have about equally many
    positives. `features` are padded with zeros to whole strips of `width` columns, because
    products of one shape round equal images equally.
    """

    features: Tensor
    offset: Tensor | None
    columns: Tensor  # [images kept] the image in each column
    classes: Tensor  # [C] labels, ascending
    starts: Tensor  # [C] first column of each class
    sizes: Tensor  # [C]
    width: int

    @classmethod
    def ordered(
        cls, features: Tensor, labels: Tensor, distance: Distance, block: int
    ) -> "_Gallery":
        kept = (labels != JUNK).nonzero().squeeze(1)
        classes, inverse, sizes = labels[kept].unique(return_inverse=True, return_counts=True)
        by_size = sizes.argsort(stable=True)
        place = by_size.argsort()
        ends = sizes[by_size].cumsum(0)[place]
        columns = kept[place[inverse].argsort(stable=True)]
        width = min(block, -(-len(columns) // 64) * 64)
        ordered = F.pad(features[columns], (0, 0, 0, -len(columns) % max(width, 1)))
        return cls(ordered, offset(ordered, distance), columns, classes, ends - sizes, sizes, width)

    def similarities(self, queries: Tensor, start: int) -> Tensor:
        """Similarities [B, at most width] to the strip that starts at column `start`."""
        strip = slice(start, start + self.width)
        bias = None if self.offset is None else self.offset[strip]
        return F.linear(queries, self.features[strip], bias)[:, : len(self.columns) - start]


@torch.no_grad()
def positive_ranks(
    queries: Tensor,
    query_labels: Ids,
    gallery: Tensor | None = None,
    gallery_labels: Ids | None = None,
    *,
    query_cameras: Ids | None = None,
    gallery_cameras: Ids | None = None,
    distance: Distance = "cosine",
    block: int | None = None,
) -> Ranks:
    """Rank each query's positives, the gallery images of its label, among the gallery.

    `queries` [Q, D], `gallery` [G, D]; labels and cameras are integers, one an image. Without a
    gallery each query is searched among the other queries. What is left out of a search:

    - the query itself, known by its index, where there is no gallery;
    - images of the query's label *and* camera, where cameras are given (Zheng et al., Scalable
      Person Re-identification: A Benchmark, ICCV 2015);
    - gallery images labelled -1 (junk).

    Gallery images whose label no query has are distractors and stay.

    Ties are resolved against the model: at equal similarity an image of another label comes
    before a positive. So the order of files doesn't matter, and features that are all the same
    get the worst ranks. The j-th best positive, with similarity s_j, has the rank
    j + |{other labels with similarity ≥ s_j}|.

    The search is exact, in the precision of torch's matrix product (float32; float64 if given).
    Nothing is sorted but the positives: similarities are made in tiles of `block` queries by
    `block` gallery images, and each tile is compared with each positive while it is still in the
    cache. Time grows with Q · G · (D + positives per query), memory with `block` times the
    columns that the block's own classes span. Features on a GPU are searched there.

    Raises ValueError for features that aren't finite and for sizes that don't fit.
    """
    if block is not None and block < 1:
        raise ValueError(f"block must be at least 1, not {block}")
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("a gallery and its labels go together")
    device = queries.device
    block = block or BLOCK.get(device.type, 1024)
    q = comparable(queries, distance)
    q_labels = _ids(query_labels, q, "query labels")
    q_cameras = None if query_cameras is None else _ids(query_cameras, q, "query cameras")
    if gallery is None or gallery_labels is None:
        if gallery_cameras is not None:
            raise ValueError("gallery cameras without a gallery")
        g, g_labels, g_cameras = q, q_labels, q_cameras
    else:
        if (query_cameras is None) != (gallery_cameras is None):
            raise ValueError("cameras must be given for both queries and gallery, or for neither")
        g = comparable(gallery, distance).to(q)
        if g.shape[1] != q.shape[1]:
            raise ValueError(f"queries have {q.shape[1]} elements, the gallery {g.shape[1]}")
        g_labels = _ids(gallery_labels, g, "gallery labels")
        g_cameras = None if gallery_cameras is None else _ids(gallery_cameras, g, "cameras")

    counts = torch.zeros(len(q), dtype=torch.int64, device=device)
    strips = _Gallery.ordered(g, g_labels, distance, block)
    if not len(strips.columns):
        return Ranks(counts.new_zeros(len(q), 0), counts)
    ranks = counts.new_zeros(len(q), int(strips.sizes.max()))

    found = torch.searchsorted(strips.classes, q_labels).clamp(max=len(strips.classes) - 1)
    known = (strips.classes[found] == q_labels).nonzero().squeeze(1)
    known = known[strips.starts[found[known]].argsort(stable=True)]
    with torch.autocast(device.type, enabled=False):
        for rows in known.split(block):
            start, size = strips.starts[found[rows]], strips.sizes[found[rows]]
            steps = torch.arange(int(size.max()), device=device)
            own = steps < size[:, None]
            columns = (start[:, None] + steps).clamp(max=len(strips.columns) - 1)
            images = strips.columns[columns]
            match = own
            if gallery is None:
                match = match & (images != rows[:, None])
            if q_cameras is not None and g_cameras is not None:
                match = match & (g_cameras[images] != q_cameras[rows, None])
            counts[rows] = match.sum(1)
            few = counts[rows].argsort()
            block_ranks = _block_ranks(q[rows[few]], strips, columns[few], own[few], match[few])
            ranks[rows[few], : block_ranks.shape[1]] = block_ranks
    return Ranks(ranks[:, : int(counts.max())], counts)


def _ids(ids: Any, features: Tensor, name: str) -> Tensor:
    ids = torch.as_tensor(ids, device=features.device)
    if ids.shape != features.shape[:1] or ids.is_floating_point():
        raise ValueError(
            f"{name} must be one integer for each of {len(features)} images, "
            f"not {ids.dtype} {list(ids.shape)}"
        )
    return ids.long()


def _block_ranks(
    queries: Tensor, gallery: _Gallery, columns: Tensor, own: Tensor, match: Tensor
) -> Tensor:
    """Ranks [B, P] of the positives of B queries, zeros where a query has fewer than P.

    `columns` [B, M] are the columns of the query's label where `own` [B, M] says so; `match`
    [B, M] says which of them are positives. Queries come with their number of positives ascending.
    """
    # The positives' similarities come from the tiles that they will be compared with: the same
    # product made in another shape may round otherwise, and ties would be lost.
    same = queries.new_full(columns.shape, -torch.inf)
    first, last = int(columns[own].min()), int(columns[own].max())
    tiles = {}
    for start in range(first - first % gallery.width, last + 1, gallery.width):
        tile = tiles[start] = gallery.similarities(queries, start)
        here = own & (columns >= start) & (columns < start + tile.shape[1])
        inside = (columns - start).clamp(0, tile.shape[1] - 1)
        same = torch.where(here, tile.gather(1, inside), same)

    counts = match.sum(1)
    place = torch.arange(1, int(counts[-1]) + 1, device=queries.device)
    positives = same.masked_fill(~match, -torch.inf).sort(1, descending=True).values
    positives = positives[:, : len(place)].contiguous()
    # Only the last queries have a j-th positive: from row begin[j] on.
    begin = torch.searchsorted(counts, place).tolist()
    at_least = torch.zeros(positives.shape[::-1], dtype=torch.float64, device=queries.device)
    for start in range(0, len(gallery.columns), gallery.width):
        tile = tiles.pop(start) if start in tiles else gallery.similarities(queries, start)
        # Floats, not booleans: on a CPU only this comparison and this sum are vectorised.
        hits = torch.empty_like(tile)
        for j, row in enumerate(begin):
            threshold = positives[row:, j, None]
            at_least[j, row:] += torch.ge(tile[row:], threshold, out=hits[row:]).sum(1)

    below = torch.searchsorted(same.sort(1).values, positives)
    others = at_least.T.long() - (same.shape[1] - below)
    return (place + others).masked_fill(place > counts[:, None], 0)

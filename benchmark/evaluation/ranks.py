"""The ranks at which queries find their matches: every retrieval metric is a function of them.

Ranks are counted, not looked up in a list of neighbours: a metric needs the place of each positive,
however far down. faiss has no operation for that, so metrics come from torch's matrix product and
`counting`; faiss serves `nearest`, whose answers lead to the same Recall@K.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.evaluation.counting import at_least
from benchmark.evaluation.distance import Distance, centre, comparable, offset

JUNK = -1
"""The label of gallery images that count neither as matches nor as mistakes."""

# Products of whole units in both directions round an element alike, wherever it stands in them.
UNIT = 64
# The columns of one product.
STRIP = 2048
# Queries are searched together while they are no more than these and their similarities fit.
MOST_QUERIES, MOST_SIMILARITIES = 1024, 2**25

Ids = Tensor | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranks:
    """The ranks of each query's positives, best first.

    `ranks` [Q, P] int64 counts from 1; row q holds `counts[q]` ranks and zeros after them.
    `counts` [Q] int64 is 0 for a query that has no positive.
    """

    ranks: Tensor
    counts: Tensor

    def defined(self, values: Tensor) -> Tensor:
        """Values per query [Q] as they are, but NaN for queries without a positive."""
        return values.masked_fill(self.counts == 0, torch.nan)


Metric = Callable[[Ranks], Tensor]
"""One value per query [Q], float64, from ranks; NaN for a query without a positive."""


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
    `block` queries, rounded up to a multiple of 64, are compared with the whole gallery at a time,
    and the similarities that reach each positive are counted. Memory grows with `block` · G, by
    default at most 2^25 similarities (128 MiB) unless 64 queries need more; the result is as large
    as Q times the commonest label's number of images, whatever `block` is. Time grows with
    Q · G · (D + positives per query), where a row with many positives is sorted instead.
    The ranks don't depend on `block`. Features on a GPU are searched there.

    Raises ValueError for features that aren't finite and for sizes that don't fit.
    """
    if block is not None and block < 1:
        raise ValueError(f"block must be at least 1, not {block}")
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("a gallery and its labels go together")
    device = queries.device
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

    if distance == "euclidean":
        middle = centre(g)
        q, g = q - middle, g - middle
    by_label = g_labels.argsort(stable=True)
    labels = g_labels[by_label]
    first = torch.searchsorted(labels, q_labels)
    sizes = torch.searchsorted(labels, q_labels, right=True) - first
    sizes[q_labels == JUNK] = 0
    counts = torch.zeros_like(sizes)
    ranks = counts.new_zeros(len(q), int(sizes.max()))
    at_once = _queries_at_once(len(g), block)
    strips = _Strips(g, g_labels == JUNK, distance)
    similarities = g.new_empty(min(at_once, len(q)), len(g))
    with torch.autocast(device.type, enabled=False):
        for rows in torch.arange(len(q), device=device).split(at_once):
            steps = torch.arange(int(sizes[rows].max()), device=device)
            own = steps < sizes[rows, None]
            images = by_label[(first[rows, None] + steps).clamp(max=len(g) - 1)]
            match = own
            if gallery is None:
                match = match & (images != rows[:, None])
            if q_cameras is not None and g_cameras is not None:
                match = match & (g_cameras[images] != q_cameras[rows, None])
            if match.any():
                counts[rows] = match.sum(1)
                compared = strips.compare(q[rows], similarities[: len(rows)])
                found = _block_ranks(compared, images, own, match)
                ranks[rows, : found.shape[1]] = found
    return Ranks(ranks[:, : int(counts.max())], counts)


def _queries_at_once(gallery: int, block: int | None) -> int:
    """The number of queries in a block, a multiple of UNIT."""
    if block is None:
        block = min(MOST_QUERIES, MOST_SIMILARITIES // gallery // UNIT * UNIT)
    return UNIT * max(1, -(-block // UNIT))


def _ids(ids: Any, features: Tensor, name: str) -> Tensor:
    ids = torch.as_tensor(ids, device=features.device)
    if ids.shape != features.shape[:1] or ids.is_floating_point():
        raise ValueError(
            f"{name} must be one integer for each of {len(features)} images, "
            f"not {ids.dtype} {list(ids.shape)}"
        )
    return ids.long().contiguous()


class _Strips:
    """A gallery [G, D] in strips of columns, each as wide as a product of whole units needs."""

    def __init__(self, gallery: Tensor, junk: Tensor, distance: Distance) -> None:
        *whole, last = gallery.split(STRIP)
        self.strips = [*whole, F.pad(last, (0, 0, 0, -len(last) % UNIT))]
        self.offsets = [offset(strip, distance) for strip in self.strips]
        self.junk = junk.nonzero().squeeze(1)

    def compare(self, queries: Tensor, out: Tensor) -> Tensor:
        """The similarities [B, G] of queries [B, D] in `out`, minus infinity for junk."""
        padded = F.pad(queries, (0, 0, 0, -len(queries) % UNIT))
        for part, strip, bias in zip(out.split(STRIP, 1), self.strips, self.offsets, strict=True):
            part.copy_(F.linear(padded, strip, bias)[: part.shape[0], : part.shape[1]])
        return out.index_fill_(1, self.junk, -torch.inf)


def _block_ranks(similarities: Tensor, images: Tensor, own: Tensor, match: Tensor) -> Tensor:
    """Ranks [B, P] of the positives of B queries, zeros where a query has fewer than P.

    `similarities` [B, G]; `images` [B, M] are the gallery images of the query's label where `own`
    [B, M] says so; `match` [B, M] says which of them are positives.
    """
    same = similarities.gather(1, images).masked_fill(~own, -torch.inf)
    counts = match.sum(1)
    place = torch.arange(1, int(counts.max()) + 1, device=images.device)
    positives = same.masked_fill(~match, -torch.inf).sort(1, descending=True).values
    positives = positives[:, : len(place)].contiguous()
    own_reach = same.shape[1] - torch.searchsorted(same.sort(1).values, positives)
    others = at_least(similarities, positives, counts) - own_reach
    return (place + others).masked_fill(place > counts[:, None], 0)

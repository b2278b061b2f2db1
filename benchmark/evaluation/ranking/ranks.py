"""The ranks at which queries find their matches: every retrieval metric is a function of them.

Ranks are counted, not looked up in a list of neighbours: a metric needs the place of each positive,
however far down. faiss has no operation for that, so metrics come from torch's matrix product and
`counting`; faiss serves `nearest`, whose answers lead to the same Recall@K.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.evaluation.ranking.distance import Distance, compare
from benchmark.evaluation.ranking.memory import Parts
from benchmark.evaluation.ranking.search import Identities, Search

Ids = Tensor | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranks:
    """The ranks of each query's positives, best first.

    `ranks` [Q, P] int64 count from 1; row q holds `counts[q]` ranks and zeros after them.
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
def rank_blocks(
    queries: Tensor,
    query_labels: Ids,
    gallery: Tensor | None = None,
    gallery_labels: Ids | None = None,
    *,
    query_cameras: Ids | None = None,
    gallery_cameras: Ids | None = None,
    distance: Distance = "cosine",
    block: int | None = None,
) -> Iterator[Ranks]:
    """Rank each query's positives, the gallery images of its label, among the gallery.

    `queries` [Q, D], `gallery` [G, D]; labels and cameras are integers, one an image. Without a
    gallery each query is searched among the other queries. What is left out of a search:

    - the query itself, known by its index, where there is no gallery;
    - images of the query's label *and* camera, where cameras are given (Zheng et al., Scalable
      Person Re-identification: A Benchmark, ICCV 2015);
    - gallery images labelled -1 (junk).

    Gallery images whose label no query has are distractors and stay.

    Ties are resolved against the model: an image of another label that is as near as a positive
    comes before it. So the order of files doesn't matter, and features that are all the same get
    the worst ranks. The j-th best positive, at distance d_j, has the rank
    j + |{other labels at a distance of at most d_j}|.

    The search is exact: ranks are those of distances in float64, where distances that differ only
    by rounding are equal, however near each other or far from zero the features are. A product in
    float32 decides where rounding can't have changed the order, float64 elsewhere. So ranks depend
    neither on the machine nor on `block`, the number of queries that are compared with the whole
    gallery at a time. By default a block has at most 2^25 similarities (128 MiB); it is halved when
    memory runs out. Memory grows with `block` · G, time with Q · G · D. Features on a GPU are
    searched there.

    Yields the ranks of a block of queries at a time, in order. Raises ValueError for features that
    aren't finite and for sizes that don't fit, and UserError if memory doesn't suffice for one
    query.
    """
    if block is not None and block < 1:
        raise ValueError(f"block must be at least 1, not {block}")
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("a gallery and its labels go together")
    comparison = compare(queries, gallery, distance)
    q = _identities(query_labels, query_cameras, comparison.queries.features, "query")
    if gallery is None:
        if gallery_cameras is not None:
            raise ValueError("gallery cameras without a gallery")
        g = q
    else:
        if (query_cameras is None) != (gallery_cameras is None):
            raise ValueError("cameras must be given for both queries and gallery, or for neither")
        g = _identities(gallery_labels, gallery_cameras, comparison.gallery.features, "gallery")
    search = Search(comparison, q, g, own=gallery is None)
    parts = Parts(
        block or search.at_once,
        "queries",
        "Evaluate fewer images, smaller embeddings (dim), or on the CPU (device=cpu).",
    )
    for ranks, counts in parts.run(len(queries), search.ranks):
        yield Ranks(ranks, counts)


def positive_ranks(queries: Tensor, query_labels: Ids, *gallery: Any, **options: Any) -> Ranks:
    """The ranks of all queries together, from `rank_blocks` with the same arguments.

    They are [Q, P], with P the most positives that a query has.
    """
    blocks = list(rank_blocks(queries, query_labels, *gallery, **options))
    widest = max(block.ranks.shape[1] for block in blocks)
    padded = [F.pad(block.ranks, (0, widest - block.ranks.shape[1])) for block in blocks]
    return Ranks(torch.cat(padded), torch.cat([block.counts for block in blocks]))


def _identities(labels: Any, cameras: Any, features: Tensor, side: str) -> Identities:
    return Identities(
        _ids(labels, features, f"{side} labels"),
        None if cameras is None else _ids(cameras, features, f"{side} cameras"),
    )


def _ids(ids: Any, features: Tensor, name: str) -> Tensor:
    ids = torch.as_tensor(ids, device=features.device)
    if ids.shape != features.shape[:1] or ids.is_floating_point():
        raise ValueError(
            f"{name} must be one integer for each of {len(features)} images, "
            f"not {ids.dtype} {list(ids.shape)}"
        )
    return ids.long().contiguous()

"""How many images are at least as near as a positive: the operation behind the ranks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from benchmark.evaluation.ranking.distance import SHARE, Comparison, squares

# The most numbers in memory at once while pairs of images are compared in float64.
ROOM = 2**24
UNLIMITED = 2**62


@dataclass(frozen=True)
class Block:
    """Queries that are searched together: the `rows` [B] of the comparison.

    `similarities` [B, G] has minus infinity for images that don't count. `positives` [B, P] are
    gallery images, the most similar first, and `thresholds` [B, P] their similarities; row b has
    `counts[b]` of them. `window` [B] is the least difference of similarities that can't be due to
    rounding.
    """

    rows: Tensor
    similarities: Tensor
    positives: Tensor
    thresholds: Tensor
    counts: Tensor
    window: Tensor


def count_nearer(
    comparison: Comparison, block: Block, budget: int = UNLIMITED
) -> tuple[Tensor, Tensor]:
    """How many images are at least as near to a query as each of its positives.

    Similarities decide where they differ by more than the window; else the two distances are
    computed in float64. Returns the numbers [B, P] int64, and which rows are settled [B]: those
    that took no more than `budget` comparisons in float64. Values in other rows, and behind a
    row's positives, are meaningless.
    """
    if block.similarities.device.type == "cpu":
        return count_in_loops(comparison, block, budget)
    return count_in_torch(comparison, block, budget)


def count_in_loops(comparison: Comparison, block: Block, budget: int) -> tuple[Tensor, Tensor]:
    """`count_nearer` on the CPU, by loops that numba compiles, in as many threads as torch has."""
    # Imported here: it takes half a second.
    from benchmark.evaluation.ranking import counting_loops

    loop: Any = counting_loops.count_nearer
    nearer = torch.zeros_like(block.positives)
    settled = torch.zeros_like(block.counts, dtype=torch.bool)
    sides = comparison.queries, comparison.gallery
    tensors = [block.similarities, block.positives, block.thresholds, block.counts, block.window]
    tensors += [block.rows, *(tensor for side in sides for tensor in (side.features, side.scale))]
    work = partial(
        loop,
        *(tensor.numpy() for tensor in tensors),
        SHARE,
        comparison.share,
        budget,
        nearer.numpy(),
        settled.numpy(),
    )
    threads = torch.get_num_threads()
    ends = [len(nearer) * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, pairwise(ends)):
            pass
    return nearer, settled


def count_in_torch(comparison: Comparison, block: Block, budget: int) -> tuple[Tensor, Tensor]:
    """`count_nearer` in torch, on any device."""
    images = block.similarities.shape[1]
    ordered, order = block.similarities.sort(1)
    window = block.window[:, None]
    # Added in float64 and rounded, as the window allows for.
    bounds = (block.thresholds + window, block.thresholds - window)
    surely, perhaps = (
        images - torch.searchsorted(ordered, bound.to(ordered.dtype).contiguous())
        for bound in bounds
    )
    places = torch.arange(block.positives.shape[1], device=ordered.device)
    unsure = (perhaps - surely).masked_fill(places >= block.counts[:, None], 0)
    settled = unsure.sum(1) <= budget
    unsure[~settled] = 0
    row, place = unsure.nonzero(as_tuple=True)
    number = unsure[row, place]
    ends = number.cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    queries, gallery = comparison.queries, comparison.gallery
    step = max(1, ROOM // gallery.features.shape[1])
    for start in range(0, total, step):
        pair = torch.arange(start, min(start + step, total), device=ordered.device)
        which = torch.searchsorted(ends, pair, right=True)
        b, j = row[which], place[which]
        column = images - perhaps[b, j] + pair - (ends - number)[which]
        query = queries.exact(block.rows[b])
        own = squares(query, gallery.exact(block.positives[b, j]))
        other = squares(query, gallery.exact(order[b, column]))
        near = other <= comparison.equally_near(own)
        surely.view(-1).index_add_(0, b * surely.shape[1] + j, near.long())
    return surely, settled

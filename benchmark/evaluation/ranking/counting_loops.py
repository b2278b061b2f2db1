"""The count of `counting`, as loops that numba compiles for the CPU."""

# numba finds the types of a loop's arguments.
# mypy: allow-untyped-defs, allow-untyped-decorators

import numpy as np
from numba import njit

# Sums may be vectorised, but a product and a sum must not be fused: the distance of equal vectors
# must be 0.
compiled = njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})


@compiled
def _square(one, one_scale, other, other_scale):
    total = 0.0
    for k in range(len(one)):
        difference = one[k] * one_scale - other[k] * other_scale
        total += difference * difference
    return total


@compiled
def _bucket(similarity, lowest, scale, buckets):
    """The bucket of a similarity; in spite of rounding, buckets are in the similarities' order."""
    bucket = np.int64((similarity - lowest) * scale)
    return bucket if bucket < buckets else buckets - 1


@compiled
def _buckets(surely, lowest):
    """The number of thresholds above each bucket of similarities, and the buckets' scale."""
    count = len(surely) - 1
    buckets = np.zeros(8 * count + 1, np.int64)
    span = surely[0] - lowest
    scale = surely.dtype.type(8 * count / span) if span > 0 else surely.dtype.type(0)
    if not np.isfinite(scale):
        scale = surely.dtype.type(0)
    for j in range(count):
        buckets[_bucket(surely[j], lowest, scale, len(buckets))] += 1
    above = 0
    for k in range(len(buckets) - 1, -1, -1):
        within = buckets[k]
        buckets[k] = above
        above += within
    return buckets, scale


@compiled
def count_nearer(
    similarities, positives, thresholds, counts, window, numbers,
    queries, query_scale, gallery, gallery_scale, share, unit_share, budget, nearer, settled, part,
):  # fmt: skip
    """Fill the rows from `part[0]` to `part[1]` of `nearer` [B, P] and `settled` [B].

    See `benchmark.evaluation.ranking.counting.count_nearer`. Row b's thresholds fall.
    """
    for b in range(part[0], part[1]):
        count = counts[b]
        settled[b] = True
        if not count:
            continue
        # Similarities from `surely[j]` on count for positive j, those below `perhaps[j]` don't.
        surely = np.full(count + 1, -np.inf, similarities.dtype)
        perhaps = np.empty(count, similarities.dtype)
        for j in range(count):
            surely[j] = thresholds[b, j] + window[b]
            perhaps[j] = thresholds[b, j] - window[b]
        lowest = perhaps[count - 1]
        buckets, scale = _buckets(surely, lowest)
        limit = np.full(count, -1.0)
        passed = np.zeros(count + 1, np.int64)
        closer = np.zeros(count, np.int64)
        left = budget
        i = numbers[b]
        for o in range(similarities.shape[1]):
            similarity = similarities[b, o]
            if not similarity >= lowest:
                continue
            # The first positive for which it surely counts, as it then does for those after it.
            place = buckets[_bucket(similarity, lowest, scale, len(buckets))]
            while surely[place] > similarity:
                place += 1
            passed[place] += 1
            j = place - 1
            if j < 0 or perhaps[j] > similarity:
                continue
            left -= 1
            if left < 0:
                settled[b] = False
                break
            square = _square(queries[i], query_scale[i], gallery[o], gallery_scale[o])
            while j >= 0 and perhaps[j] <= similarity:
                if limit[j] < 0:
                    own = positives[b, j]
                    near = _square(queries[i], query_scale[i], gallery[own], gallery_scale[own])
                    limit[j] = (np.sqrt(near) * (1 + share) + unit_share) ** 2
                closer[j] += square <= limit[j]
                j -= 1
        total = 0
        for j in range(count):
            total += passed[j]
            nearer[b, j] = total + closer[j]

"""The sums of the mappings as loops over pairs, compiled by numba; see `numba_functions`.

For each pair: its kept set, and the sums in it; in the backward pass the set again, from two
numbers a pair. Elements stay in the processor's cache from the selection to the last sum.

Sets are those of `selection`. Scores become *keys*: integers ordered as the scores are, the lowest
kept. For a difference, the key is its bit pattern, which for floats that are not negative grows
with the value. A set is a limit among the keys and the last element kept at it.

All loops are in this file, because numba's cache only notices changes in the file of a loop.
"""

# numba infers the types of a loop's arguments.
# mypy: allow-untyped-defs, allow-untyped-decorators

import numpy as np
from numba import njit

# Sums may be vectorised, and a product and a sum be one instruction. A NaN stays a NaN.
compiled = njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})

SHARE, MEAN, RANDOM = range(3)


@compiled
def _mix(value):
    """The 32-bit finaliser of MurmurHash3 (Appleby, public domain)."""
    value = np.uint32(np.uint32(value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32(np.uint32(value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@compiled
def _fill_keys(keys, difference, first, second, seed, flip, rule, top):
    """Keys [D] from differences [D] >= 0. `flip` keeps the highest; `top` is infinity's key."""
    bits = difference.view(keys.dtype)
    if rule == RANDOM:
        low, high = np.uint32(min(first, second)), np.uint32(max(first, second))
        start = _mix(np.uint32(low + np.uint32(seed) * np.uint32(0x9E3779B9)))
        pair = _mix(np.uint32(start + high * np.uint32(0x85EBCA77)))
        for k in range(len(keys)):
            keys[k] = _mix(np.uint32(pair + np.uint32(k) * np.uint32(0xC2B2AE3D))) >> np.uint32(8)
    elif flip:
        for k in range(len(keys)):
            # A NaN comes first: it is kept, and shows in the loss.
            keys[k] = top - bits[k] if difference[k] == difference[k] else -1
    else:
        for k in range(len(keys)):
            keys[k] = bits[k] if difference[k] == difference[k] else -1


@compiled
def _below(keys, limit):
    """How many keys are under the limit. A float, for which whole vectors are counted at once."""
    count = np.float32(0)
    for k in range(len(keys)):
        count += np.float32(1) if keys[k] < limit else np.float32(0)
    return count


@compiled
def _select(keys, difference, count, flip, rule, top, hint):
    """The kept set: what is under a limit, and at the limit the elements up to the last one.

    The search for the limit starts from `hint`, a likely value.
    """
    if rule == MEAN:
        mean = difference.dtype.type(0)
        for k in range(len(keys)):
            mean += difference[k]
        difference[0] = mean / len(keys)
        mean = difference[:1].view(keys.dtype)[0]
        mean = top - mean if flip else mean
        # Rounding can put the mean below every key; the lowest is kept all the same.
        return keys.dtype.type(max(mean, keys.min()) + 1), -1
    low, high = keys[0], keys[0]
    for k in range(len(keys)):
        low, high = min(low, keys[k]), max(high, keys[k])
    high = keys.dtype.type(high + 1)
    if count == len(keys):
        return high, -1
    # We look for a limit with `count` keys under it, or else the key of that rank: it is at least
    # `low`, which has `few` keys under it, and below `high`, which has `many`.
    few, many, step = 0.0, float(len(keys)), 0
    while high - low > 1:
        if step == 0 and low < hint < high:
            middle = hint
        elif step % 4 == 3:
            middle = keys.dtype.type(low + (high - low) // 2)
        else:
            share = (count - few + 0.5) / (many - few + 1)
            inside = min(int((high - low) * share), high - low - 1)
            middle = keys.dtype.type(low + max(inside, 1))
        found = _below(keys, middle)
        if found == count:
            return middle, -1
        if found < count:
            low, few = middle, found
        else:
            high, many = middle, found
        step += 1
    room = count - _below(keys, low)
    for k in range(len(keys)):
        if keys[k] == low:
            room -= 1
            if room == 0:
                return low, k
    return low, len(keys)


@compiled
def _fill_mask(mask, keys, limit, last):
    """1 where kept and 0 where not. A product with it erases, and lets a NaN show."""
    for k in range(len(mask)):
        mask[k] = mask.dtype.type(1) if keys[k] < limit else mask.dtype.type(0)
    for k in range(last + 1):
        if keys[k] == limit:
            mask[k] = 1


@compiled
def _scale(mask, count, rule, rescale):
    """D / |M|, or 1. The rule `mean` alone has no fixed |M|."""
    if not rescale:
        return mask.dtype.type(1)
    return mask.dtype.type(len(mask) / (mask.sum() if rule == MEAN else count))


@compiled
def _dot(one, other):
    total = one.dtype.type(0)
    for k in range(len(one)):
        total += one[k] * other[k]
    return total


@compiled
def _add(total, weight, values):
    for k in range(len(total)):
        total[k] += weight * values[k]


@compiled
def margins(
    part, parts, features, proxies, table, samples, starts, classes,
    count, seed, inverse, rule, rescale, top, limits, lasts, result,
):  # fmt: skip
    """Fill `result` [B, C] and the sets [P, C], for every `parts`-th class of the batch.

    `classes` [C] begin with the batch's P; the a-th one's samples are
    `samples[starts[a]:starts[a + 1]]`. `proxies` and `table` are [C, D].
    """
    dim = features.shape[1]
    difference, mask = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    hint = top
    for a in range(part, len(limits), parts):
        y = classes[a]
        for b in range(a + 1, len(classes)):
            j = classes[b]
            for k in range(dim):
                difference[k] = abs(table[y, k] - table[j, k])
            _fill_keys(keys, difference, y, j, seed, inverse, rule, top)
            hint, lasts[a, b] = _select(keys, difference, count, inverse, rule, top, hint)
            limits[a, b] = hint
            _fill_mask(mask, keys, limits[a, b], lasts[a, b])
            scale = _scale(mask, count, rule, rescale)
            for own, other, place in ((y, j, a), (j, y, b)):
                if place >= len(limits):
                    continue
                for k in range(dim):
                    difference[k] = (proxies[own, k] - proxies[other, k]) * mask[k]
                for i in samples[starts[place] : starts[place + 1]]:
                    result[i, other] = scale * _dot(features[i], difference)


@compiled
def margins_backward(
    part, parts, features, proxies, table, samples, starts, classes,
    count, seed, inverse, rule, rescale, top, limits, lasts, gradient, to_features, to_proxies,
):  # fmt: skip
    """Add the gradients [B, D] and [C, D] that come from the same pairs' margins."""
    dim = features.shape[1]
    difference, mask = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    pull, keys = np.empty(dim, features.dtype), np.empty(dim, limits.dtype)
    for a in range(part, len(limits), parts):
        y = classes[a]
        for b in range(a + 1, len(classes)):
            j = classes[b]
            for k in range(dim):
                difference[k] = abs(table[y, k] - table[j, k])
            _fill_keys(keys, difference, y, j, seed, inverse, rule, top)
            _fill_mask(mask, keys, limits[a, b], lasts[a, b])
            scale = _scale(mask, count, rule, rescale)
            for own, other, place in ((y, j, a), (j, y, b)):
                if place >= len(limits):
                    continue
                for k in range(dim):
                    difference[k] = (proxies[own, k] - proxies[other, k]) * mask[k]
                pull[:] = 0
                for i in samples[starts[place] : starts[place + 1]]:
                    weight = scale * gradient[i, other]
                    _add(to_features[i], weight, difference)
                    _add(pull, weight, features[i])
                for k in range(dim):
                    pull[k] *= mask[k]
                _add(to_proxies[other], -1, pull)
                _add(to_proxies[own], 1, pull)


@compiled
def squares(
    part, parts, features, references, labels, reference_labels, square,
    count, seed, inverse, rule, rescale, top, limits, lasts, result,
):  # fmt: skip
    """Fill `result` [B, N] and the sets [B, N], for every `parts`-th row.

    With `square` the references are the batch itself, and only pairs i < j are worked on.
    """
    dim = features.shape[1]
    difference, mask = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    hint = top
    first = 0 if square else len(features)
    for i in range(part, len(features), parts):
        if square:
            result[i, i] = 0
        for j in range(i + 1 if square else 0, len(references)):
            flip = (labels[i] == reference_labels[j]) != inverse
            for k in range(dim):
                difference[k] = abs(features[i, k] - references[j, k])
            _fill_keys(keys, difference, i, first + j, seed, flip, rule, top)
            hint, lasts[i, j] = _select(keys, difference, count, flip, rule, top, hint)
            limits[i, j] = hint
            _fill_mask(mask, keys, limits[i, j], lasts[i, j])
            total = mask.dtype.type(0)
            for k in range(dim):
                kept = (features[i, k] - references[j, k]) * mask[k]
                total += kept * kept
            result[i, j] = _scale(mask, count, rule, rescale) * total
            if square:
                result[j, i] = result[i, j]


@compiled
def squares_backward(
    part, parts, features, references, labels, reference_labels, square,
    count, seed, inverse, rule, rescale, top, limits, lasts,
    gradient, to_features, to_references,
):  # fmt: skip
    """Add the gradients [B, D] and [N, D] that come from the same pairs' squares."""
    dim = features.shape[1]
    difference, mask = np.empty(dim, features.dtype), np.empty(dim, features.dtype)
    keys = np.empty(dim, limits.dtype)
    first = 0 if square else len(features)
    for i in range(part, len(features), parts):
        for j in range(i + 1 if square else 0, len(references)):
            weight = gradient[i, j] + (gradient[j, i] if square else 0)
            flip = (labels[i] == reference_labels[j]) != inverse
            for k in range(dim):
                difference[k] = abs(features[i, k] - references[j, k])
            _fill_keys(keys, difference, i, first + j, seed, flip, rule, top)
            _fill_mask(mask, keys, limits[i, j], lasts[i, j])
            weight = mask.dtype.type(2 * weight * _scale(mask, count, rule, rescale))
            for k in range(dim):
                pull = weight * mask[k] * (features[i, k] - references[j, k])
                to_features[i, k] += pull
                if square:
                    to_features[j, k] -= pull
                elif len(to_references):
                    to_references[j, k] -= pull

"""Kept sets in the loops that numba compiles: keys, limits, and the weights of the elements.

Sets are those of `selection`. Scores become *keys*: integers ordered as the scores are, the lowest
kept. For a score, the key is its bit pattern, which for floats that are not negative grows with the
value. A set is a limit among the keys and the last element kept at it; the rule `soft` has no set,
and sorts the keys.
"""

# numba infers the types of a loop's arguments.
# mypy: allow-untyped-defs, allow-untyped-decorators

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core.caching import FunctionCache

SHARE, MEAN, RANDOM, SOFT = range(4)


class Rules(NamedTuple):
    """A `Selection`, as the loops take it.

    `kept` is how many elements are, `top` the key of infinity, and `scale` D / |M| or 1. `falling`
    [D] are the weights by rank for the rule `soft`, and empty for others.
    """

    kept: int
    seed: int
    inverse: bool
    rule: int
    rescale: bool
    scale: float
    top: Any
    falling: Any


class _Cache(FunctionCache):
    """numba's cache, which by itself notices changes in the file of the called loop alone."""

    def _index_key(self, sig, codegen):
        return *super()._index_key(sig, codegen), _sources()


@cache
def _sources():
    files = sorted(Path(__file__).parent.glob("numba_*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compiled(loop):
    """Compile a loop at its first call, and keep it for later processes.

    Sums may be vectorised, and a product and a sum be one instruction. A NaN stays a NaN.
    """
    made = njit(nogil=True, fastmath={"reassoc", "contract"})(loop)
    setattr(made, "_cache", _Cache(loop))  # noqa: B010 (a dispatcher declares no such thing)
    return made


@compiled
def _mix(value):
    """The 32-bit finaliser of MurmurHash3 (Appleby, public domain)."""
    value = np.uint32(np.uint32(value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32(np.uint32(value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@compiled
def fill_keys(keys, scores, first, second, flip, rules):
    """Keys [D] from differences [D] >= 0, of which `flip` keeps the highest."""
    bits = scores.view(keys.dtype)
    # A NaN comes first: it is kept, and shows in the loss.
    if rules.rule == RANDOM:
        _fill_random_keys(keys, first, second, rules.seed)
    elif flip:
        for k in range(len(keys)):
            keys[k] = rules.top - bits[k] if scores[k] == scores[k] else -1
    else:
        for k in range(len(keys)):
            keys[k] = bits[k] if scores[k] == scores[k] else -1


@compiled
def fill_signed_keys(keys, scores, first, second, rules):
    """Keys [D] from scores [D] of both signs, where no zero may be negative."""
    bits = scores.view(keys.dtype)
    lowest, magnitude = -rules.top - 2, np.iinfo(keys.dtype).max
    if rules.rule == RANDOM:
        _fill_random_keys(keys, first, second, rules.seed)
    else:
        for k in range(len(keys)):
            key = bits[k] if bits[k] >= 0 else bits[k] ^ magnitude
            keys[k] = key if scores[k] == scores[k] else lowest


@compiled
def _fill_random_keys(keys, first, second, seed):
    low, high = np.uint32(min(first, second)), np.uint32(max(first, second))
    start = _mix(np.uint32(low + np.uint32(seed) * np.uint32(0x9E3779B9)))
    pair = _mix(np.uint32(start + high * np.uint32(0x85EBCA77)))
    for k in range(len(keys)):
        keys[k] = _mix(np.uint32(pair + np.uint32(k) * np.uint32(0xC2B2AE3D))) >> np.uint32(8)


@compiled
def _below(keys, limit):
    """How many keys are under the limit. A float, for which whole vectors are counted at once."""
    count = np.float32(0)
    for k in range(len(keys)):
        count += np.float32(1) if keys[k] < limit else np.float32(0)
    return count


@compiled
def _mean_key(keys, scores, flip, top):
    """The key of the scores' mean; the first score is overwritten."""
    mean = scores.dtype.type(0)
    for k in range(len(keys)):
        mean += scores[k]
    scores[0] = mean / len(keys) + scores.dtype.type(0)
    mean = scores[:1].view(keys.dtype)[0]
    if mean < 0:
        return mean ^ np.iinfo(keys.dtype).max
    return top - mean if flip else mean


@compiled
def select(keys, scores, flip, rules, hint):
    """The kept set: what is under a limit, and at the limit the elements up to the last one.

    The search for the limit starts from `hint`, a likely value.
    """
    count = rules.kept
    if rules.rule == SOFT:
        return hint, -1
    if rules.rule == MEAN:
        mean = _mean_key(keys, scores, flip, rules.top)
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
    while low < high - 1:
        if step == 0 and low < hint < high:
            middle = hint
        elif low < 0 < high:
            middle = keys.dtype.type(0)  # between them, a difference might not fit
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
def fill_weights(weights, keys, limit, last, rules):
    """1 where kept and 0 where not, or by rank. A product with 0 erases, and lets a NaN show."""
    if rules.rule == SOFT:
        _fill_falling(weights, keys, rules.falling)
        return
    for k in range(len(weights)):
        weights[k] = weights.dtype.type(1) if keys[k] < limit else weights.dtype.type(0)
    for k in range(last + 1):
        if keys[k] == limit:
            weights[k] = 1


@compiled
def _fill_falling(weights, keys, falling):
    """Weights by rank, from a radix sort by bytes; at equal keys the lower index comes first."""
    order, following = np.arange(len(keys)), np.empty(len(keys), np.int64)
    bits = 8 * keys.itemsize
    for shift in range(0, bits, 8):
        # Negative keys come first.
        sign = 128 if shift == bits - 8 else 0
        place = np.zeros(257, np.int64)
        for k in range(len(keys)):
            place[1 + (((keys[k] >> shift) & 255) ^ sign)] += 1
        place = place.cumsum()
        for element in order:
            byte = ((keys[element] >> shift) & 255) ^ sign
            following[place[byte]] = element
            place[byte] += 1
        order, following = following, order
    for rank in range(len(keys)):
        weights[order[rank]] = falling[rank]


@compiled
def scale_of(weights, rules):
    """D / |M|, or 1. The rule `mean` alone has no fixed |M|."""
    if rules.rule == MEAN and rules.rescale:
        return weights.dtype.type(len(weights) / weights.sum())
    return weights.dtype.type(rules.scale)

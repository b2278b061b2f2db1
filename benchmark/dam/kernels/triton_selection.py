"""Kept sets inside Triton kernels: what `selection` defines, found in registers.

Scores become *keys*: int32 numbers ordered as the scores are, the lowest kept. For a difference,
the key is its bit pattern, which for floats that are not negative grows with the value. A set is a
threshold among the keys and the last element kept at it. The threshold is found by bisection over
the keys: nothing is sorted or held in memory. For the rules with a share, the set is that of
`selection`, bit for bit; the rule `mean` depends on the rounding of a sum.
"""

# Triton gives types to a kernel's arguments.
# mypy: allow-untyped-defs

import triton
import triton.language as tl

from ..selection import Selection, kept_count

# References at a time and elements per program, in the kernels of a backward pass.
TILE = {"ROWS": 32, "COLUMNS": 64}


def warps(width: int) -> int:
    """Warps for a program that holds rows of `width` elements in registers."""
    return max(1, width // 1024)


def settings(selection: Selection, dim: int) -> dict[str, int | str]:
    """The kernels' arguments for a selection among `dim` elements."""
    seed = (0x9E3779B9 * (selection.seed & 0xFFFFFFFF)) & 0xFFFFFFFF
    return {
        "count": kept_count(selection.keep, dim),
        # Signed, because an argument's type follows its value and a new type compiles anew.
        "seed": seed - (1 << 32) if seed >> 31 else seed,
        "RULE": selection.rule,
    }


@triton.jit
def keys_of(one, other, element, first, second, seed, flip, RULE: tl.constexpr):
    """Keys of the elements of the pair (first, second), whose values are `one` and `other`.

    All arguments broadcast. With `flip` the highest differences are kept.
    """
    if RULE == "random":
        low = tl.minimum(first, second).to(tl.uint32)
        high = tl.maximum(first, second).to(tl.uint32)
        pair = _mix(_mix(low + seed.to(tl.uint32, bitcast=True)) + high * 0x85EBCA77)
        keys = (_mix(pair + element.to(tl.uint32) * 0xC2B2AE3D) >> 8).to(tl.int32)
    else:
        keys = _key(tl.abs(one - other), flip)
    return keys


@triton.jit
def _key(difference, flip):
    bits = difference.to(tl.int32, bitcast=True)
    keys = tl.where(flip, 0x7F800000 - bits, bits)
    # A NaN comes first: it is kept, and shows in the loss.
    return tl.where(difference == difference, keys, -1)


@triton.jit
def _mix(value):
    """The 32-bit finaliser of MurmurHash3 (Appleby, public domain)."""
    value = (value ^ (value >> 16)) * 0x85EBCA6B
    value = (value ^ (value >> 13)) * 0xC2B2AE35
    return value ^ (value >> 16)


@triton.jit
def select(one, other, keys, element, D, count, flip, RULE: tl.constexpr):
    """Threshold, last element kept at it, and number of kept elements, of one row of keys."""
    inside = element < D
    if RULE == "mean":
        difference = tl.where(inside, tl.abs(one - other), 0.0)
        mean = tl.sum(difference, 0) / D
        # Rounding can put the mean outside the differences; one is kept all the same.
        lowest = tl.min(tl.where(inside, difference, float("inf")), 0)
        highest = tl.max(difference, 0)
        mean = tl.where(flip, tl.minimum(mean, highest), tl.maximum(mean, lowest))
        threshold = _key(mean, flip)
        last = D
        size = tl.sum((inside & (keys <= threshold)).to(tl.int32), 0)
    else:
        # No key is as high as this, so that what lies beyond the row is never counted.
        keys = tl.where(inside, keys, 0x7FFFFFFF)
        low = tl.min(keys, 0)
        high = tl.max(tl.where(inside, keys, -1), 0)
        # The threshold is in low .. high. A key that splits the row exactly ends the search.
        while low < high:
            middle = low + (high - low) // 2
            found = tl.sum((keys <= middle).to(tl.int32), 0)
            high = tl.where(found < count, high, middle)
            low = tl.where(found < count, middle + 1, tl.where(found == count, middle, low))
        threshold = low
        equal = (keys == threshold).to(tl.int32)
        room = count - tl.sum((keys < threshold).to(tl.int32), 0)
        fits = (equal == 1) & (tl.cumsum(equal, 0) <= room)
        last = tl.max(tl.where(fits, element, -1), 0)
        size = count
    return threshold, last, size


@triton.jit
def is_kept(keys, threshold, last, element):
    """Where an element is kept."""
    return (keys < threshold) | ((keys == threshold) & (element <= last))

"""The number at a given place of each row, were it sorted."""

import torch
from torch import Tensor

# Numbers selected among at a time: so few that a copy of them stays in the processor's cache.
CHUNK = 1 << 15


def order_statistics(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count`-th lowest score of each row and the one after it, each [rows].

    `scores` are [rows, D] with D above `count`.
    """
    if scores.is_cuda:
        return _by_sorting(scores, count)
    try:
        return _by_numpy(scores, count)
    except ImportError:  # torch runs without numpy too, only slower here
        return _by_sorting(scores, count)


def _by_sorting(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    # By sorting, as kthvalue has no form on a GPU that repeats itself.
    ordered = scores.sort(-1).values
    return ordered[..., count - 1], ordered[..., count]


def _by_numpy(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The same by numpy, which selects among integers in a tenth of kthvalue's time.

    The bits of a float, as an integer, are ordered as the values are, once all bits but the sign
    are flipped where it is negative.
    """
    import numpy as np

    bits = scores.view(torch.int32 if scores.dtype == torch.float32 else torch.int64).numpy()
    sign, top = 8 * bits.itemsize - 1, np.iinfo(bits.dtype).max
    found = np.empty((2, len(bits)), bits.dtype)
    step = max(1, CHUNK // bits.shape[1])

    for start in range(0, len(bits), step):
        rows = slice(start, start + step)
        parted = bits[rows] >> sign
        parted &= top
        parted ^= bits[rows]
        parted.partition(count - 1, axis=-1)
        found[0, rows] = parted[:, count - 1]
        parted[:, count:].min(-1, out=found[1, rows])
    found ^= (found >> sign) & top
    threshold, following = torch.from_numpy(found).view(scores.dtype)
    return threshold, following

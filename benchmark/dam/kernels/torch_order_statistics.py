"""The number in a given place of each row, were it sorted."""

import torch
from torch import Tensor

# How many numbers are gone through at a time: so few that a copy of them stays in the cache.
CHUNK = 1 << 15


def order_statistics(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count`-th lowest score of each row and the one after it, each [rows].

    `scores` are [rows, D] with D above `count`, and of one sign within a row.
    """
    if scores.is_cuda:
        return _kth_values(scores, count)
    try:
        return _by_numpy(scores, count)
    except ImportError:  # torch runs without numpy, only slower here
        return _kth_values(scores, count)


def _kth_values(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    return scores.kthvalue(count, -1).values, scores.kthvalue(count + 1, -1).values


def _by_numpy(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The same by numpy, which selects among integers in a tenth of kthvalue's time.

    Among floats of one sign the bits, as integers, are ordered as the values are; or, where the
    values are negative, once they are flipped.
    """
    import numpy as np

    bits = scores.view(torch.int32 if scores.dtype == torch.float32 else torch.int64).numpy()
    flip = -(bits[:, :1] < 0).astype(bits.dtype)  # all bits where negative
    found = np.empty((2, len(bits)), bits.dtype)
    step = max(1, CHUNK // bits.shape[1])

    for start in range(0, len(bits), step):
        rows = slice(start, start + step)
        parted = bits[rows] ^ flip[rows]
        parted.partition(count - 1, axis=-1)
        found[0, rows] = parted[:, count - 1]
        parted[:, count:].min(-1, out=found[1, rows])
    found ^= flip.T
    threshold, following = torch.from_numpy(found).view(scores.dtype)
    return threshold, following

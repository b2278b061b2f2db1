"""How many similarities reach a threshold: the operation that ranks are made of."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

# Similarities are sorted where there are fewer than SORT for each threshold. numpy's comparison and
# count are vectorised, and its sort isn't on every CPU: a sort takes as long as many counts.
SORT = 256


def at_least(similarities: Tensor, thresholds: Tensor, counts: Tensor) -> Tensor:
    """How many of a row's similarities [B, G] reach each of its thresholds [B, P], int64 [B, P].

    Row b has `counts[b]` thresholds that fall; what is returned behind them means nothing.
    A CPU counts row by row with numpy, in one thread: threads would wait for each other, since a
    row takes no longer than waking one. Other devices sort.
    """
    if similarities.device.type != "cpu":
        return by_sorting(similarities, thresholds)
    reached = np.zeros(thresholds.shape, np.int64)
    rows = zip(similarities.numpy(), thresholds.numpy(), counts.tolist(), reached, strict=True)
    for row, wanted, count, counted in rows:
        if count:
            counted[:count] = _count(row, wanted[:count])
    return torch.from_numpy(reached)


def _count(row: npt.NDArray[np.floating], thresholds: npt.NDArray[np.floating]) -> npt.ArrayLike:
    reaching = row.compress(row >= thresholds[-1])
    if len(reaching) > len(thresholds) * SORT:
        return [np.count_nonzero(reaching >= threshold) for threshold in thresholds]
    reaching.sort()
    return len(reaching) - reaching.searchsorted(thresholds)


def by_sorting(similarities: Tensor, thresholds: Tensor) -> Tensor:
    """`at_least` in torch alone, on any device, for all thresholds [B, P] in any order."""
    ordered = similarities.sort(1).values
    return similarities.shape[1] - torch.searchsorted(ordered, thresholds.contiguous())

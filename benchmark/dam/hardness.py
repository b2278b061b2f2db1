"""How hard a mapping is, for the control `shrunk`, which is as hard and selects nothing.

Kept elements have smaller margins, so that a mapped loss is a harder one, which at a fixed scale
moves results by itself. DAM less `shrunk` is what the selection does, `shrunk` less the baseline
what the hardness does.
"""

import torch
from torch import Tensor

LOWEST, HIGHEST = 0.05, 2.0
"""Bounds of the ratio of margins."""


def mean_ratio(mapped: Tensor, plain: Tensor, members: Tensor) -> Tensor:
    """The mean of `mapped` over that of `plain` (scalar), both of the boolean `members`.

    1 where the mean of `plain` isn't above 0. All three have one shape.
    """
    above, below = (
        torch.where(members, part, 0).sum(dtype=torch.float64) for part in (mapped, plain)
    )
    return torch.where(below > 0, above / below, 1).to(plain.dtype)

"""log(1 + sum of exponentials), which several objectives use."""

import torch
from torch import Tensor


def log_one_plus_sum_exp(exponents: Tensor, members: Tensor, dim: int) -> Tensor:
    """log(1 + sum over `members` of exp(exponents)) along `dim`; 0 for an empty set.

    `exponents` and the boolean `members` have one shape. The 1 takes part as exp(0), so that
    nothing overflows and an empty set has a zero gradient. (The softplus of a logsumexp would be
    inexact: torch's softplus is linear above 20.)
    """
    one = torch.zeros_like(exponents.narrow(dim, 0, 1))
    masked = exponents.masked_fill(~members, -float("inf"))
    return torch.cat([masked, one], dim).logsumexp(dim)

"""Rows of `positive`: which have a partner of both kinds, and where their positives stand."""

import torch
from torch import Tensor


def partnered(S: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of S and `positive` [B, N] with a positive and a negative, as two [b, N]."""
    both = positive.any(1) & ~positive.all(1)
    return S[both], positive[both]


def positive_columns(positive: Tensor) -> tuple[Tensor, Tensor]:
    """The columns of each row's positives side by side, in order, and which of them exist.

    Both [B, P] with P the largest number of positives in a row of `positive` [B, N]; columns that
    don't exist are 0.
    """
    counts = positive.sum(1, keepdim=True)
    exists = torch.arange(int(counts.max()), device=positive.device) < counts
    columns = torch.zeros_like(exists, dtype=torch.int64)
    columns[exists] = positive.nonzero(as_tuple=True)[1]
    return columns, exists

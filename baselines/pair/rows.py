"""Rows of `positive`: which have a partner of both kinds, and where their positives stand."""

import torch
from torch import Tensor


def partnered(positive: Tensor) -> Tensor:
    """Which rows of `positive` [B, N] have both a positive and a negative: [B, 1].

    A mask, since a GPU would have to be waited for to leave the other rows out.
    """
    return positive.any(1, keepdim=True) & ~positive.all(1, keepdim=True)


def positive_columns(positive: Tensor) -> tuple[Tensor, Tensor]:
    """The columns of each row's positives side by side, in order, and which of them exist.

    Both [B, P] with P the largest number of positives in a row of `positive` [B, N], or on a GPU,
    which would have to be waited for to know it, N. Columns that don't exist are 0.
    """
    counts = positive.sum(1, keepdim=True)
    width = positive.shape[1] if positive.is_cuda else int(counts.max())
    exists = torch.arange(width, device=positive.device) < counts
    first = positive.byte().argsort(dim=1, descending=True, stable=True)[:, :width]
    return first.masked_fill(~exists, 0), exists

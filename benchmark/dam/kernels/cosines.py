"""Cosines in kept elements: for the mappings that compare features by them.

cos(f_i, r_j in M) = <f_i, r_j>_M / (|f_i|_M |r_j|_M),   M = the kept set of the pair (i, j)
"""

import torch
from torch import Tensor

from benchmark.dam.kernels import triton_calls as fused
from benchmark.dam.kernels.torch_blocks import in_blocks
from benchmark.dam.selection import Selection, Side


def kept_cosines(
    features: Tensor,
    references: Tensor,
    left: Side,
    right: Side,
    selection: Selection,
    block: int,
    against: Tensor | None = None,
) -> Tensor:
    """Cosines [B, N] of features [B, D] and references [N, D] in what each pair keeps.

    The sets follow from the differences between `left` (B rows) and `right` (N rows). With
    `against` [B, D], the cosine of f_i and `against`[i] in the same elements is subtracted. At
    most `block` numbers are held at a time.
    """
    if against is None and left.labels is not None and fused.available(features):
        return fused.kept_cosines(features, references, left, right, selection)

    home = () if against is None else (against,)

    def values(mask: Tensor, _: float | Tensor, ours: Tensor, *others: Tensor) -> Tensor:
        *home, theirs = others
        squared = _inner(mask, ours.square())
        cosine = _inner(mask * theirs, ours) / _root(
            squared * torch.einsum("acd,cd->ac", mask, theirs.square())
        )
        for own in home:
            cosine = cosine - _inner(mask, ours * own) / _root(squared * _inner(mask, own.square()))
        return cosine

    return in_blocks(values, (features, *home), (references,), left, right, selection, block)


def _inner(block: Tensor, rows: Tensor) -> Tensor:
    """[a, c, D] with [a, D] to [a, c]."""
    return (block @ rows.unsqueeze(-1)).squeeze(-1)


def _root(square: Tensor) -> Tensor:
    """The root, held above zero so that an empty length has no infinite gradient."""
    return square.clamp_min(torch.finfo(square.dtype).tiny).sqrt()

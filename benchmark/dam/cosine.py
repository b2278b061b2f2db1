"""Cosines in kept elements, in blocks: for the mappings that compare features by them.

    cos(f_i, r_j in M) = <f_i, r_j>_M / (|f_i|_M |r_j|_M),   M = the kept set of the pair (i, j)

Each block is made again in the backward pass, so that no B x N x D tensor is held.
"""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from benchmark.dam import fused
from benchmark.dam.selection import Kept, Selection, Side


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
    dim = features.shape[1]
    step = max(1, block // (len(references) * dim))
    width = len(references) if step > 1 else max(1, block // dim)
    blocks = []
    for rows in _slices(len(features), step):
        line = []
        for columns in _slices(len(references), width):
            sides = left.part(rows), right.part(columns)
            line.append(
                checkpoint(
                    _block,
                    features[rows],
                    references[columns],
                    None if against is None else against[rows],
                    selection,
                    sides,
                    selection.kept(_scores(selection, *sides)),
                    use_reentrant=False,
                    preserve_rng_state=False,
                )
            )
        blocks.append(torch.cat(line, 1))
    return torch.cat(blocks)


def _slices(count: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def _block(
    features: Tensor,
    references: Tensor,
    against: Tensor | None,
    selection: Selection,
    sides: tuple[Side, Side],
    kept: Kept,
) -> Tensor:
    mask = kept.mask_(_scores(selection, *sides)).view(len(features), len(references), -1)
    ours = _inner(mask, features.square())
    cosine = _inner(mask * references, features) / _root(
        ours * torch.einsum("acd,cd->ac", mask, references.square())
    )
    if against is None:
        return cosine
    other = _inner(mask, features * against) / _root(ours * _inner(mask, against.square()))
    return cosine - other


def _scores(selection: Selection, left: Side, right: Side) -> Tensor:
    return selection.between(left, right, (left.values.unsqueeze(1) - right.values).abs_())


def _inner(block: Tensor, rows: Tensor) -> Tensor:
    """[a, c, D] with [a, D] to [a, c]."""
    return (block @ rows.unsqueeze(-1)).squeeze(-1)


def _root(square: Tensor) -> Tensor:
    """The root, held above zero so that an empty length has no infinite gradient."""
    return square.clamp_min(torch.finfo(square.dtype).tiny).sqrt()

"""Squared distances in kept elements, for the pair mapping.

square[i, j] = (D / |M|) sum over k in M of (f_ik - r_jk)^2,   M = the kept set of the pair
"""

from torch import Tensor

from benchmark.dam.kernels import numba_functions as compiled
from benchmark.dam.kernels import triton_calls as fused
from benchmark.dam.kernels.torch_blocks import in_blocks
from benchmark.dam.selection import Selection, Side


def kept_squares(
    features: Tensor,
    references: Tensor | None,
    left: Side,
    right: Side,
    selection: Selection,
    rescale: bool,
    block: int,
) -> Tensor:
    """Squares [B, N] of features [B, D] and references [N, D], or None for the batch itself.

    `left` and `right` are the two as the selection compares them, with labels. In torch alone, at
    most `block` numbers are held at a time.
    """
    for way in (fused, compiled):
        if way.available(features):
            return way.kept_squares(features, references, left, right, selection, rescale)
    others = features if references is None else references

    def values(mask: Tensor, scale: float | Tensor, ours: Tensor, theirs: Tensor) -> Tensor:
        difference = (ours.unsqueeze(1) - theirs) * mask
        return difference.square().sum(-1) * (scale if rescale else 1)

    return in_blocks(values, (features,), (others,), left, right, selection, block)

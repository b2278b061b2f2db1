"""The margins of the proxy mapping.

margin[i, j] = (D / |M|) <f_i, w_y - w_j>_M,   y = y_i, M = the kept set of y and j

With K centres a class there is one for each of class j's, against all of y's together: with P,
which makes a class's similarity of those to its centres,

margin[i, (j, k)] = P over l of (D / |M|) <f_i, w_yl>_M  -  (D / |M|) <f_i, w_jk>_M
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.dam.kernels import numba_functions as compiled
from benchmark.dam.kernels import triton_calls as fused
from benchmark.dam.kernels.torch_blocks import in_blocks
from benchmark.dam.selection import Selection, Side

ToClass = Callable[[Tensor], Tensor]
"""Similarities to a class's centres [..., K] -> to the class [...]: P in the formulas."""


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    rescale: bool,
    to_class: ToClass | None,
    block: int,
) -> Tensor:
    """Margins [B, C K] of features [B, D], labels [B], over the K centres of each other class.

    `proxies` are [C K, D]; the rows of `table` [C, D] stand for the classes in the selection;
    `to_class` is None for K = 1. The margins over the own class have no meaning. In torch alone,
    at most `block` numbers are held at a time.
    """
    if to_class is None:
        for way in (fused, compiled):
            if way.available(features):
                return way.class_margins(features, proxies, labels, table, selection, rescale)
    centres = proxies.unflatten(0, (len(table), -1))
    home = centres[labels]

    def values(
        mask: Tensor, scale: float | Tensor, feature: Tensor, home: Tensor, other: Tensor
    ) -> Tensor:
        scale = scale.unsqueeze(2) if isinstance(scale, Tensor) else scale
        if to_class is None:
            margins = torch.einsum("rcd,rd->rc", (home - other.squeeze(1)) * mask, feature)
            return margins.unsqueeze(2) * (scale if rescale else 1)
        kept = mask * feature.unsqueeze(1) * (scale if rescale else 1)
        own = to_class(kept @ home.mT).unsqueeze(2)
        return own - torch.einsum("rcd,ckd->rck", kept, other)

    left = Side(table[labels], labels)
    right = Side(table, torch.arange(len(table), device=labels.device))
    sides = (features, home), (centres,)
    return in_blocks(values, *sides, left, right, selection, block).flatten(1)

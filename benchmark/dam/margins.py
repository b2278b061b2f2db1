"""The margins of the proxy mapping.

margin[i, (j, k)] = (D / |M|) <f_i, m_y - w_jk>_M,   y = y_i, M = the kept set of y and j
"""

import torch
from torch import Tensor

from benchmark.dam import compiled, fused
from benchmark.dam.blocks import in_blocks
from benchmark.dam.selection import Selection, Side


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    rescale: bool,
    centres: int,
    block: int,
) -> Tensor:
    """Margins [B, C K] of features [B, D], labels [B], over the K `centres` of each other class.

    `proxies` are [C K, D]; the rows of `table` [C, D] stand for the classes in the selection. The
    margins over the own class have no meaning. In torch alone, at most `block` numbers are held at
    a time.
    """
    for way in (fused, compiled):
        if way.available(features):
            return way.class_margins(features, proxies, labels, table, selection, rescale, centres)
    of_class = proxies.unflatten(0, (-1, centres))
    home = of_class.mean(1)[labels]

    def values(
        mask: Tensor, scale: float | Tensor, feature: Tensor, home: Tensor, other: Tensor
    ) -> Tensor:
        difference = (home.unsqueeze(1).unsqueeze(1) - other) * mask.unsqueeze(2)
        margins = torch.einsum("rckd,rd->rck", difference, feature)
        scale = scale.unsqueeze(2) if isinstance(scale, Tensor) else scale
        return margins * (scale if rescale else 1)

    left = Side(table[labels], labels)
    right = Side(table, torch.arange(len(table), device=labels.device))
    sides = (features, home), (of_class,)
    return in_blocks(values, *sides, left, right, selection, block // centres).flatten(1)

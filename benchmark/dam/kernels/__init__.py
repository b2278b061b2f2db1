"""The sums that the mappings are made of, computed by whichever technology serves.

`numba_*`, `triton_*` and `torch_*` are the technologies; `serving` says which one computes the
mappings of given features, and `use` fixes it. The sets follow from differences that carry no
gradient, and no tensor of B x N x D numbers is held. Gradients are of first order.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..selection import Selection, Side
from .technology import Technology, serving, use
from .torch_sums import ToClass

__all__ = [
    "Technology",
    "ToClass",
    "class_margins",
    "cosine_margins",
    "kept_cosines",
    "kept_squares",
    "lowest_contributions",
    "serving",
    "use",
]


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    to_class: ToClass | None = None,
) -> Tensor:
    """Margins [B, C K] of features [B, D], labels [B], over the K centres of each other class.

        margin[i, j] = D / |M| <f_i, w_y - w_j>_M        y = y_i, M the kept set of y and j

    `proxies` are [C K, D], those of a class side by side; the rows of `table` [C, D] stand for the
    classes in the selection. With `to_class`, P, which makes the similarity to a class [...] of
    those to its centres [..., K],

        margin[i, (j, k)] = P over l of D / |M| <f_i, w_yl>_M - D / |M| <f_i, w_jk>_M

    and None is for K = 1. The margins over the own class have no meaning.
    """
    technology = _technology(features, selection) if to_class is None else "torch"
    margins: Tensor
    if technology == "triton":
        from .triton_proxy import Margins as TritonMargins

        margins = TritonMargins.apply(features, proxies, labels, table, selection)
    elif technology == "numba":
        from .numba_functions import Margins as NumbaMargins

        margins = NumbaMargins.apply(features, proxies, labels, table, selection)
    else:
        from .torch_sums import class_margins as torch_margins

        margins = torch_margins(features, proxies, labels, table, selection, to_class)
    return margins


def kept_squares(
    features: Tensor, references: Tensor | None, left: Side, right: Side, selection: Selection
) -> Tensor:
    """Squared distances [B, N] of features [B, D] to references [N, D], None for the batch itself.

        square[i, j] = D / |M| sum over k in M of (f_ik - r_jk)^2      M the kept set of the pair

    `left` and `right` are the two as the selection compares them, without a gradient, with labels.
    """
    technology = _technology(features, selection)
    squares: Tensor
    others = features if references is None else references
    if technology == "triton":
        from .triton_pair import Sums

        squares = Sums.apply(features, others, left, right, selection, False)[0]
    elif technology == "numba":
        from .numba_functions import Squares

        squares = Squares.apply(features, references, left.labels, right.labels, selection)
    else:
        from .torch_sums import kept_squares as torch_squares

        squares = torch_squares(features, others, left, right, selection)
    return squares


def cosine_margins(
    features: Tensor, proxies: Tensor, labels: Tensor, table: Tensor, selection: Selection
) -> Tensor:
    """Margins [B, C] of features [B, D], labels [B], over each other class, between cosines.

        margin[i, j] = cos_M(f_i, w_y) - cos_M(f_i, w_j)        y = y_i, M the kept set of y and j

    As in `class_margins`, the rows of `table` [C, D] stand for the classes in the selection.
    """
    if _technology(features, selection) == "numba":
        from .numba_functions import Margins

        margins: Tensor = Margins.apply(features, proxies, labels, table, selection, True)
        return margins
    from .torch_sums import kept_cosines as torch_cosines

    left = Side(table[labels], labels)
    right = Side(table, torch.arange(len(table), device=labels.device))
    own = F.embedding(labels, proxies)
    return -torch_cosines(features, proxies, left, right, selection, own)


def lowest_contributions(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection
) -> Tensor:
    """Margins [B, C] of features [B, D], labels [B], in the lowest of their own terms.

    margin[i, j] = D / |M| <f_i, w_y - w_j>_M        M the lowest terms f_ik (w_yk - w_jk)
    """
    if _technology(features, selection) == "numba":
        from .numba_functions import Contributions

        margins: Tensor = Contributions.apply(features, proxies, labels, selection)
        return margins
    from .torch_sums import lowest_contributions as torch_contributions

    return torch_contributions(features, proxies, labels, selection)


def kept_cosines(
    features: Tensor, references: Tensor, left: Side, right: Side, selection: Selection
) -> Tensor:
    """Cosines [B, N] of features [B, D] and references [N, D] in what each pair keeps.

        cos_M(f_i, r_j) = <f_i, r_j>_M / (|f_i|_M |r_j|_M)      M the kept set of the pair

    The sets follow from the differences between `left` (B rows) and `right` (N rows).
    """
    if left.labels is not None and _technology(features, selection) == "triton":
        from .triton_pair import Sums

        dot, ours, theirs = Sums.apply(features, references, left, right, selection, True)
        lengths: Tensor = (ours * theirs).clamp_min(torch.finfo(dot.dtype).tiny).sqrt()
        return dot / lengths
    from .torch_sums import kept_cosines as torch_cosines

    return torch_cosines(features, references, left, right, selection, None)


def _technology(features: Tensor, selection: Selection) -> Technology:
    technology = serving(features)
    return "torch" if technology == "triton" and selection.rule == "soft" else technology

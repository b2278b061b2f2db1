"""The sums of the mappings in torch, by blocks; `benchmark.dam.kernels` says what each one is."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..selection import Selection, Side
from .torch_blocks import Sets, in_blocks
from .torch_selection import scores_between

ToClass = Callable[[Tensor], Tensor]
"""The similarity to a class [...] from those to its centres [..., K]: P in the formulas."""
Scale = float | Tensor


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    to_class: ToClass | None,
) -> Tensor:
    """Margins [B, C K]; see `kernels.class_margins`."""
    centres = proxies.unflatten(0, (len(table), -1))
    left = Side(table[labels], labels)
    right = Side(table, torch.arange(len(table), device=labels.device))
    sets = _between(left, right, selection)
    if to_class is None:
        return in_blocks(_margin, (features, proxies[labels]), (proxies,), sets)

    def values(mask: Tensor, scale: Scale, feature: Tensor, own: Tensor, other: Tensor) -> Tensor:
        scale = scale.unsqueeze(2) if isinstance(scale, Tensor) else scale
        kept = mask * feature.unsqueeze(1) * scale
        to_own = to_class(kept @ own.mT).unsqueeze(2)
        return to_own - torch.einsum("rcd,ckd->rck", kept, other)

    return in_blocks(values, (features, centres[labels]), (centres,), sets).flatten(1)


def _margin(mask: Tensor, scale: Scale, feature: Tensor, own: Tensor, other: Tensor) -> Tensor:
    """D / |M| <f_i, w_y - w_j>_M [r, c]."""
    return torch.einsum("rcd,rd->rc", (own.unsqueeze(1) - other) * mask, feature) * scale


def lowest_contributions(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection
) -> Tensor:
    """D / |M| <f_i, w_y - w_j>_M [B, C], M the lowest of the terms f_ik (w_yk - w_jk)."""
    own = proxies[labels]
    f, w, w_own = features.detach(), proxies.detach(), own.detach()
    classes = torch.arange(len(proxies), device=labels.device)
    samples = len(proxies) + torch.arange(len(features), device=labels.device)

    def scores(rows: slice, columns: slice) -> Tensor:
        terms = (w_own[rows].unsqueeze(1) - w[columns]).mul_(f[rows].unsqueeze(1))
        return selection.scores(terms, samples[rows].unsqueeze(1), classes[columns], None)

    sets = Sets(scores, (len(features), len(proxies)), features.shape[1], selection)
    return in_blocks(_margin, (features, own), (proxies,), sets)


def kept_squares(
    features: Tensor, references: Tensor, left: Side, right: Side, selection: Selection
) -> Tensor:
    """Squared distances [B, N]; see `kernels.kept_squares`."""

    def values(mask: Tensor, scale: Scale, ours: Tensor, theirs: Tensor) -> Tensor:
        return ((ours.unsqueeze(1) - theirs).square() * mask).sum(-1) * scale

    return in_blocks(values, (features,), (references,), _between(left, right, selection))


def kept_cosines(
    features: Tensor,
    references: Tensor,
    left: Side,
    right: Side,
    selection: Selection,
    own: Tensor | None,
) -> Tensor:
    """Cosines [B, N], less those with `own`; see `kernels.kept_cosines`."""

    def values(mask: Tensor, _: Scale, ours: Tensor, *others: Tensor) -> Tensor:
        *owns, theirs = others
        squared = _inner(mask, ours.square())
        cosine = _inner(mask * theirs, ours) / _positive_root(
            squared * torch.einsum("acd,cd->ac", mask, theirs.square())
        )
        for own in owns:
            cosine = cosine - _inner(mask, ours * own) / _positive_root(
                squared * _inner(mask, own.square())
            )
        return cosine

    rows = (features,) if own is None else (features, own)
    return in_blocks(values, rows, (references,), _between(left, right, selection))


def _between(left: Side, right: Side, selection: Selection) -> Sets:
    """The sets that follow from the differences between two sides' rows."""

    def scores(rows: slice, columns: slice) -> Tensor:
        return scores_between(left.part(rows), right.part(columns), selection)

    return Sets(scores, (len(left.values), len(right.values)), left.values.shape[1], selection)


def _inner(block: Tensor, rows: Tensor) -> Tensor:
    """[a, c, D] with [a, D] to [a, c]."""
    return (block @ rows.unsqueeze(-1)).squeeze(-1)


def _positive_root(square: Tensor) -> Tensor:
    """The root, kept above zero so that a length of zero has no infinite gradient."""
    return square.clamp_min(torch.finfo(square.dtype).tiny).sqrt()

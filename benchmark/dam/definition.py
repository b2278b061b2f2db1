"""The method on one screen, in plain autograd: to read, and to test everything else against.

Between two classes, the difference of an element says how well it tells them apart. Elements with
a low difference need training most. They are kept, the others are erased, and the objective is
computed from what is kept: only kept elements get a gradient. The sets are made anew at each step.

Every difference is held at once, so this is for small sizes.
"""

import torch
from torch import Tensor

from .selection import Selection, kept_count

DEFAULT = Selection(rule="quantile", keep=0.8)


def weights(scores: Tensor, selection: Selection) -> Tensor:
    """The kept set M [..., D] of scores [..., D]: 1 where an element is kept, 0 where it is erased.

    Times D / |M|, so that a sum over the kept elements is comparable to one over all.
    """
    dim = scores.shape[-1]
    count = kept_count(selection.keep, dim)
    # At equal score the lower index comes first.
    rank = scores.argsort(dim=-1, stable=True).argsort(dim=-1).to(scores.dtype)
    if selection.rule == "soft":
        kept = (1 - (rank + 0.5) / (2 * count)).clamp_min(0)
    elif selection.rule == "mean":
        mean = torch.maximum(scores.mean(-1, keepdim=True), scores.amin(-1, keepdim=True))
        kept = (scores <= mean).to(scores.dtype)
    else:
        kept = (rank < count).to(scores.dtype)
    return kept * (dim / kept.sum(-1, keepdim=True)) if selection.rescale else kept


def proxy_similarity(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection = DEFAULT
) -> Tensor:
    """S_dam [B, C] of features [B, D] with labels [B] to proxies [C, D].

    S_dam[i, j] = S[i, y] - D / |M| <f_i, w_y - w_j>_M, with y = y_i and M = low(|w_y - w_j|): the
    margin of the own class over class j, in the elements where the two classes differ least.
    """
    classes = torch.arange(len(proxies))
    own = proxies[labels]
    difference = own.unsqueeze(1) - proxies  # [B, C, D]
    scores = selection.scores(difference.detach().abs(), labels.unsqueeze(1), classes, None)
    margins = (features.unsqueeze(1) * difference * weights(scores, selection)).sum(-1)
    return (features * own).sum(-1, keepdim=True) - margins


def pair_similarity(
    features: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
) -> Tensor:
    """S_dam [B, N] of unit features [B, D] to references [N, D], or among themselves.

    S_dam[i, j] = 1 - d^2 / 2, d^2 = D / |M| sum over k in M of (f_ik - r_jk)^2, with M = low(|f_i -
    r_j|) for a negative pair, high(|f_i - r_j|) for a positive one: negatives come closer,
    positives move apart.
    """
    ours = theirs = torch.arange(len(features))
    if references is None or reference_labels is None:
        references, reference_labels = features, labels
    else:
        theirs = len(features) + torch.arange(len(references))
    difference = features.unsqueeze(1) - references  # [B, N, D]
    positive = labels.unsqueeze(1) == reference_labels
    scores = selection.scores(difference.detach().abs(), ours.unsqueeze(1), theirs, positive)
    return 1 - (difference.square() * weights(scores, selection)).sum(-1) / 2

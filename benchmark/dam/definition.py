"""The method on one screen, in plain autograd: to read, and to test everything else against.

Between two classes, the difference of an element says how well it tells them apart. Elements with
a low difference need training most. They are kept, the others are erased, and the objective is
computed from what is kept: only kept elements get a gradient. The set is chosen anew at each step.

A loss is (L(S_dam) + joint L(S)) / (1 + joint), with L the objective and S the plain similarity;
`joint` is 0 on proxies and 1 on pairs by default. Every difference is held at once: small sizes.
"""

import torch
from torch import Tensor

from .selection import Selection, kept_count

DEFAULT = Selection(rule="quantile", keep=0.8)


def ranks(scores: Tensor) -> Tensor:
    """The rank of each score in its row [..., D], 0 the lowest; of equals the lower index first."""
    return scores.argsort(dim=-1, stable=True).argsort(dim=-1)


def weights(scores: Tensor, selection: Selection) -> Tensor:
    """The weight of each element in a sum [..., D]; elements with low scores [..., D] are kept.

    1 in the kept set M and 0 outside (`soft`: falling with the rank), times D / |M|, so that a sum
    over M compares with one over all D elements. |M| is the sum of the weights before that.
    """
    dim = scores.shape[-1]
    count = kept_count(selection.keep, dim)
    rank = ranks(scores).to(scores.dtype)
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
    margin of the own class over class j, in the elements where the two classes differ least. For
    j = y the difference is zero, so that S_dam[i, y] = S[i, y].
    """
    own = proxies[labels]  # w_y [B, D]
    difference = own.unsqueeze(1) - proxies  # w_y - w_j [B, C, D]
    pair = labels.unsqueeze(1), torch.arange(len(proxies))  # (y, j), by which `random` draws M
    scores = selection.scores(difference.detach().abs(), *pair, positive=None)  # low for all pairs
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
    first = second = torch.arange(len(features))  # numbers of samples, by which `random` draws M
    if references is None or reference_labels is None:
        references, reference_labels = features, labels
    else:
        second = len(features) + torch.arange(len(references))
    difference = features.unsqueeze(1) - references  # f_i - r_j [B, N, D]
    positive = labels.unsqueeze(1) == reference_labels  # for these high is kept: scores are negated
    scores = selection.scores(difference.detach().abs(), first.unsqueeze(1), second, positive)
    return 1 - (difference.square() * weights(scores, selection)).sum(-1) / 2

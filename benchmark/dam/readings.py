"""Other readings of the paper, in plain autograd like `definition`: what each setting computes.

The paper's text leaves open how features are mapped. `definition` has this project's default; here
are the alternatives, which `ProxyDAM` and `PairDAM` offer as settings. Every difference is held at
once, so this is for small sizes.

The paper's own words for proxies are to "select low-discriminativeness elements for each feature",
"by exploiting difference between various specific inter-classes".
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .definition import DEFAULT, pair_similarity, ranks, weights
from .hardness import HIGHEST, LOWEST
from .selection import Selection


def one_centre(similarity: Tensor) -> Tensor:
    """The similarity to a class [...] from that to its only centre [..., 1]."""
    return similarity.squeeze(-1)


def cosine(ours: Tensor, theirs: Tensor, kept: Tensor | float = 1.0) -> Tensor:
    """The cosine along the last dimension, in what is kept."""
    lengths = (ours.square() * kept).sum(-1) * (theirs.square() * kept).sum(-1)
    return (ours * theirs * kept).sum(-1) / lengths.sqrt()


def class_pair_weights(table: Tensor, labels: Tensor, selection: Selection) -> Tensor:
    """Weights [B, C, D] of the class pairs (y_i, j), from what stands for a class [C, D]."""
    difference = (table[labels].unsqueeze(1) - table).abs().detach()
    classes = torch.arange(len(table))
    return weights(selection.scores(difference, labels.unsqueeze(1), classes, None), selection)


def margin(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    *,
    centres: int = 1,
    to_class: Callable[[Tensor], Tensor] = one_centre,
    table: Tensor | None = None,
    own: bool = True,
) -> Tensor:
    """S_dam [B, C K] with K centres w_j1 .. w_jK a class, as `to_class`, P, takes them together.

    S_dam[i, (j, k)] = P(<f_i, w_y.>) - (P(D / |M| <f_i, w_y.>_M) - D / |M| <f_i, w_jk>_M), and the
    own class's similarities are plain. M comes from the rows y and j of `table` [C, D], by default
    the means of a class's centres; `difference` in ProxyDAM says what else it may be. With `own`
    false the first term passes no gradient.
    """
    per_class = proxies.unflatten(0, (-1, centres))
    table = per_class.mean(1) if table is None else table
    kept = class_pair_weights(table, labels, selection).unsqueeze(2)
    f = features.unsqueeze(1).unsqueeze(1)
    w_own = per_class[labels].unsqueeze(1)
    plain = (f * per_class).sum(-1)
    margins = to_class((f * w_own * kept).sum(-1)).unsqueeze(-1) - (f * per_class * kept).sum(-1)
    term = to_class((f * w_own).sum(-1)).unsqueeze(-1)
    mapped = (term if own else term.detach()) - margins
    return torch.where(is_own(labels, len(table)).unsqueeze(2), plain, mapped).flatten(1)


def is_own(labels: Tensor, classes: int) -> Tensor:
    """Where a class is the sample's own [B, C]."""
    return labels.unsqueeze(1) == torch.arange(classes)


def margin_cosine(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection = DEFAULT
) -> Tensor:
    """S_dam[i, j] = S[i, y] - (cos_M(f_i, w_y) - cos_M(f_i, w_j)), cosines of the parts in M."""
    kept = class_pair_weights(proxies, labels, selection)
    f, own = features.unsqueeze(1), proxies[labels].unsqueeze(1)
    return (f * own).sum(-1) - (cosine(f, own, kept) - cosine(f, proxies, kept))


def shrunk(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    *,
    centres: int = 1,
    to_class: Callable[[Tensor], Tensor] = one_centre,
    table: Tensor | None = None,
) -> Tensor:
    """S[i, y] - rho (S[i, y] - S[i, j]): as hard as `margin` on the mean, no element singled out.

    rho = sum m_dam / sum m over all i and j != y_i, of the margins under `margin` and the plain
    ones, without a gradient; bounded to [0.05, 2], and 1 where sum m is not above 0. A control:
    what DAM does beyond it is due to the selection.
    """
    mapped = margin(
        features, proxies, labels, selection, centres=centres, to_class=to_class, table=table
    )
    plain = features @ proxies.T
    term = to_class(plain.unflatten(1, (-1, centres)))  # [B, C]
    term = term.gather(1, labels.unsqueeze(1))
    others = ~is_own(labels, len(proxies) // centres).repeat_interleave(centres, 1)
    total, of_mapped = ((term - S)[others].sum().item() for S in (plain, mapped))
    ratio = min(max(of_mapped / total, LOWEST), HIGHEST) if total > 0 else 1.0
    return torch.where(others, term - ratio * (term - plain), plain)


def masked_distance(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    *,
    select: str = "negatives",
) -> Tensor:
    """Proxies as references of the pair mapping: S_dam[i, j] = 1 - D / |M| |f_i - w_j|_M^2 / 2.

    For unit features and proxies. M = low(|f_i - w_j|) for j != y; with `select` "both", M =
    high(|f_i - w_y|) for the own class, which is plain otherwise. No loss is below the plain one.
    """
    mapped = pair_similarity(features, labels, selection, proxies, torch.arange(len(proxies)))
    if select == "both":
        return mapped
    return torch.where(is_own(labels, len(proxies)), features @ proxies.T, mapped)


def contributions(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection = DEFAULT
) -> Tensor:
    """S[i, y] - D / |M| <f_i, w_y - w_j>_M, M the lowest of the margin's own terms.

    These are f_ik (w_yk - w_jk), so that each sample has sets of its own: "low-discriminativeness
    elements for each feature". No margin is above the plain one, so no loss is below it.
    """
    terms = features.unsqueeze(1) * (proxies[labels].unsqueeze(1) - proxies)  # [B, C, D]
    numbers = len(proxies) + torch.arange(len(features))
    classes = torch.arange(len(proxies))
    scores = selection.scores(terms.detach().clone(), numbers.unsqueeze(1), classes, None)
    own = (features * proxies[labels]).sum(-1, keepdim=True)
    return own - (terms * weights(scores, selection)).sum(-1)


def mutually_nearest(table: Tensor, nearest: int) -> Tensor:
    """Class pairs [C, C] of which each is among the other's `nearest` nearest other classes.

    What `nearest` in ProxyDAM maps; all other pairs are plain. Mutual, because a margin that is
    mapped in one direction alone no longer changes sign when y and j swap: the label would leak.
    """
    distance = (table.unsqueeze(1) - table).square().sum(-1)
    distance.fill_diagonal_(torch.inf)
    near = (ranks(distance) < nearest).fill_diagonal_(False)
    return near & near.T


def class_means(features: Tensor, labels: Tensor, table: Tensor) -> Tensor:
    """The batch's mean of each class [C, D]; the row of `table` for a class without samples."""
    rows = [features[labels == c].mean(0) if c in labels else w for c, w in enumerate(table)]
    return torch.stack(rows).detach()


def masked_cosine(
    features: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
) -> Tensor:
    """The cosine of two features in M, chosen as in `definition.pair_similarity`."""
    first = second = torch.arange(len(features))
    if references is None or reference_labels is None:
        references, reference_labels = features, labels
    else:
        second = len(features) + torch.arange(len(references))
    f = features.unsqueeze(1)
    positive = labels.unsqueeze(1) == reference_labels
    difference = (f - references).abs().detach()
    scores = selection.scores(difference, first.unsqueeze(1), second, positive)
    return cosine(f, references, weights(scores, selection))


def shrunk_pairs(
    features: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
) -> Tensor:
    """1 - rho d^2 / 2, as hard as DAM on the mean, no element singled out: the control for pairs.

    rho = sum d_dam^2 / sum d^2 of all negative pairs for these, of all positive ones for those,
    without a gradient; 1 where sum d^2 is 0.
    """
    mapped = pair_similarity(features, labels, selection, references, reference_labels)
    if references is None or reference_labels is None:
        references, reference_labels = features, labels
    square = (features.unsqueeze(1) - references).square().sum(-1)
    positive = labels.unsqueeze(1) == reference_labels
    ratios = torch.ones_like(square)
    for pairs in (positive, ~positive):
        total = square[pairs].sum().item()
        ratios[pairs] = (2 - 2 * mapped)[pairs].sum().item() / total if total > 0 else 1.0
    return 1 - ratios * square / 2


def naive(
    mapping: str,
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    selection: Selection = DEFAULT,
) -> Tensor:
    """S [B, C] of the leaking mappings, as the table in `naive` has them."""
    count = len(proxies)
    classes = torch.arange(count)
    f = features.unsqueeze(1)
    if mapping in ("naive_feature", "naive_both"):
        mean = (proxies.unsqueeze(1) - proxies).abs().sum(1).detach() / max(1, count - 1)
        kept = weights(selection.scores(mean, classes, classes, None), selection)
        theirs = proxies * (kept > 0) if mapping == "naive_both" else proxies
        return cosine(f * (kept[labels].unsqueeze(1) > 0), theirs)
    if mapping == "naive_cosine":
        kept = class_pair_weights(proxies, labels, selection)
    else:
        numbers = count + torch.arange(len(features))
        difference = (f - proxies).abs().detach()
        scores = selection.scores(difference, numbers.unsqueeze(1), classes, None)
        kept = weights(scores, selection)
    return torch.where(is_own(labels, count), cosine(f, proxies), cosine(f, proxies, kept))

"""The mappings as METHOD defines them, in plain autograd: to read, and to test against.

Every difference is held at once, so this is for small sizes; float64 makes it an oracle.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.dam.selection import Selection, kept_count


def kept_set(scores: Tensor, rule: str, keep: float) -> Tensor:
    """Boolean sets [..., D] from scores [..., D]: the lowest, and at equal score the first."""
    if rule == "mean":
        return scores <= torch.maximum(scores.mean(-1, keepdim=True), scores.amin(-1, keepdim=True))
    lowest = scores.sort(dim=-1, stable=True).indices[..., : kept_count(keep, scores.shape[-1])]
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, lowest, True)


def pair_sets(
    left: Tensor,
    right: Tensor,
    first: Tensor,
    second: Tensor,
    selection: Selection,
    positive: Tensor | None = None,
) -> Tensor:
    """Sets [B, N, D], 1 or 0, from |left_i - right_j| of rows numbered `first` and `second`."""
    difference = (left.unsqueeze(1) - right).abs().detach()
    first, second = first.unsqueeze(1).expand(difference.shape[:2]), second
    scores = selection.scores(difference, first, second.expand_as(first), positive)
    return kept_set(scores, selection.rule, selection.keep).to(left.dtype)


def cosine(ours: Tensor, theirs: Tensor) -> Tensor:
    """The cosine along the last dimension."""
    return (ours * theirs).sum(-1) / (ours.norm(dim=-1) * theirs.norm(dim=-1))


def class_means(features: Tensor, labels: Tensor, proxies: Tensor) -> Tensor:
    """The batch's mean of each class [C, D]; the proxy of a class without samples."""
    rows = [features[labels == c].mean(0) if c in labels else w for c, w in enumerate(proxies)]
    return torch.stack(rows).detach()


def proxy_reference(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    selection: Selection,
    *,
    rescale: bool = True,
    own: bool = True,
    mapping: str = "margin",
    centres: int = 1,
    to_class: Callable[[Tensor], Tensor] = lambda S: S.squeeze(-1),
    table: Tensor | None = None,
) -> Tensor:
    """S_dam [B, C K] of proxies [C K, D], K centres a class.

    S[i, (j, k)] = P(<f_i, w_y.>) - P((D / |M|) <f_i, w_y.>_M) + (D / |M|) <f_i, w_jk>_M, M from
    the rows y and j of `table` [C, D], by default the means of a class's proxies, and P
    `to_class`. `margin_cosine` has cosines in M for products.
    """
    proxies = proxies.unflatten(0, (-1, centres))
    table = proxies.mean(1) if table is None else table
    classes = torch.arange(len(table))
    kept = pair_sets(table[labels], table, labels, classes, selection).unsqueeze(2)
    f = features.unsqueeze(1).unsqueeze(1)
    mine = proxies[labels].unsqueeze(1)
    if mapping == "margin_cosine":
        to_mine, to_others = (cosine(f * kept, w * kept) for w in (mine, proxies))
    else:
        scale = features.shape[1] / kept.sum(-1) if rescale else 1
        to_mine, to_others = ((f * w * kept).sum(-1) * scale for w in (mine, proxies))
    margin = to_class(to_mine).unsqueeze(-1) - to_others
    term = to_class((f * mine).sum(-1)).unsqueeze(-1)
    mapped = (term if own else term.detach()) - margin
    mapped = torch.where(
        (labels.unsqueeze(1) == classes).unsqueeze(2), (f * proxies).sum(-1), mapped
    )
    return mapped.flatten(1)


def naive_reference(
    mapping: str, features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection
) -> Tensor:
    """S [B, C] of the leaking mappings, as the table in `benchmark.dam.naive` has them."""
    count = len(proxies)
    classes = torch.arange(count)
    f = features.unsqueeze(1)
    if mapping in ("naive_feature", "naive_both"):
        others = (proxies.unsqueeze(1) - proxies).abs().sum(1).detach() / max(1, count - 1)
        scores = selection.scores(others, classes, classes, None)
        kept = kept_set(scores, selection.rule, selection.keep).to(features.dtype)
        return cosine(f * kept[labels].unsqueeze(1), proxies * (kept if "both" in mapping else 1))
    if mapping == "naive_cosine":
        kept = pair_sets(proxies[labels], proxies, labels, classes, selection)
    else:
        numbers = count + torch.arange(len(features))
        kept = pair_sets(features, proxies, numbers, classes, selection)
    own = labels.unsqueeze(1) == classes
    return torch.where(own, cosine(f, proxies), cosine(f * kept, proxies * kept))


def pair_reference(
    features: Tensor,
    labels: Tensor,
    selection: Selection,
    similarity: str = "masked_distance",
    rescale: bool = True,
    references: Tensor | None = None,
    reference_labels: Tensor | None = None,
) -> Tensor:
    """S_dam [B, N]; 1 - (D / |M|) sum over M of (f_i - r_j)^2 / 2, or the cosine over M."""
    first = second = torch.arange(len(features))
    if references is None or reference_labels is None:
        references, reference_labels = features, labels
    else:
        second = len(features) + torch.arange(len(references))
    positive = labels.unsqueeze(1) == reference_labels
    kept = pair_sets(features, references, first, second, selection, positive)
    f = features.unsqueeze(1)
    if similarity == "masked_cosine":
        return cosine(f * kept, references * kept)
    scale = features.shape[1] / kept.sum(-1) if rescale else 1
    return 1 - ((f - references).square() * kept).sum(-1) * scale / 2

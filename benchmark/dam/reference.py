"""The two mappings as METHOD defines them, in plain autograd: to read, and to test against.

Every difference is held at once, so this is for small sizes; float64 makes it an oracle.
"""

import torch
from torch import Tensor

from benchmark.dam.selection import Selection, kept_count


def kept_set(scores: Tensor, rule: str, keep: float) -> Tensor:
    """Boolean sets [..., D] from scores [..., D]: the lowest, and at equal score the first."""
    if rule == "mean":
        return scores <= torch.maximum(scores.mean(-1, keepdim=True), scores.amin(-1, keepdim=True))
    lowest = scores.sort(dim=-1, stable=True).indices[..., : kept_count(keep, scores.shape[-1])]
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, lowest, True)


def proxy_reference(
    features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection, rescale: bool = True
) -> Tensor:
    """S_dam [B, C]; S[i, y] - (D / |M|) <f_i, w_y - w_j>_M."""
    difference = proxies[labels].unsqueeze(1) - proxies  # [B, C, D]
    first = labels.unsqueeze(1).expand(difference.shape[:2])
    second = torch.arange(len(proxies)).expand(difference.shape[:2])
    with torch.no_grad():
        scores = selection.scores(difference.abs(), first, second, None)
        kept = kept_set(scores, selection.rule, selection.keep)
    scale = proxies.shape[-1] / kept.to(proxies.dtype).sum(-1) if rescale else 1.0
    own = (features * proxies[labels]).sum(-1, keepdim=True)
    margins = (features.unsqueeze(1) * difference * kept).sum(-1) * scale
    return own - margins.masked_fill(first == second, 0)


def pair_reference(
    features: Tensor,
    labels: Tensor,
    selection: Selection,
    similarity: str = "masked_distance",
    rescale: bool = True,
) -> Tensor:
    """S_dam [B, B]; 1 - (D / |M|) sum over M of (f_i - f_j)^2 / 2, or the cosine over M."""
    difference = features.unsqueeze(1) - features  # [B, B, D]
    index = torch.arange(len(features))
    first, second = index.unsqueeze(1).expand(difference.shape[:2]), index
    positive = labels.unsqueeze(1) == labels
    with torch.no_grad():
        second = second.expand_as(first)
        scores = selection.scores(difference.abs(), first, second, positive)
        kept = kept_set(scores, selection.rule, selection.keep)
    if similarity == "masked_distance":
        scale = features.shape[-1] / kept.to(features.dtype).sum(-1) if rescale else 1.0
        return 1 - (difference.square() * kept).sum(-1) * scale / 2
    ours, theirs = features.unsqueeze(1) * kept, features * kept
    return (ours * theirs).sum(-1) / (ours.norm(dim=-1) * theirs.norm(dim=-1))

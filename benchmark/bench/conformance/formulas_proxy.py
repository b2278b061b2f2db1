"""The proxy objectives term by term, for float64: to read, and to compare with.

The keys of `FORMULAS` are the objectives' names in configurations. Each function takes features
[B, D], proxies [N, D] and labels [B], and the objective's options by name, and returns a loss
(scalar) that is differentiable in features and proxies. These may be of any length; N is the number
of classes, for soft_triple times `centres`.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.square().sum(-1, keepdim=True).sqrt()


def _negative_log_share(scale: float, own: Tensor, others: list[Tensor]) -> Tensor:
    total = (scale * torch.stack([own, *others])).exp().sum()
    return -((scale * own).exp() / total).log()


def _mean(losses: list[Tensor]) -> Tensor:
    return torch.stack(losses).mean()


def _softmax(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    scale: float = 1.0,
    smoothing: float = 0.0,
) -> Tensor:
    losses = []
    for feature, label in zip(features, labels.tolist(), strict=True):
        row = [feature @ proxy for proxy in proxies]
        for c in range(len(row)):
            wanted = (1 - smoothing) * (c == label) + smoothing / len(row)
            others = row[:c] + row[c + 1 :]
            losses.append(wanted * _negative_log_share(scale, row[c], others))
    return torch.stack(losses).sum() / len(labels)


def _own_and_others(
    features: Tensor, proxies: Tensor, labels: Tensor
) -> list[tuple[Tensor, list[Tensor]]]:
    """Each sample's cosine to its own proxy, and those to the others."""
    cosines = []
    for feature, label in zip(_unit(features), labels.tolist(), strict=True):
        row = [feature @ proxy for proxy in _unit(proxies)]
        cosines.append((row.pop(label), row))
    return cosines


def _norm_softmax(features: Tensor, proxies: Tensor, labels: Tensor, scale: float = 20.0) -> Tensor:
    return _mean(
        [
            _negative_log_share(scale, own, others)
            for own, others in _own_and_others(features, proxies, labels)
        ]
    )


def _cos_face(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    margin: float = 0.35,
    scale: float = 64.0,
) -> Tensor:
    return _mean(
        [
            _negative_log_share(scale, own - margin, others)
            for own, others in _own_and_others(features, proxies, labels)
        ]
    )


def _arc_face(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    margin: float = 0.5,
    scale: float = 64.0,
) -> Tensor:
    losses = []
    for own, others in _own_and_others(features, proxies, labels):
        angle = own.acos()
        if angle <= math.pi - margin:
            target = (angle + margin).cos()
        else:
            target = angle.cos() - margin * math.sin(margin)
        losses.append(_negative_log_share(scale, target, others))
    return _mean(losses)


def _neighbours(
    features: Tensor, proxies: Tensor, labels: Tensor, scale: float
) -> list[tuple[Tensor, list[Tensor]]]:
    """Each sample's exp(-scale d^2) to its own proxy, and to the others."""
    terms = []
    for feature, label in zip(_unit(features), labels.tolist(), strict=True):
        row = [(-scale * (feature - proxy).square().sum()).exp() for proxy in _unit(proxies)]
        terms.append((row.pop(label), row))
    return terms


def _proxy_nca(features: Tensor, proxies: Tensor, labels: Tensor, scale: float = 1.0) -> Tensor:
    terms = _neighbours(features, proxies, labels, scale)
    return _mean([-(own / torch.stack(others).sum()).log() for own, others in terms])


def _proxy_nca_plus(
    features: Tensor, proxies: Tensor, labels: Tensor, scale: float = 9.0
) -> Tensor:
    terms = _neighbours(features, proxies, labels, scale)
    return _mean([-(own / torch.stack([own, *others]).sum()).log() for own, others in terms])


def _proxy_anchor(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    margin: float = 0.1,
    scale: float = 32.0,
) -> Tensor:
    pulls, pushes = [], []
    for c, proxy in enumerate(_unit(proxies)):
        pull = push = features.new_zeros(())
        for feature, label in zip(_unit(features), labels.tolist(), strict=True):
            if label == c:
                pull = pull + (-scale * (feature @ proxy - margin)).exp()
            else:
                push = push + (scale * (feature @ proxy + margin)).exp()
        pushes.append((1 + push).log())
        if c in labels:
            pulls.append((1 + pull).log())
    return _mean(pulls) + _mean(pushes)


def _soft_triple(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    centres: int = 10,
    scale: float = 20.0,
    gamma: float = 0.1,
    margin: float = 0.01,
    tau: float = 0.2,
) -> Tensor:
    classes = _unit(proxies).split(centres)
    losses = []
    for feature, label in zip(_unit(features), labels.tolist(), strict=True):
        row = []
        for members in classes:
            cosines = members @ feature
            weights = (cosines / gamma).exp()
            row.append((weights * cosines).sum() / weights.sum())
        own = row.pop(label) - margin
        losses.append(_negative_log_share(scale, own, row))
    if centres == 1:
        return _mean(losses)
    first, second = torch.triu_indices(centres, centres, 1)
    apart = [(members[first] - members[second]).square().sum(-1).sqrt() for members in classes]
    divisor = len(classes) * centres * (centres - 1)
    return _mean(losses) + tau * torch.stack(apart).sum() / divisor


FORMULAS: dict[str, Callable[..., Tensor]] = {
    "arc_face": _arc_face,
    "cos_face": _cos_face,
    "norm_softmax": _norm_softmax,
    "proxy_anchor": _proxy_anchor,
    "proxy_nca": _proxy_nca,
    "proxy_nca_plus": _proxy_nca_plus,
    "soft_triple": _soft_triple,
    "softmax": _softmax,
}

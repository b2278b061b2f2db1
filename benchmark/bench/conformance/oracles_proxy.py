"""The proxy objectives in pytorch-metric-learning, to compare with.

The keys of `LIBRARY` are the objectives' names in configurations. Each function calls the library
with the objective's default options, and takes and returns what the one in `formulas_proxy` does.
`WITHOUT_LIBRARY` says why the library has no form of an objective.
"""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.func import functional_call

from benchmark.bench.conformance.metric_learning import Oracle, metric_learning

CENTRES = 10


def _library(name: str, weight: str, **options: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """A loss of pytorch-metric-learning that keeps its proxies as `weight`: W is [D, C]."""

    def loss(features: Tensor, proxies: Tensor, labels: Tensor) -> Tensor:
        module = getattr(metric_learning("losses"), name)(*proxies.shape, **options)
        value = proxies.T if weight == "W" else proxies
        result: Tensor = functional_call(module, {weight: value}, (features, labels))
        return result

    return loss


def _library_soft_triple(features: Tensor, proxies: Tensor, labels: Tensor) -> Tensor:
    classes = len(proxies) // CENTRES
    regularizer = metric_learning("regularizers").SparseCentersRegularizer(classes, CENTRES)
    module = metric_learning("losses").SoftTripleLoss(
        classes,
        proxies.shape[1],
        centers_per_class=CENTRES,
        la=20,
        gamma=0.1,
        margin=0.01,
        weight_regularizer=regularizer,
        weight_reg_weight=0.2,
    )
    result: Tensor = functional_call(module, {"fc": proxies.T}, (features, labels))
    return result


LIBRARY = {
    "arc_face": Oracle(
        "pytorch-metric-learning ArcFaceLoss",
        _library("ArcFaceLoss", "W", margin=math.degrees(0.5), scale=64),
    ),
    "cos_face": Oracle(
        "pytorch-metric-learning CosFaceLoss",
        _library("CosFaceLoss", "W", margin=0.35, scale=64),
    ),
    "norm_softmax": Oracle(
        "pytorch-metric-learning NormalizedSoftmaxLoss",
        _library("NormalizedSoftmaxLoss", "W", temperature=0.05),
    ),
    "proxy_anchor": Oracle(
        "pytorch-metric-learning ProxyAnchorLoss",
        _library("ProxyAnchorLoss", "proxies", margin=0.1, alpha=32),
    ),
    "proxy_nca_plus": Oracle(
        "pytorch-metric-learning ProxyNCALoss",
        _library("ProxyNCALoss", "proxies", softmax_scale=9),
    ),
    "soft_triple": Oracle("pytorch-metric-learning SoftTripleLoss", _library_soft_triple),
}
WITHOUT_LIBRARY = {
    "proxy_nca": "the library's ProxyNCALoss has the own class in its denominator",
    "softmax": "the library has no softmax without normalisation",
}

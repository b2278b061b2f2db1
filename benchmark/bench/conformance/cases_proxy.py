"""The proxy objectives against their oracles, over random features, proxies and labels.

Each objective is computed by its loss module, so that proxies and normalisation are tested too.
The formulas are computed in float64, whatever the dtype of the objective.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from benchmark.bench.conformance.agreement import Agreement, Missing, measure, value_and_gradients
from benchmark.bench.conformance.formulas_proxy import FORMULAS
from benchmark.bench.conformance.oracles_proxy import LIBRARY, WITHOUT_LIBRARY
from benchmark.entries import Entry
from benchmark.losses import ProxyLoss
from benchmark.registry import PROXY_OBJECTIVES, build

INPUTS = ("features", "proxies")


def make(name: str) -> Any:
    """The objective of that name, with its defaults."""
    return build(PROXY_OBJECTIVES, Entry.of(name), "objective")


def draw(
    case: int, dtype: torch.dtype, centres: int = 1, dim: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """Features [B, D], proxies [C * centres, D] and labels [B] of a random size, D >= `dim`.

    Classes may be absent from the labels, or have a single sample.
    """
    generator = torch.Generator().manual_seed(case)
    B, D, C = (int(torch.randint(n, n + 10, (), generator=generator)) for n in (2, dim, 2))
    labels = torch.randint(0, C, (B,), generator=generator)
    features = torch.randn(B, D, generator=generator, dtype=torch.float64)
    proxies = torch.randn(C * centres, D, generator=generator, dtype=torch.float64)
    return features.to(dtype), proxies.to(dtype), labels


def baseline(objective: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The objective in its loss module, as a function of features, proxies and labels."""

    def loss(features: Tensor, proxies: Tensor, labels: Tensor) -> Tensor:
        classes = len(proxies) // objective.centres
        module = ProxyLoss(objective, classes, proxies.shape[1])
        found: Tensor = functional_call(module, {"proxies": proxies}, (features, labels))
        return found

    return loss


def against_formula(name: str, dtype: torch.dtype, cases: int) -> Agreement | Missing:
    """The objective `name` in `dtype` against its formula in float64, on the same numbers."""
    if name not in FORMULAS:
        return Missing(name, "formula", "not in bench/conformance/formulas_proxy.py")
    loss = baseline(make(name))
    centres = make(name).centres

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        features, proxies, labels = draw(case, dtype, centres)
        exact = features.double(), proxies.double(), labels
        found = value_and_gradients(loss, features, proxies, labels)
        return found, value_and_gradients(FORMULAS[name], *exact)

    return measure(name, "formula", "formula", dtype, INPUTS, compare, cases)


def against_library(name: str, dtype: torch.dtype, cases: int) -> Agreement | Missing:
    """The objective `name` against pytorch-metric-learning, both in `dtype`."""
    if name not in LIBRARY:
        return Missing(name, "library", WITHOUT_LIBRARY.get(name, "no loss of it is chosen"))
    oracle = LIBRARY[name]
    loss = baseline(make(name))
    centres = make(name).centres
    # The library computes the distance of two centres from their cosine. With few elements some
    # centres nearly coincide, and the distance loses the digits that are compared here.
    dim = 8 if centres > 1 else 2

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        batch = draw(case, dtype, centres, dim)
        return value_and_gradients(loss, *batch), value_and_gradients(oracle.loss, *batch)

    return measure(name, "library", oracle.source, dtype, INPUTS, compare, cases)

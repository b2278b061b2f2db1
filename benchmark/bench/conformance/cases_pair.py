"""The pair objectives against their oracles, over random batches.

The library is compared through the loss module, from features. The formulas are compared from the
similarities, to which a memory may belong, and are computed in float64, whatever the dtype of the
objective. Both make the same random draws as the objective, from the same state of a generator.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from benchmark.bench.conformance.agreement import Agreement, Missing, measure, value_and_gradients
from benchmark.bench.conformance.formulas_pair import FORMULAS, entry
from benchmark.bench.conformance.oracles_pair import LIBRARY
from benchmark.entries import Entry
from benchmark.losses import PairLoss, without_self
from benchmark.registry import PAIR_OBJECTIVES, build

MEMORY_SEED = 1 << 20


def make(key: str) -> Any:
    """The objective named `key` in `FORMULAS`, with its other options at their defaults."""
    return build(PAIR_OBJECTIVES, Entry.model_validate(entry(key)), "objective")


def draw(case: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Features [B, D] and labels [B] of a random size; classes may have a single sample."""
    generator = torch.Generator().manual_seed(case)
    B, D, C = (int(torch.randint(low, 13, (), generator=generator)) for low in (2, 2, 1))
    labels = torch.randint(0, C, (B,), generator=generator)
    features = torch.randn(B, D, generator=generator, dtype=torch.float64)
    return features.to(dtype), labels


def rows(objective: Any, case: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """S and `positive` [B, N] of a batch, with a memory behind it in three of four cases."""
    features, labels = draw(case, torch.float64)
    generator = torch.Generator().manual_seed(MEMORY_SEED + case)
    memory = torch.randn(case % 4 * 3, features.shape[1], generator=generator, dtype=torch.float64)
    past = torch.randint(0, 4, (len(memory),), generator=generator)
    references = torch.cat([features, memory])
    if objective.normalise:
        features, references = F.normalize(features), F.normalize(references)
    if objective.metric == "cosine":
        S = features @ references.T
    else:
        S = -(features.unsqueeze(1) - references).square().sum(-1).sqrt()
    positive = labels.unsqueeze(1) == torch.cat([labels, past])
    B = len(labels)
    S, positive = (torch.cat([without_self(m[:, :B]), m[:, B:]], 1) for m in (S, positive))
    return S.to(dtype), positive


def _boundary(objective: Any, case: int, dtype: torch.dtype) -> list[Tensor]:
    """A boundary `beta` for the case, where the objective learns one."""
    if "beta" not in dict(objective.named_parameters()):
        return []
    return [torch.tensor(0.9 + case % 5 / 10, dtype=dtype)]


def _with_beta(module: nn.Module, name: str) -> Callable[..., Tensor]:
    """The module as a function of its two arguments and, if given, of the boundary."""

    def loss(data: Tensor, other: Tensor, *beta: Tensor) -> Tensor:
        named = dict(zip([name], beta, strict=False))
        found: Tensor = functional_call(module, named, (data, other))
        return found

    return loss


def against_formula(key: str, dtype: torch.dtype, cases: int) -> Agreement | Missing:
    """The objective `key` in `dtype` against its formula in float64, on the same numbers."""
    if key not in FORMULAS:
        return Missing(key, "formula", "not in bench/conformance/formulas_pair.py")
    objective = make(key)
    loss = _with_beta(objective, "beta")

    def formula(S: Tensor, positive: Tensor, *beta: Tensor) -> Tensor:
        return FORMULAS[key](S, positive, **dict(zip(["beta"], beta, strict=False)))

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        S, positive = rows(objective, case, dtype)
        beta = _boundary(objective, case, dtype)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case)
            found = value_and_gradients(loss, S, positive, *beta)
            torch.manual_seed(case)
            exact = S.double(), positive, *(b.double() for b in beta)
            return found, value_and_gradients(formula, *exact)

    inputs = ["similarities", *("beta" for _ in _boundary(objective, 0, dtype))]
    return measure(key, "formula", "formula", dtype, inputs, compare, cases)


def against_library(key: str, dtype: torch.dtype, cases: int) -> Agreement | Missing:
    """The objective `key` against pytorch-metric-learning, both in `dtype`."""
    if key not in LIBRARY:
        return Missing(key, "library", "no loss of it is chosen")
    oracle = LIBRARY[key]
    objective = make(key)

    def compare(case: int) -> tuple[list[Tensor] | None, list[Tensor] | None]:
        batch = *draw(case, dtype), *_boundary(objective, case, dtype)
        loss = _with_beta(PairLoss(objective, seed=case), "objective.beta")
        found = value_and_gradients(loss, *batch)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(objective.seed)  # the loss module has just set it
            return found, value_and_gradients(oracle.loss, *batch)

    inputs = ["features", *("beta" for _ in _boundary(objective, 0, dtype))]
    return measure(key, "library", oracle.source, dtype, inputs, compare, cases)

"""Objective + similarity -> a loss module.

    ProxyLoss(objective, classes, dim, dam)      proxies included
    PairLoss(objective, dam)

Without `dam` the objective is fed with the plain similarity: the baseline. With it, the same
objective is fed with the DAM similarity, and nothing else differs.
"""

from collections.abc import Callable
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.dam import PairDAM, ProxyDAM
from benchmark.dam.pair import plain_similarity
from benchmark.dam.proxy import check_labels


class Objective(Protocol):
    """What `baselines` exports: a loss of S [B, N] and positive [B, N]."""

    metric: str
    normalise: bool

    def __call__(self, S: Tensor, positive: Tensor) -> Tensor:
        """The loss, a scalar."""
        ...


class _Loss(nn.Module):
    """What both kinds share. Steps are counted, so that `random` draws anew in each of them."""

    step: Tensor

    def __init__(self, objective: Objective, dam: ProxyDAM | PairDAM | None, seed: int) -> None:
        super().__init__()
        self.objective = objective
        self.dam = dam
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def _prepare(self, features: Tensor, labels: Tensor) -> Tensor:
        if features.ndim != 2 or labels.shape != features.shape[:1]:
            raise ValueError(
                f"features must be [B, D] with labels [B], not {list(features.shape)} "
                f"with {list(labels.shape)}"
            )
        if self.training:
            self.step += 1
        # Half precision overflows in the exponentials and sums of a loss.
        features = features if features.dtype == torch.float64 else features.float()
        return F.normalize(features) if self.objective.normalise else features

    def _loss(
        self, plain: Callable[[], Tensor], mapped: Callable[[int], Tensor], positive: Tensor
    ) -> Tensor:
        """L(S), or (L(S_dam) + joint L(S)) / (1 + joint); `mapped` takes the step's seed."""
        if self.dam is None or self.dam.rule == "all":
            return self.objective(plain(), positive)
        seed = self.seed * 1_000_003 + int(self.step) if self.dam.rule == "random" else 0
        loss = self.objective(mapped(seed), positive)
        joint = self.dam.joint
        if joint:
            loss = (loss + joint * self.objective(plain(), positive)) / (1 + joint)
        return loss


class ProxyLoss(_Loss):
    """A proxy objective with its proxies, one a class.

    `proxies` [classes, dim] start from a normal distribution, of which only the directions matter
    to a normalising objective. `dam` maps the similarities; None is the baseline. `seed` matters
    to the rule `random` alone.
    """

    def __init__(
        self,
        objective: Objective,
        classes: int,
        dim: int,
        dam: ProxyDAM | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(objective, dam, seed)
        if objective.metric != "cosine":
            raise ValueError(f"{type(objective).__name__} is not an objective on proxies")
        self.proxies = nn.Parameter(torch.empty(classes, dim))
        nn.init.kaiming_normal_(self.proxies, mode="fan_out")

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss (scalar) of features [B, D] with labels [B] in 0 .. classes - 1.

        Raises ValueError for a label outside the proxies.
        """
        features = self._prepare(features, labels)
        check_labels(labels, len(self.proxies))
        proxies = self.proxies.to(features.dtype)
        proxies = F.normalize(proxies) if self.objective.normalise else proxies
        positive = labels.unsqueeze(1) == torch.arange(len(proxies), device=labels.device)
        dam = cast("ProxyDAM", self.dam)
        return self._loss(
            lambda: features @ proxies.T,
            lambda seed: dam(features, proxies, labels, seed),
            positive,
        )


class PairLoss(_Loss):
    """A pair objective among the samples of a batch; a sample is no reference of itself."""

    def __init__(self, objective: Objective, dam: PairDAM | None = None, seed: int = 0) -> None:
        super().__init__(objective, dam, seed)
        if dam is not None and dam.similarity == "masked_cosine" and objective.metric != "cosine":
            raise ValueError(
                f"{type(objective).__name__} is on Euclidean distances, where masked_cosine has "
                "no meaning; use masked_distance"
            )

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss (scalar) of features [B, D] with labels [B], B at least 2."""
        features = self._prepare(features, labels)
        if len(features) < 2:
            raise ValueError("a pair loss needs at least 2 samples in the batch")
        metric = self.objective.metric
        dam = cast("PairDAM", self.dam)
        return self._loss(
            lambda: without_self(plain_similarity(features, metric)),
            lambda seed: without_self(dam(features, labels, metric, seed)),
            without_self(labels.unsqueeze(1) == labels),
        )


def without_self(matrix: Tensor) -> Tensor:
    """The matrix [B, B] without its diagonal, as [B, B - 1]."""
    size = len(matrix)
    return matrix.flatten()[1:].view(size - 1, size + 1)[:, :-1].reshape(size, size - 1)

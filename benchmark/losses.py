"""Objective + similarity -> a loss module.

    ProxyLoss(objective, classes, dim, dam)      proxies included
    PairLoss(objective, dam)                     among the batch, and a memory if one is asked for
    JointLoss(proxy_loss, pair_loss, weights)    a weighted sum of the two

Without `dam` the objective is fed with the plain similarity: the baseline. With it, the same
objective is fed with the DAM similarity, and nothing else differs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.dam import PairDAM, ProxyDAM
from benchmark.dam.inputs import check_range, class_labels
from benchmark.dam.pair import plain_similarity


class Objective(Protocol):
    """What `baselines` exports: a loss of S [B, N] and positive [B, N]."""

    metric: str
    normalise: bool

    def __call__(self, S: Tensor, positive: Tensor) -> Tensor:
        """The loss, a scalar."""
        ...


class _Loss(nn.Module, ABC):
    """What both kinds share. Steps are counted, so that `random` draws anew in each of them.

    `progress` is the share of training that is done, from 0 to 1. Whoever trains sets it before
    each step; only what begins late (`dam.start`, a memory's `start`) asks for it.
    """

    step: Tensor
    progress: float | None = None

    def __init__(self, objective: Objective, dam: ProxyDAM | PairDAM | None, seed: int) -> None:
        super().__init__()
        self.objective = objective
        self.dam = dam
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    @property
    def metric(self) -> str:
        """How features are to be compared afterwards: "cosine" or "euclidean".

        On unit features the two order alike.
        """
        return "cosine" if self.objective.normalise else self.objective.metric

    def _begun(self, start: float) -> bool:
        """Whether what begins after the share `start` of training is on."""
        if start <= 0:
            return True
        if self.progress is None:
            raise ValueError(
                f"start={start} needs the share of training that is done: set loss.progress "
                "(0 to 1) before each step"
            )
        return self.progress >= start

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss (scalar) of features [B, D] with labels [B].

        Half precision overflows in the exponentials and sums of a loss: features are raised to
        float32, and autocast is off.
        """
        if features.ndim != 2:
            raise ValueError(f"features must be [B, D], not {list(features.shape)}")
        labels = class_labels(labels, len(features))
        if self.training:
            self.step += 1
        with torch.autocast(features.device.type, enabled=False):
            features = features if features.dtype == torch.float64 else features.float()
            features = F.normalize(features) if self.objective.normalise else features
            return self._of(features, labels)

    @abstractmethod
    def _of(self, features: Tensor, labels: Tensor) -> Tensor:
        """The loss of features that are ready to be compared."""

    def _loss(
        self, plain: Callable[[], Tensor], mapped: Callable[[int], Tensor], positive: Tensor
    ) -> Tensor:
        """L(S), or (L(S_dam) + joint L(S)) / (1 + joint); `mapped` takes the step's seed."""
        seed = self.seed * 1_000_003 + int(self.step)
        if hasattr(self.objective, "seed"):
            # An objective that draws does so from the step alone: alike in both arms of a pair.
            self.objective.seed = seed
        if self.dam is None or self.dam.rule == "all" or not self._begun(self.dam.start):
            return self.objective(plain(), positive)
        loss = self.objective(mapped(seed), positive)
        joint = self.dam.joint
        if joint:
            loss = (loss + joint * self.objective(plain(), positive)) / (1 + joint)
        return loss


class ProxyLoss(_Loss):
    """A proxy objective with its proxies: one a class, or `objective.centres` where it has them.

    `proxies` [N, dim] start from a normal distribution with standard deviation sqrt(2 / N), of
    which a normalising objective sees the directions alone. N is `classes`, or with K centres
    classes * K, those of a class side by side; `objective.to_class` then makes the similarity to a
    class [...] of those to its centres [..., K]. `dam` maps the similarities; None is
    the baseline. `seed` matters to the rule `random` alone. An objective's `regulariser(proxies)`
    is added once, whatever maps the similarities. Labels run from 0 to classes - 1; one outside
    raises a ValueError.
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
        self.classes = classes
        self.centres: int = getattr(objective, "centres", 1)
        self.proxies = nn.Parameter(torch.empty(classes * self.centres, dim))
        nn.init.kaiming_normal_(self.proxies, mode="fan_out")

    def _of(self, features: Tensor, labels: Tensor) -> Tensor:
        check_range(labels, self.classes)
        proxies = self.proxies.to(features.dtype)
        proxies = F.normalize(proxies) if self.objective.normalise else proxies
        owner = torch.arange(self.classes, device=labels.device).repeat_interleave(self.centres)
        dam = cast("ProxyDAM", self.dam)
        to_class = getattr(self.objective, "to_class", None)
        loss = self._loss(
            lambda: features @ proxies.T,
            lambda seed: dam(features, proxies, labels, seed, self.centres, to_class),
            labels.unsqueeze(1) == owner,
        )
        regulariser = getattr(self.objective, "regulariser", None)
        return loss if regulariser is None else loss + regulariser(proxies)


class PairLoss(_Loss):
    """A pair objective among the samples of a batch; a sample is no reference of itself.

    With `memory` = M the last M features of earlier steps, of `dim` elements, are references too,
    without a gradient: Wang et al., Cross-Batch Memory for Embedding Learning, CVPR 2020. It
    joins after the share `memory_start` of training, when features have stopped to move fast.
    A batch of fewer than 2 samples raises a ValueError.
    """

    memory: Tensor
    memory_labels: Tensor

    def __init__(
        self,
        objective: Objective,
        dam: PairDAM | None = None,
        seed: int = 0,
        *,
        memory: int = 0,
        dim: int = 0,
        memory_start: float = 0.0,
    ) -> None:
        super().__init__(objective, dam, seed)
        # On features of any length a "cosine" is their inner product.
        long = objective.metric == "cosine" and not objective.normalise
        self.compared = "inner_product" if long else objective.metric
        if dam is not None and dam.similarity == "masked_cosine" and self.compared != "cosine":
            raise ValueError(
                f"{type(objective).__name__} is on {self.compared} similarities, where "
                "masked_cosine has no meaning; use masked_distance"
            )
        if memory and dim < 1:
            raise ValueError(f"a memory of {memory} features needs their number of elements: dim")
        self.memory_start = memory_start
        # A label of -1 marks a place that was not filled yet.
        self.register_buffer("memory", torch.zeros(memory, dim))
        self.register_buffer("memory_labels", torch.full((memory,), -1))

    def _of(self, features: Tensor, labels: Tensor) -> Tensor:
        if len(features) < 2:
            raise ValueError("a pair loss needs at least 2 samples in the batch")
        if len(self.memory) and features.shape[1] != self.memory.shape[1]:
            raise ValueError(
                f"features have {features.shape[1]} elements, those of the memory "
                f"{self.memory.shape[1]}: make the loss with dim={features.shape[1]}"
            )
        metric = self.compared
        dam = cast("PairDAM", self.dam)
        past, past_labels = self._remembered()
        past = past.to(features.dtype)

        def plain() -> Tensor:
            batch = without_self(plain_similarity(features, metric))
            if not len(past):
                return batch
            return torch.cat([batch, plain_similarity(features, metric, past)], 1)

        def mapped(seed: int) -> Tensor:
            batch = without_self(dam(features, labels, metric, seed))
            if not len(past):
                return batch
            return torch.cat([batch, dam(features, labels, metric, seed, past, past_labels)], 1)

        same = without_self(labels.unsqueeze(1) == labels)
        loss = self._loss(plain, mapped, torch.cat([same, labels.unsqueeze(1) == past_labels], 1))
        if self.training:
            self._remember(features.detach(), labels)
        return loss

    def _remembered(self) -> tuple[Tensor, Tensor]:
        """The memory's features [m, D] and labels [m], m up to M; none before it joins."""
        filled = self.memory_labels >= 0
        if len(filled) and not self._begun(self.memory_start):
            filled = torch.zeros_like(filled)
        return self.memory[filled], self.memory_labels[filled]

    def _remember(self, features: Tensor, labels: Tensor) -> None:
        """Let the batch take the place of the oldest features."""
        room = len(self.memory)
        if room:
            if labels.min() < 0:
                raise ValueError(
                    f"label {int(labels.min())}: a memory takes labels from 0, as it marks places "
                    "that are still empty with -1"
                )
            features, labels = features[-room:].to(self.memory.dtype), labels[-room:]
            self.memory = torch.cat([self.memory[len(labels) :], features])
            self.memory_labels = torch.cat([self.memory_labels[len(labels) :], labels])


class JointLoss(nn.Module):
    """A proxy loss and a pair loss, weighted and added.

    As re-identification trains with softmax and triplets: Luo et al., Bag of Tricks and a Strong
    Baseline for Deep Person Re-identification, CVPRW 2019, where the pair loss is on the features
    before the neck.
    """

    def __init__(
        self, proxy: ProxyLoss, pair: PairLoss, weights: tuple[float, float] = (1.0, 1.0)
    ) -> None:
        super().__init__()
        self.proxy = proxy
        self.pair = pair
        self.weights = weights

    @property
    def metric(self) -> str:
        """How features are to be compared: as the proxy loss does."""
        return self.proxy.metric

    @property
    def progress(self) -> float | None:
        """The share of training that is done; see `ProxyLoss`."""
        return self.proxy.progress

    @progress.setter
    def progress(self, share: float) -> None:
        self.proxy.progress = self.pair.progress = share

    def forward(
        self, features: Tensor, labels: Tensor, before_neck: Tensor | None = None
    ) -> Tensor:
        """Loss (scalar) of features [B, D] with labels [B].

        The pair loss takes the features `before_neck` [B, D] where there is a neck.
        """
        paired = features if before_neck is None else before_neck
        proxy, pair = self.weights
        return proxy * self.proxy(features, labels) + pair * self.pair(paired, labels)


def without_self(matrix: Tensor) -> Tensor:
    """The matrix [B, B] without its diagonal, as [B, B - 1]."""
    size = len(matrix)
    return matrix.flatten()[1:].view(size - 1, size + 1)[:, :-1].reshape(size, size - 1)

"""Objective + similarity -> a loss module.

    ProxyLoss(objective, classes, dim, dam)      proxies included
    PairLoss(objective, dam)                     among the batch, and a memory if one is asked for
    JointLoss(proxy_loss, pair_loss, weights)    a weighted sum of the two

Without `dam` the objective is given the plain similarity: the baseline. With it, the same
objective is given the DAM similarity, and nothing else differs.
"""

from collections.abc import Callable
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.objective import Metric, Objective, PairObjective, ProxyObjective
from benchmark.dam import PairDAM, ProxyDAM, pair
from benchmark.dam.classes import RunningMeans
from benchmark.dam.inputs import check_features, check_range, class_labels
from benchmark.dam.pair import plain_similarity
from benchmark.dam.settings import has_begun


class _Loss(nn.Module):
    """What both kinds share. Training steps are counted, so that each has random draws of its own.

    `progress` is the share of training that is done, from 0 to 1. The training loop sets it before
    each step; only what begins late (`dam.start`, a memory's `start`) needs it. A loop that knows
    its labels to be right sets `check_labels` to False, as a GPU would be waited for to see them.
    """

    objective: Objective
    step: Tensor
    progress: float | None = None
    check_labels: bool = True

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    @property
    def metric(self) -> Metric:
        """How to compare features at test time; on unit features both metrics rank alike."""
        return "cosine" if self.objective.normalise else self.objective.metric

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move what the loss holds; the step stays on the CPU, where it is read."""
        step = self.step
        super()._apply(fn, recurse)
        self.step = step
        return self

    def _begin_step(self) -> int:
        """Count a step of training, and return the seed of the step."""
        if self.training:
            self.step += 1
        return self.seed * 1_000_003 + int(self.step)

    def _comparable(self, vectors: Tensor) -> Tensor:
        """Vectors [n, D] as the objective compares them.

        In float32 or float64, as half precision overflows in the exponentials and sums of a loss.
        """
        vectors = vectors if vectors.dtype == torch.float64 else vectors.float()
        return F.normalize(vectors) if self.objective.normalise else vectors


class ProxyLoss(_Loss):
    """A proxy objective with its proxies: `objective.centres` a class.

    `proxies` [N, dim] are drawn from a normal distribution with standard deviation sqrt(2 / N); a
    normalising objective uses only their directions. N is `classes`, or with K centres classes * K,
    those of a class side by side. `dam` maps the similarities; None is the baseline. `seed` fixes
    the random draws: those of the rule `random` and of `probability`. The objective's
    `regulariser(proxies)` is added once, with or without DAM.
    """

    objective: ProxyObjective

    def __init__(
        self,
        objective: ProxyObjective,
        classes: int,
        dim: int,
        dam: ProxyDAM | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        if not isinstance(objective, ProxyObjective):
            raise ValueError(f"{type(objective).__name__} is not an objective on proxies")
        if dam is not None:
            dam.check_objective(objective.normalise, objective.centres)
        self.objective = objective
        self.dam = dam
        self.classes = classes
        self.proxies = nn.Parameter(torch.empty(classes * objective.centres, dim))
        nn.init.kaiming_normal_(self.proxies, mode="fan_out")
        self.running_means = None
        if dam is not None and dam.difference == "running_means":
            self.running_means = RunningMeans(classes, dim, dam.momentum)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss (scalar) of features [B, dim] with labels [B], integers from 0 to classes - 1.

        Raises ValueError for other shapes, types or labels.
        """
        check_features(features, self.proxies.shape[1])
        labels = class_labels(labels, len(features))
        if self.check_labels:
            check_range(labels, self.classes)
        seed = self._begin_step()
        centres, to_class = self.objective.centres, self.objective.to_class
        with torch.autocast(features.device.type, enabled=False):
            features = self._comparable(features)
            proxies = self._comparable(self.proxies.to(features.dtype))
            owner = torch.arange(self.classes, device=labels.device).repeat_interleave(centres)
            positive = labels.unsqueeze(1) == owner
            means = None
            if self.running_means is not None:
                means = self.running_means(features, labels)

            if self.dam is None or not self.dam.is_on(int(self.step), seed, self.progress):
                loss = self.objective(features @ proxies.T, positive)
            else:
                S = self.dam(
                    features, proxies, labels, seed, centres, to_class, means, check_labels=False
                )
                loss = self.objective(S, positive)
                if self.dam.joint:
                    plain = self.objective(features @ proxies.T, positive)
                    loss = (loss + self.dam.joint * plain) / (1 + self.dam.joint)
            return loss + self.objective.regulariser(proxies)


class PairLoss(_Loss):
    """A pair objective among the samples of a batch; no sample is compared with itself.

    With `memory` = M the last M features of earlier steps, of `dim` elements, are references too,
    without a gradient: Wang et al., Cross-Batch Memory for Embedding Learning, CVPR 2020. It
    joins after the share `memory_start` of training, when features no longer move fast.
    """

    objective: PairObjective
    memory: Tensor
    memory_labels: Tensor

    def __init__(
        self,
        objective: PairObjective,
        dam: PairDAM | None = None,
        seed: int = 0,
        *,
        memory: int = 0,
        dim: int = 0,
        memory_start: float = 0.0,
    ) -> None:
        super().__init__(seed)
        if not isinstance(objective, PairObjective):
            raise ValueError(f"{type(objective).__name__} is not an objective on pairs")
        self.objective = objective
        self.dam = dam
        # A "cosine" of features of any length is their inner product.
        any_length = objective.metric == "cosine" and not objective.normalise
        self.compared: pair.Metric = "inner_product" if any_length else objective.metric
        if dam is not None:
            dam.check_metric(self.compared)
        if memory and dim < 1:
            raise ValueError(f"a memory of {memory} features needs their number of elements: dim")
        self.memory_start = memory_start
        # A label of -1 marks a place that isn't filled yet; these come first. How many are filled
        # is known without waiting for a GPU.
        self.register_buffer("memory", torch.zeros(memory, dim))
        self.register_buffer("memory_labels", torch.full((memory,), -1))
        self._filled = 0
        self.register_load_state_dict_post_hook(lambda loss, _: loss._count_filled())

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss (scalar) of features [B, D] with labels [B], integers, from 0 with a memory.

        Raises ValueError for other shapes, types or labels, and for fewer than 2 samples.
        """
        check_features(features, self.memory.shape[1] if len(self.memory) else None)
        labels = class_labels(labels, len(features))
        if len(features) < 2:
            raise ValueError("a pair loss needs at least 2 samples in the batch")
        seed = self._begin_step()
        # The objective's random draws depend on the step alone, so that both arms draw alike.
        self.objective.seed = seed
        with torch.autocast(features.device.type, enabled=False):
            features = self._comparable(features)
            past, past_labels = self._remembered(features.dtype)
            same = without_self(labels.unsqueeze(1) == labels)
            positive = torch.cat([same, labels.unsqueeze(1) == past_labels], 1)

            if self.dam is None or not self.dam.is_on(int(self.step), seed, self.progress):
                loss = self.objective(self._plain(features, past), positive)
            else:
                S = without_self(self.dam(features, labels, self.compared, seed))
                if len(past):
                    to_past = self.dam(features, labels, self.compared, seed, past, past_labels)
                    S = torch.cat([S, to_past], 1)
                loss = self.objective(S, positive)
                if self.dam.joint:
                    plain = self.objective(self._plain(features, past), positive)
                    loss = (loss + self.dam.joint * plain) / (1 + self.dam.joint)
            if self.training:
                self._remember(features.detach(), labels)
            return loss

    def _plain(self, features: Tensor, past: Tensor) -> Tensor:
        """The plain similarities [B, B - 1 + m] to the other samples and to the memory's m."""
        S = without_self(plain_similarity(features, self.compared))
        if not len(past):
            return S
        return torch.cat([S, plain_similarity(features, self.compared, past)], 1)

    def _remembered(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The memory's features [m, D] and labels [m], m up to M; none before it joins."""
        if not len(self.memory) or not has_begun(self.memory_start, self.progress):
            return self.memory[:0].to(dtype), self.memory_labels[:0]
        first = len(self.memory) - self._filled
        return self.memory[first:].to(dtype), self.memory_labels[first:]

    def _remember(self, features: Tensor, labels: Tensor) -> None:
        """Replace the oldest features by the batch."""
        room = len(self.memory)
        if room:
            if self.check_labels and labels.min() < 0:
                raise ValueError(
                    f"label {int(labels.min())}: a memory takes labels from 0, as it marks places "
                    "that are still empty with -1"
                )
            features, labels = features[-room:].to(self.memory.dtype), labels[-room:]
            self.memory = torch.cat([self.memory[len(labels) :], features])
            self.memory_labels = torch.cat([self.memory_labels[len(labels) :], labels])
            self._filled = min(room, self._filled + len(labels))

    def _count_filled(self) -> None:
        self._filled = int((self.memory_labels >= 0).sum())


class JointLoss(nn.Module):
    """A weighted sum of a proxy loss and a pair loss.

    Re-identification trains so, with softmax and triplets: Luo et al., Bag of Tricks and a Strong
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
    def metric(self) -> Metric:
        """How to compare features at test time: as the proxy loss does."""
        return self.proxy.metric

    @property
    def progress(self) -> float | None:
        """The share of training that is done; see `ProxyLoss`."""
        return self.proxy.progress

    @progress.setter
    def progress(self, share: float) -> None:
        self.proxy.progress = self.pair.progress = share

    @property
    def check_labels(self) -> bool:
        """Whether labels are checked in each step; see `ProxyLoss`."""
        return self.proxy.check_labels

    @check_labels.setter
    def check_labels(self, check: bool) -> None:
        self.proxy.check_labels = self.pair.check_labels = check

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

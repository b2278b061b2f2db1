"""How often each element is kept, on a sample of pairs in a sample of steps."""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from benchmark.analysis.selection import class_pairs
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.dam.kernels.torch_selection import kept_sets
from benchmark.dam.selection import Selection
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.training.hooks.arriving import Arriving, on_its_way

EVERY = 10
"""Steps from one that is looked at to the next."""
PAIRS = 64
"""Pairs that are looked at in a step."""
SELECTING = ("margin", "margin_cosine", "masked_distance", "masked_cosine")
"""Mappings whose sets follow from the difference between two classes, or two samples."""
COUNTED = ("quantile", "mean", "inverse", "random")
"""Rules that keep or erase, rather than weigh."""


class _Looked(NamedTuple):
    """The pairs of a step; `signed` where some may be positive."""

    seed: int
    first: Tensor
    second: Tensor
    signed: bool


class ElementsHook(Hook):
    """Count what is kept, without waiting for a GPU.

    For a proxy objective on up to `PAIRS` class pairs, the same ones throughout; for a pair
    objective on as many pairs of the batch's samples. Where the loss selects nothing, what DAM's
    default would keep is counted instead.
    """

    priority = "LOW"

    def __init__(self, loss: ProxyLoss | PairLoss | JointLoss, classes: int) -> None:
        self.loss = loss.proxy if isinstance(loss, JointLoss) else loss
        dam = self.loss.dam
        self.acts = dam is not None and _mapping(dam) in SELECTING and dam.rule in COUNTED
        self.rule = dam.rule if dam is not None and self.acts else "quantile"
        self.keep = 0.8 if dam is None else dam.keep
        self.pairs = torch.zeros(0, 2, dtype=torch.int64)
        if isinstance(self.loss, ProxyLoss):
            every = class_pairs(classes)
            chosen = np.random.default_rng(0).permutation(len(every))[:PAIRS]
            self.pairs = every[np.sort(chosen)]
        self.epochs: list[Tensor] = []  # counts [D] and, last, of how many
        self.by_pair = torch.zeros(0)
        self._present: Tensor | None = None
        self._batch: tuple[Tensor, Tensor] | None = None
        self._arriving: Arriving[_Looked] = Arriving()
        self._handle = self.loss.register_forward_pre_hook(self._see)
        self._looking = False

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        self._take(wait=True)
        return {"epochs": self.epochs, "by_pair": self.by_pair, "present": self._present}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.epochs, self.by_pair = state["epochs"], state["by_pair"]
        self._present = state["present"]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Look at every `EVERY`th step, and at an epoch's first where it may have none of these."""
        short = batch_idx == 0 and len(runner.train_dataloader) < EVERY
        self._looking = runner.iter % EVERY == 0 or short

    def _see(self, loss: nn.Module, given: tuple[Any, ...]) -> None:
        if self._looking and loss.training:
            self._batch = given[0].detach(), given[1]

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Send the two sides of the pairs on their way, and count those that have arrived."""
        if self._batch is not None:
            self._send(*self._batch)
            self._batch = None
        self._take()

    def _send(self, features: Tensor, labels: Tensor) -> None:
        seed = self.loss.seed * 1_000_003 + int(self.loss.step)
        signed = not isinstance(self.loss, ProxyLoss)
        if isinstance(self.loss, ProxyLoss):
            table, pairs = self.loss.proxies.detach(), self.pairs
            centres = self.loss.objective.centres
            if centres > 1:
                table = table.unflatten(0, (-1, centres)).mean(1)
        else:
            table, size = features, len(features)
            drawn = np.random.default_rng([0, int(self.loss.step)])
            one = torch.from_numpy(drawn.integers(size, size=PAIRS))
            pairs = torch.stack(
                [one, (one + torch.from_numpy(drawn.integers(1, size, size=PAIRS))) % size], 1
            )
        at = on_its_way(pairs, table.device)
        both = table[at].float()  # [pairs, 2, D]
        if self.loss.objective.normalise:
            both = F.normalize(both, dim=-1)
        # Which pairs are positive travels in a row of its own, as one tensor is sent.
        mark = torch.zeros_like(both[:, :1])
        if signed:
            mark += (labels[at[:, 0]] == labels[at[:, 1]])[:, None, None]
        looked = _Looked(seed, pairs[:, 0], pairs[:, 1], signed)
        self._arriving.send(looked, torch.cat([both, mark], 1))

    def _take(self, wait: bool = False) -> None:
        for looked, sent in self._arriving.take(wait):
            difference = (sent[:, 0] - sent[:, 1]).abs()
            positive = sent[:, 2, 0] > 0 if looked.signed else None
            selection = Selection(self.rule, self.keep, looked.seed)
            scores = selection.scores(difference, looked.first, looked.second, positive)
            kept = kept_sets(scores, selection).mask_(scores).double()
            counted = torch.cat([kept.sum(0), torch.tensor([float(len(kept))]).double()])
            self._present = counted if self._present is None else self._present + counted
            if len(self.pairs):
                by_pair = torch.cat([kept, torch.ones(len(kept), 1).double()], 1)
                self.by_pair = by_pair + self.by_pair if self.by_pair.numel() else by_pair

    def after_train_epoch(self, runner: Runner) -> None:
        """Close an epoch."""
        self._take(wait=True)
        assert self._present is not None  # one step of each epoch is looked at
        self.epochs.append(self._present)
        self._present = None

    def counted(self) -> dict[str, Any]:
        """What `benchmark.training.elements.Elements` holds of it."""
        self._handle.remove()
        kept = torch.stack([one[:-1] / one[-1] for one in self.epochs])
        by_pair = kept[:0]
        if len(self.pairs):
            by_pair = self.by_pair[:, :-1] / self.by_pair[:, -1:]
        return {
            "acts": np.array(self.acts),
            "kept": kept.numpy(),
            "pairs": self.pairs.numpy(),
            "kept_by_pair": by_pair.numpy(),
        }


def _mapping(dam: ProxyDAM | PairDAM) -> str:
    return dam.mapping if isinstance(dam, ProxyDAM) else dam.similarity

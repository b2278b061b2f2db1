"""Runs that end but did not train: what is named in the result's `warnings`."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from benchmark.data.dataset import Images, Subset
from benchmark.evaluation.embed import embed
from benchmark.training.hooks.arriving import Arriving

UNMOVED = 1e-6
"""Relative change of the loss over a whole run, below which it did not move."""
ALIKE = 1e-4
"""Spread of unit features, below which they have collapsed: 1 - |mean|^2, which is 0 where all are
equal and near 1 where they point everywhere."""
SOME = 256
"""Test images whose features are compared with each other."""
LEADING = ("recall@1", "map@r", "cmc@1", "map")
"""Metrics that training is to improve."""
SEARCHED_STEPS = 100
"""Steps in which each parameter's gradient is looked at; later, one step in as many."""


class HealthHook(Hook):
    """Watch the loss's range, and which parameters ever got a gradient that isn't zero."""

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self.lowest = float("inf")
        self.highest = float("-inf")
        self.reached: set[str] = set()
        self._watched: dict[str, torch.utils.hooks.RemovableHandle] = {}
        self._seen: dict[str, Tensor] = {}  # in this step
        self._arriving: Arriving[list[str]] = Arriving()
        self._looking = True

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        self._take(wait=True)
        return {"lowest": self.lowest, "highest": self.highest, "reached": sorted(self.reached)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.lowest, self.highest = state["lowest"], state["highest"]
        self.reached = set(state["reached"])

    def on_loss(self, loss: float) -> None:
        """Note the loss of a step."""
        self.lowest, self.highest = min(self.lowest, loss), max(self.highest, loss)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Watch the parameters that are trained in this step and were not reached yet."""
        self._looking = runner.iter < SEARCHED_STEPS or runner.iter % SEARCHED_STEPS == 0
        if not self._looking:
            return
        for name, parameter in runner.model.named_parameters():
            if parameter.requires_grad and name not in self.reached | self._watched.keys():
                self._watched[name] = parameter.register_post_accumulate_grad_hook(
                    lambda parameter, name=name: self._look(name, parameter.grad)
                )

    def _look(self, name: str, gradient: Tensor | None) -> None:
        if self._looking and gradient is not None:
            self._seen[name] = gradient.any()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Note the parameters that were reached, once that has arrived from a GPU."""
        if self._seen:
            self._arriving.send(list(self._seen), torch.stack(list(self._seen.values())))
            self._seen = {}
        self._take()

    def _take(self, wait: bool = False) -> None:
        for names, seen in self._arriving.take(wait):
            for name in itertools.compress(names, seen.tolist()):
                self.reached.add(name)
                if name in self._watched:
                    self._watched.pop(name).remove()

    def warnings(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> list[str]:
        """What was wrong with the training of `model` by `optimiser`, a sentence each."""
        self._take(wait=True)
        for handle in self._watched.values():
            handle.remove()
        trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        held = {id(p) for group in optimiser.param_groups for p in group["params"]}
        found = []
        if self.highest - self.lowest <= UNMOVED * max(abs(self.highest), UNMOVED):
            found.append(f"the loss never moved: it was {self.highest:g} in every step")
        silent = [name for name in trained if name not in self.reached]
        if silent:
            found.append(f"parameters that never got a gradient: {_listed(silent)}")
        lost = [name for name, parameter in trained.items() if id(parameter) not in held]
        if lost:
            found.append(f"parameters that no optimiser group holds: {_listed(lost)}")
        return found


def some_features(model: nn.Module, images: Images, device: str) -> Tensor:
    """The features [n, D] of up to `SOME` images, taken evenly from all."""
    places = np.unique(np.linspace(0, len(images) - 1, SOME).astype(np.int64))
    return embed(model, Subset(images, places), batch_size=SOME, device=device).cpu()


def evaluation_warnings(
    features: Tensor, metrics: dict[str, float], untrained: dict[str, float]
) -> list[str]:
    """What is wrong with a trained network's evaluation; `features` [n, D] are some of its own."""
    found = []
    if not bool(torch.isfinite(features).all()):
        found.append("features of test images aren't finite")
    elif len(features) > 1:
        spread = 1 - float(F.normalize(features.double()).mean(0).square().sum())
        if spread < ALIKE:
            found.append(
                f"the embedding collapsed: features of test images are alike (spread {spread:.1e})"
            )
    worse = [
        f"{name} {100 * metrics[name]:.1f} % after {100 * untrained[name]:.1f} %"
        for name in LEADING
        if name in metrics and name in untrained and metrics[name] < untrained[name]
    ]
    if worse:
        found.append(f"worse than the untrained network: {_listed(worse)}")
    return found


def _listed(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more

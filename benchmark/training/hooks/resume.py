"""The whole state of a run in training: what a checkpoint must hold for an exact resume."""

import random
import time
from collections.abc import Set
from typing import Any, Protocol

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor

from benchmark.errors import UserError
from benchmark.training.checkpoint import Checkpoints
from benchmark.training.distributed import agreed, is_first
from benchmark.training.interruption import Interruption

SHARE = 0.01
"""The most of a run's time that saving at the ends of epochs may take."""
APART = 1.0
"""Seconds after a save in which the end of an epoch isn't saved: so little is soon done again."""


class Stateful(Protocol):
    """A hook, or something else, that has to go on where it was."""

    def state_dict(self) -> dict[str, Any]:
        """What it needs for that, in the types that a checkpoint holds."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        ...


class TrainLoop(EpochBasedTrainLoop):
    """mmengine's loop by epochs, which can begin in the middle of one."""

    def run_epoch(self) -> None:
        """The rest of an epoch, from the batch at which its sampler begins."""
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        first = self.dataloader.batch_sampler.first
        for place, batch in enumerate(self.dataloader, start=first):
            self.run_iter(place, batch)
        self.dataloader.batch_sampler.first = 0
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1


class CheckpointHook(Hook):
    """Save the run's state at the ends of epochs, every so often, and when it is interrupted.

    `minutes` is the time between two checkpoints within an epoch. Epochs that are short beside a
    save aren't all followed by one. `parts` are saved and restored beside model, optimiser,
    schedule and random generators.
    """

    priority = "LOWEST"

    def __init__(
        self,
        checkpoints: Checkpoints,
        parts: dict[str, Stateful],
        minutes: float,
        interruption: Interruption,
    ) -> None:
        self.checkpoints = checkpoints
        self.parts = parts
        self.minutes = minutes
        self.interruption = interruption
        self._saved = time.monotonic()
        self._took = 0.0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Save where it is time, or the run is asked to end."""
        late = time.monotonic() - self._saved >= 60 * self.minutes
        asked = agreed(self.interruption.requested or int(late))
        if asked:
            self._save(runner, epoch=runner.epoch, position=batch_idx + 1, step=runner.iter + 1)
            self._end_if(asked)

    def after_train_epoch(self, runner: Runner) -> None:
        """Save an epoch that is complete, unless one just was or it would take too much time."""
        asked = agreed(self.interruption.requested or 0)
        since = time.monotonic() - self._saved
        if asked or since >= max(APART, self._took / SHARE):
            self._save(runner, epoch=runner.epoch + 1, position=0, step=runner.iter)
        self._end_if(asked)

    def _end_if(self, asked: int) -> None:
        """End where any of the processes was asked to by a signal, whose numbers are above 1."""
        if asked > 1:
            self.interruption.requested = asked
        self.interruption.end()

    def _save(self, runner: Runner, epoch: int, position: int, step: int) -> None:
        if not is_first():
            self._saved = time.monotonic()
            return
        begun = time.monotonic()
        self.checkpoints.save(
            step,
            {
                "epoch": epoch,
                "position": position,
                "model": dict(runner.model.state_dict()),
                "optimiser": runner.optim_wrapper.state_dict(),
                "schedule": [_moving(one.state_dict()) for one in runner.param_schedulers],
                "random": random_state(runner.device),
                "parts": {name: part.state_dict() for name, part in self.parts.items()},
            },
        )
        self._saved = time.monotonic()
        self._took = self._saved - begun

    def restore(self, runner: Runner, step: int, state: dict[str, Any]) -> None:
        """Put `state` back, saved after `step` steps.

        Raises UserError where it is of another model than the one that this code builds, or holds
        other parts.
        """
        _check_fits(runner, step, state)
        _check_parts(runner, step, self.parts.keys(), state["parts"].keys())
        runner.model.load_state_dict(state["model"])
        runner.optim_wrapper.load_state_dict(state["optimiser"])
        _arrange_states(runner.optim_wrapper.optimizer)
        for one, saved in zip(runner.param_schedulers, state["schedule"], strict=True):
            one.load_state_dict(saved)
        for name, part in self.parts.items():
            part.load_state_dict(state["parts"][name])
        runner.train_loop._epoch = state["epoch"]
        runner.train_loop._iter = step
        runner.train_loop.dataloader.batch_sampler.first = state["position"]
        set_random_state(state["random"], runner.device)


def _check_fits(runner: Runner, step: int, state: dict[str, Any]) -> None:
    """Raise UserError unless model, optimiser and schedule are those that were saved."""
    shapes = {name: tensor.shape for name, tensor in runner.model.state_dict().items()}
    saved = {name: tensor.shape for name, tensor in state["model"].items()}
    sizes = [len(group["params"]) for group in runner.optim_wrapper.optimizer.param_groups]
    saved_sizes = [len(group["params"]) for group in state["optimiser"]["param_groups"]]
    schedules = len(runner.param_schedulers)
    if (shapes, sizes, schedules) != (saved, saved_sizes, len(state["schedule"])):
        raise UserError(
            f"the checkpoint of step {step} was saved by code that builds another model. Go on "
            f"with that version, or remove the folder {runner.work_dir} to begin anew."
        )


def _check_parts(runner: Runner, step: int, own: Set[str], saved: Set[str]) -> None:
    """Raise UserError unless what goes on beside the model is what was saved."""
    if own != saved:
        raise UserError(
            f"the checkpoint of step {step} was saved by code that keeps other records "
            f"({', '.join(sorted(own ^ saved))}). Go on with that version, or remove the folder "
            f"{runner.work_dir} to begin anew."
        )


def _arrange_states(optimiser: torch.optim.Optimizer) -> None:
    """Put the optimiser's states into the order of memory of their parameters.

    Fused optimisers go through both by their place in memory.
    """
    for parameter, states in optimiser.state.items():
        for name, state in states.items():
            if isinstance(state, Tensor) and state.shape == parameter.shape:
                states[name] = torch.empty_like(parameter, dtype=state.dtype).copy_(state)


def _moving(schedule: dict[str, Any]) -> dict[str, Any]:
    """Of a scheduler's attributes those that change; the others follow from the configuration."""
    return {key: value for key, value in schedule.items() if isinstance(value, int | float | list)}


def random_state(device: str) -> dict[str, Any]:
    """The states of the generators that code without one of its own draws from."""
    version, numbers, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 (what others draw from)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "torch": torch.get_rng_state(),
        "device": None if device == "cpu" else torch.cuda.get_rng_state(device),
    }


def set_random_state(state: dict[str, Any], device: str) -> None:
    """Let the generators go on from `state`. All of them take their states from the CPU."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"].cpu())
    if state["device"] is not None:
        torch.cuda.set_rng_state(state["device"].cpu(), device)

"""What is watched and kept while mmengine's Runner trains."""

import hashlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from benchmark.errors import UserError
from benchmark.training.distributed import joined_digest


class Progress(NamedTuple):
    """Where a run is: steps done of all, the epoch, and the loss of the last step."""

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float


class EpochHook(Hook):
    """Tell the batch sampler the epoch; mmengine's own hook knows only its own samplers."""

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the epoch whose batches the loader gives next."""
        runner.train_loop.dataloader.batch_sampler.epoch = runner.epoch


class ProgressHook(Hook):
    """Let the loss know how far training is, and train the backbone only after `frozen` epochs."""

    def __init__(self, frozen: float) -> None:
        self.frozen = frozen

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Set both for the step that comes."""
        runner.model.loss.progress = runner.iter / runner.max_iters
        if self.frozen:
            done = runner.iter * runner.max_epochs / runner.max_iters
            runner.model.backbone.requires_grad_(done >= self.frozen)


class RecordHook(Hook):
    """Keep the history of the loss and a digest of every batch; stop at a loss that is no number.

    `history` has one entry an epoch. `batches` chains the SHA-256 of each batch's labels and of
    every fourth pixel of its images, so that two runs that saw the same images in the same
    augmentation have the same digest.
    """

    priority = "VERY_HIGH"

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self.report = report
        self.history: list[dict[str, Any]] = []
        self.batches = ""
        self._losses: list[Tensor] = []  # of the present epoch's steps
        self._spent = 0.0  # seconds in the present epoch, before an interruption
        self._begun = 0.0

    def state_dict(self) -> dict[str, Any]:
        """All that is kept, for a checkpoint."""
        return {
            "history": self.history,
            "batches": self.batches,
            "losses": torch.stack(self._losses).cpu() if self._losses else None,
            "spent": time.perf_counter() - self._begun if self._losses else 0.0,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.history, self.batches = state["history"], state["batches"]
        self._losses = [] if state["losses"] is None else list(state["losses"])
        self._spent = state["spent"]

    def before_train_epoch(self, runner: Runner) -> None:
        """Start an epoch's clock, or let it go on."""
        self._begun = time.perf_counter() - self._spent

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Add a batch to the digest."""
        assert data_batch is not None
        digest = hashlib.sha256(self.batches.encode())
        digest.update(data_batch["labels"].numpy().tobytes())
        digest.update(data_batch["images"][..., ::4, ::4].contiguous().numpy().tobytes())
        self.batches = joined_digest(digest.hexdigest())

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Note the loss; raise UserError when it is NaN or infinite."""
        assert outputs is not None
        loss = outputs["loss"].detach()
        value = float(loss)
        if not np.isfinite(value):
            raise UserError(
                f"the loss became {value} in epoch {runner.epoch + 1}, step {runner.iter + 1}. "
                "Lower optimiser.lr or proxy_rate, or lengthen schedule.warmup."
            )
        self._losses.append(loss)
        self.report(
            Progress(runner.iter + 1, runner.max_iters, runner.epoch + 1, runner.max_epochs, value)
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Close an epoch's mean and clock."""
        mean = float(torch.stack([loss.cpu() for loss in self._losses]).double().mean())
        seconds = time.perf_counter() - self._begun
        self._losses, self._spent = [], 0.0
        self.history.append({"epoch": runner.epoch + 1, "loss": mean, "seconds": seconds})


class EvaluationHook(Hook):
    """Add metrics to the history after every `every` epochs but the last, which a run measures.

    The model's weights, its mode and the random numbers of training stay as they are.
    """

    priority = "HIGH"  # after RecordHook, and before a checkpoint is saved

    def __init__(
        self, every: int, record: RecordHook, measure: Callable[[], dict[str, float]]
    ) -> None:
        self.every = every
        self.record = record
        self.measure = measure

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure where it is time."""
        epoch = runner.epoch + 1
        if epoch % self.every == 0 and epoch < runner.max_epochs:
            self.record.history[-1]["metrics"] = self.measure()

"""What is watched and kept while mmengine's Runner trains."""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from benchmark.data.loading import Loaded
from benchmark.errors import UserError
from benchmark.training.distributed import joined_digest
from benchmark.training.hooks.arriving import Arriving


class Progress(NamedTuple):
    """Where a run is: steps done of all, the epoch, and the loss of the last of these steps."""

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
    """Keep the history of the loss and a digest of all batches; stop at a loss that is no number.

    `history` has one entry an epoch. `batches` chains the digests of the batches, so that two runs
    that saw the same images in the same augmentation have the same one. Nothing waits for a GPU:
    `report` and `on_loss` are called once a loss has arrived from there, some steps later.
    """

    priority = "VERY_HIGH"

    def __init__(
        self, report: Callable[[Progress], None], on_loss: Callable[[float], None]
    ) -> None:
        self.report = report
        self.on_loss = on_loss
        self.history: list[dict[str, Any]] = []
        self.batches = ""
        self._arriving: Arriving[Progress] = Arriving()
        self._losses: list[float] = []  # of the present epoch's steps
        self._spent = 0.0  # seconds in the present epoch, before an interruption
        self._begun = 0.0

    def state_dict(self) -> dict[str, Any]:
        """All that is kept, for a checkpoint."""
        self._take(wait=True)
        return {
            "history": self.history,
            "batches": self.batches,
            "losses": torch.tensor(self._losses, dtype=torch.float64) if self._losses else None,
            "spent": time.perf_counter() - self._begun if self._losses else 0.0,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.history, self.batches = state["history"], state["batches"]
        self._losses = [] if state["losses"] is None else state["losses"].tolist()
        self._spent = state["spent"]

    def before_train_epoch(self, runner: Runner) -> None:
        """Start an epoch's clock, or let it go on."""
        self._begun = time.perf_counter() - self._spent

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Chain a batch's digest."""
        assert isinstance(data_batch, Loaded)
        chained = hashlib.sha256((self.batches + data_batch.digest).encode())
        self.batches = joined_digest(chained.hexdigest())

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Note the loss; raise UserError when one is NaN or infinite."""
        assert outputs is not None
        done = Progress(
            runner.iter + 1, runner.max_iters, runner.epoch + 1, runner.max_epochs, math.nan
        )
        self._arriving.send(done, outputs["loss"])
        self._take()

    def _take(self, wait: bool = False) -> None:
        for done, loss in self._arriving.take(wait):
            value = float(loss)
            if not math.isfinite(value):
                raise UserError(
                    f"the loss became {value} in epoch {done.epoch}, step {done.step}. "
                    "Lower optimiser.lr or proxy_rate, or lengthen schedule.warmup."
                )
            self._losses.append(value)
            self.on_loss(value)
            self.report(done._replace(loss=value))

    def after_train_epoch(self, runner: Runner) -> None:
        """Close an epoch's mean and clock, and log them."""
        self._take(wait=True)
        mean = float(np.mean(self._losses))
        seconds = time.perf_counter() - self._begun
        self._losses, self._spent = [], 0.0
        epoch = runner.epoch + 1
        self.history.append({"epoch": epoch, "loss": mean, "seconds": seconds})
        rate = runner.optim_wrapper.optimizer.param_groups[0]["lr"]
        runner.logger.info(
            f"epoch {epoch} of {runner.max_epochs}: loss {mean:.4f}, "
            f"learning rate at its end {rate:.3g}, {seconds:.1f} s"
        )


class EvaluationHook(Hook):
    """Evaluate after every `every` epochs but the last, which a run evaluates itself.

    The metrics that `measure` gives are added to the history, and `also` is called with the epoch,
    counted from 1. The model's weights, its mode and the random numbers of training stay as they
    are.
    """

    priority = "HIGH"  # after RecordHook, and before a checkpoint is saved

    def __init__(
        self,
        every: int,
        record: RecordHook,
        measure: Callable[[], dict[str, float]],
        also: Callable[[int], object],
    ) -> None:
        self.every = every
        self.record = record
        self.measure = measure
        self.also = also

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure where it is time."""
        epoch = runner.epoch + 1
        if epoch % self.every == 0 and epoch < runner.max_epochs:
            self.record.history[-1]["metrics"] = self.measure()
            self.also(epoch)

"""What is watched and kept while mmengine's Runner trains."""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from benchmark.errors import UserError


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
        self._losses: list[Tensor] = []
        self._begun = 0.0

    def before_train_epoch(self, runner: Runner) -> None:
        """Start an epoch's mean and clock."""
        self._losses = []
        self._begun = time.perf_counter()

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Tensor] | None = None
    ) -> None:
        """Add a batch to the digest."""
        assert data_batch is not None
        digest = hashlib.sha256(self.batches.encode())
        digest.update(data_batch["labels"].numpy().tobytes())
        digest.update(data_batch["images"][..., ::4, ::4].contiguous().numpy().tobytes())
        self.batches = digest.hexdigest()

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
        mean = float(torch.stack(self._losses).double().mean())
        seconds = time.perf_counter() - self._begun
        self.history.append({"epoch": runner.epoch + 1, "loss": mean, "seconds": seconds})


class ResumeHook(Hook):
    """Make a checkpoint hold all that an exact resume needs, in types that load without a pickle.

    mmengine's checkpoints lack the states of the random-number generators, and hold its message
    hub, whose objects torch refuses to load with `weights_only=True`. The hub only repeats what
    `RecordHook` keeps, so it is left empty.
    """

    priority = "LOWEST"

    def __init__(self, record: RecordHook, kept: dict[str, Any]) -> None:
        self.record = record
        self.kept = kept

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the states."""
        checkpoint["message_hub"] = {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}}
        kind, keys, *rest = np.random.get_state()  # noqa: NPY002 (what others draw from)
        checkpoint["random"] = {
            "python": random.getstate(),
            "numpy": (kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        checkpoint["record"] = {
            "history": self.record.history,
            "batches": self.record.batches,
            "kept": self.kept,
        }

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put the states back."""
        states = checkpoint["random"]
        random.setstate(states["python"])
        kind, keys, *rest = states["numpy"]
        np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
        torch.set_rng_state(states["torch"].cpu())
        if states["cuda"]:
            torch.cuda.set_rng_state_all([state.cpu() for state in states["cuda"]])
        record = checkpoint["record"]
        self.record.history = record["history"]
        self.record.batches = record["batches"]
        self.kept.update(record["kept"])

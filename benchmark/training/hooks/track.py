"""Sending a run's course to a tracker while it is made, by mmengine's backends."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from mmengine.hooks import Hook
from mmengine.registry import VISBACKENDS
from mmengine.runner import Runner
from torch import Tensor

from benchmark.errors import UserError
from benchmark.training.hooks.arriving import Arriving
from benchmark.training.hooks.record import RecordHook

BACKENDS = {"tensorboard": "TensorboardVisBackend"}
"""Trackers by the names of their packages, and mmengine's names for them."""


class Track(NamedTuple):
    """A tracker, and the folder that it writes into."""

    tracker: str
    folder: Path


def check_tracker(tracker: str) -> None:
    """Raise UserError where the tracker's package isn't installed."""
    if find_spec(tracker) is None:
        raise UserError(
            f"--track {tracker} needs the package {tracker}, which isn't installed here. "
            f"Install it with: pip install '.[suite,{tracker}]'"
        )


class TrackHook(Hook):
    """Send the loss and the learning rates of each step, and metrics where they are measured.

    Steps are counted from 1, and metrics stand at the step that they were measured after.
    """

    def __init__(self, track: Track, record: RecordHook) -> None:
        check_tracker(track.tracker)
        kind = BACKENDS[track.tracker]
        self.backend = VISBACKENDS.build({"type": kind, "save_dir": str(track.folder)})
        self.record = record
        self.step = 0
        self._arriving: Arriving[int] = Arriving()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Tensor] | None = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """The loss, and one rate for each group of parameters."""
        assert outputs is not None
        self.step = runner.iter + 1
        self._arriving.send(self.step, outputs["loss"])
        self._send_losses()
        for name, rates in runner.optim_wrapper.get_lr().items():
            for group, rate in enumerate(rates):
                self.backend.add_scalar(f"{name}/{group}", rate, self.step)

    def after_train_epoch(self, runner: Runner) -> None:
        """The last losses, and the metrics, where the epoch was evaluated."""
        self._send_losses(wait=True)
        self._send(self.record.history[-1].get("metrics", {}))

    def finish(self, metrics: dict[str, float]) -> None:
        """The metrics after the last epoch; then close the tracker."""
        self._send(metrics)
        self.backend.close()

    def _send_losses(self, wait: bool = False) -> None:
        for step, loss in self._arriving.take(wait):
            self.backend.add_scalar("loss", float(loss), step)

    def _send(self, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self.backend.add_scalar(name, value, self.step)

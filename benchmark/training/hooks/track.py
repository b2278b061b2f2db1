"""Sending a run's course to a tracker while it is made."""

from pathlib import Path
from typing import NamedTuple

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from benchmark.training.hooks.arriving import Arriving
from benchmark.training.hooks.record import RecordHook
from benchmark.training.hooks.trackers import TRACKERS, check_tracker


class Track(NamedTuple):
    """A tracker, and the folder that it writes into."""

    tracker: str
    folder: Path


class TrackHook(Hook):
    """Send the loss and the learning rates of each step, and metrics where they are measured.

    Steps are counted from 1, and metrics stand at the step that they were measured after.
    """

    def __init__(self, track: Track, record: RecordHook) -> None:
        check_tracker(track.tracker)
        self.tracker = TRACKERS[track.tracker](track.folder)
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
                self.tracker.add(f"{name}/{group}", rate, self.step)

    def after_train_epoch(self, runner: Runner) -> None:
        """The last losses, and the metrics, where the epoch was evaluated."""
        self._send_losses(wait=True)
        self._send(self.record.history[-1].get("metrics", {}))

    def finish(self, metrics: dict[str, float]) -> None:
        """The metrics after the last epoch; then close the tracker."""
        self._send(metrics)
        self.tracker.close()

    def _send_losses(self, wait: bool = False) -> None:
        for step, loss in self._arriving.take(wait):
            self.tracker.add("loss", float(loss), step)

    def _send(self, metrics: dict[str, float]) -> None:
        for name, value in metrics.items():
            self.tracker.add(name, value, self.step)

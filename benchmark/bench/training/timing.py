"""Steps of a run, timed in turn with the same steps without what surrounds the arithmetic."""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from benchmark.data.loading import PREFETCHED, TrainingLoader
from benchmark.data.photographs.files import FileImages, decode
from benchmark.data.photographs.transforms import IMAGENET_MEAN, IMAGENET_STD, RetrievalCrop
from benchmark.run_config import RunConfig
from benchmark.training import train
from benchmark.training.arithmetic import arrange
from benchmark.training.building import build_model, build_optimiser, load_inputs
from benchmark.training.hooks.record import Progress

Step = Callable[[], None]


class _EnoughError(Exception):
    """Everything is timed: training needn't go on."""


@dataclass
class Times:
    """Seconds a step in each round: of the whole run, and of what it is compared with, by name."""

    run: list[float] = field(default_factory=list)
    others: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, to: str | None = None) -> tuple[float, float, float]:
        """The median over rounds of seconds of `name` / seconds of the run, with its quartiles.

        `to` stands for another in place of the run.
        """
        below = self.run if to is None else self.others[to]
        shares = np.divide(self.others[name], below)
        low, middle, high = np.percentile(shares, [25, 50, 75]).tolist()
        return middle, low, high


def timed(
    config: RunConfig, others: dict[str, Step], rounds: int, steps: int, loaders: int = 0
) -> Times:
    """Train `config` as a run is trained, and time it in turns with `others`, `steps` at a time.

    The turns follow each other so closely that a disturbance of the machine meets them all. The
    first one is left out. With `loaders` processes each turn begins with as many steps as they
    prepare ahead, which aren't timed: those batches were made while others were timed.
    """
    times = Times(others={name: [] for name in others})
    clock = _Clock(config.device, times, others, rounds, steps, ahead=loaders * PREFETCHED)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.suppress(_EnoughError),
    ):
        train(config, Path(folder), clock.report, loaders)
    return times


class _Clock:
    def __init__(
        self,
        device: str,
        times: Times,
        others: dict[str, Step],
        rounds: int,
        steps: int,
        ahead: int,
    ) -> None:
        self.device = device
        self.times = times
        self.others = others
        self.rounds = rounds
        self.steps = steps
        self.ahead = ahead
        self.turn = 0
        self.first = 0  # step of the present turn, or of its timed part once that has begun
        self.begun: float | None = None

    def report(self, progress: Progress) -> None:
        """Look at the clock after each step of the run."""
        if self.begun is None and progress.step >= self.first + self.ahead:
            wait_for(self.device)
            self.first, self.begun = progress.step, time.perf_counter()
        if self.begun is None or progress.step < self.first + self.steps:
            return
        wait_for(self.device)
        took = (time.perf_counter() - self.begun) / (progress.step - self.first)
        for name, step in self.others.items():
            for _ in range(self.ahead):
                step()
            wait_for(self.device)
            begun = time.perf_counter()
            for _ in range(self.steps):
                step()
            wait_for(self.device)
            if self.turn:
                self.times.others[name].append((time.perf_counter() - begun) / self.steps)
        if self.turn:
            self.times.run.append(took)
        self.turn += 1
        if self.turn > self.rounds:
            raise _EnoughError
        self.first, self.begun = progress.step, None if self.ahead else time.perf_counter()


def wait_for(device: str) -> None:
    """Until a GPU has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def limit(config: RunConfig) -> Step:
    """Forward, backward and the optimiser's step on one batch that lies on the device already."""
    step, batch = _stepping(config)
    images, labels = batch["images"].to(config.device), batch["labels"].to(config.device)
    return lambda: step(images, labels)


def plain_loader(config: RunConfig, workers: int = 0) -> Step | None:
    """The same steps on `plain_batches`; None where there are none."""
    batches = plain_batches(config, workers)
    if batches is None:
        return None
    step, _ = _stepping(config)

    def one() -> None:
        images, labels = next(batches)
        step(images.to(config.device), labels.to(config.device))

    return one


def plain_batches(config: RunConfig, workers: int = 0) -> Iterator[list[Tensor]] | None:
    """Images and labels by torch's DataLoader of Pillow images, an image at a time, without end.

    None where a data set isn't of files, or takes another transform than crops.
    """
    dataset = load_inputs(config)
    if not isinstance(dataset.train.images, FileImages) or (
        config.transform.type != "retrieval_crop"
    ):
        return None
    crop = RetrievalCrop(**config.transform.options)
    loader = DataLoader(
        _PlainImages(dataset.train.images.paths, dataset.train.labels, crop),
        batch_size=config.sampler.size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=config.device == "cuda",
    )
    return chain.from_iterable(repeat(loader))


def _stepping(config: RunConfig) -> tuple[Callable[[Tensor, Tensor], None], dict[str, Tensor]]:
    """A step of the model on images and labels, and a batch to take it on."""
    dataset = load_inputs(config)
    model = build_model(config, dataset.classes).to(config.device).train()
    arrange(model, config)
    model.loss.progress, model.loss.check_labels = 0.0, False
    wrapper = build_optimiser(config, model)

    def step(images: Tensor, labels: Tensor) -> None:
        loss = model(images, labels, mode="loss")["loss"]
        wrapper.update_params(loss)

    return step, next(iter(TrainingLoader(dataset.train, **dict(config.sampler), seed=0)))


class _PlainImages(Dataset[tuple[Tensor, int]]):
    """What a tutorial writes: open, crop, flip, normalise."""

    def __init__(self, paths: list[Path], labels: Any, crop: RetrievalCrop) -> None:
        self.paths = paths
        self.labels = labels
        self.transform = v2.Compose(
            [
                v2.RandomResizedCrop(crop.size, scale=crop.scale),
                v2.RandomHorizontalFlip(crop.flip),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(decode(self.paths[index])), int(self.labels[index])

"""Images per second of a whole run, beside its model's arithmetic and beside a plain loader."""

import contextlib
import gc
import io
import math
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from statistics import fmean
from typing import Any

from benchmark.bench.gpu.checks import (
    Check,
    Conditions,
    Task,
    at_least,
    at_most,
    not_measured,
    only_measured,
)
from benchmark.bench.gpu.runs.photographs import make_folder
from benchmark.bench.gpu.runs.planned import photograph_runs
from benchmark.bench.training.timing import Step, limit, plain_batches, plain_loader, wait_for
from benchmark.data.loading import PREFETCHED, TrainingLoader
from benchmark.run_config import RunConfig
from benchmark.suite.engines.local import loaders
from benchmark.training import train
from benchmark.training.arithmetic import arithmetic
from benchmark.training.building import fill_image_cache, load_inputs
from benchmark.training.hooks.record import Progress

CHANGES = ("precision=bf16", "sampler.classes=30", "sampler.samples=4", "epochs=1000")
QUICK_CHANGES = (
    *("epochs=1000", "sampler.classes=3", "sampler.samples=2", "transform.size=32"),
    *("transform.resize=36", "dim=8", "backbone.type=efficientnet_lite0"),
)
CLASSES, IMAGES, BATCH = 40, 160, 120
"""As in CUB-200-2011, an epoch has 48 steps of 120 images: 36 of these classes are trained on."""
QUICK_CLASSES, QUICK_IMAGES = 5, 6
WARM, STEPS, TURNS = 10, 30, 3
"""Steps before the timed ones, timed steps, and how often; the least time counts."""
QUICK_STEPS = (1, 2, 1)
RUN_STEPS = 144
"""Timed steps of a run: three epochs of photographs, with what lies between epochs."""
QUICK_RUN_STEPS = 4
OF_LIMIT, OVER_PLAIN = 0.95, 3.0
DAM_OVERHEAD = 1.02
OBJECTIVE = "proxy_anchor"


def tasks(conditions: Conditions) -> Iterator[Task]:
    """The loaders alone, and runs as the baseline and with DAM."""
    if not conditions.is_gpu and not conditions.quick:
        yield Task("pipeline", lambda: [not_measured("pipeline", "there is no GPU here")])
        return
    rig = _Rig(conditions)
    yield Task("photographs", rig.photographs)
    yield Task("loaders alone", rig.loaders_alone)
    yield Task("plain loader with its steps", rig.plain)
    for arm in ("dam",) if conditions.quick else ("baseline", "dam"):
        yield Task(f"whole run, {arm}", partial(rig.whole, arm))
    yield Task("DAM's step", rig.overhead)


class _Rig:
    """What the tasks share: configurations, and the milliseconds of a step."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.folder = conditions.work / "photographs"
        self.source = ""
        self.limits: dict[str, float] = {}
        self.configs: dict[str, RunConfig] = {}

    def photographs(self) -> Iterator[Check]:
        """Make the folder, and decode it into the cache, as `run` does before its first run."""
        quick = self.conditions.quick
        size = (QUICK_CLASSES, QUICK_IMAGES) if quick else (CLASSES, IMAGES)
        self.source = make_folder(self.folder, self.conditions.data_root, *size, quick)
        changes = QUICK_CHANGES if quick else CHANGES
        runs = photograph_runs(self.conditions, self.folder, *changes)
        self.configs = {arm: runs[OBJECTIVE, arm] for arm in ("baseline", "dam")}
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            fill_image_cache(self.configs.values(), print)
        seconds = time.perf_counter() - begun
        yield only_measured("decoding all photographs into the cache (s)", seconds, self.source)

    @property
    def processes(self) -> int:
        """As many as `run` takes."""
        return max(1, loaders(self.configs.values(), workers=1))

    @property
    def batch(self) -> int:
        return self.configs["baseline"].sampler.size

    def loaders_alone(self) -> Iterator[Check]:
        """Batches that are only loaded, by the suite's loader and by a plain one."""
        config, processes = self.configs["baseline"], self.processes
        dataset = load_inputs(config)
        sampler = dict(config.sampler)
        own = TrainingLoader(dataset.train, **sampler, seed=0, workers=processes)
        ours = self._loaded(_epochs(own), processes * PREFETCHED)
        plain = plain_batches(config, processes)
        assert plain is not None
        theirs = self._loaded(plain, processes * PREFETCHED)
        name = f"loader / plain loader, {processes} processes each"
        speeds = {"images_per_s": ours, "plain_images_per_s": theirs}
        yield self._judged(at_least(name, ours / theirs, OVER_PLAIN, **speeds))
        yield only_measured("loader alone (images/s)", ours, f"{processes} processes")
        yield only_measured("plain loader alone (images/s)", theirs, f"{processes} processes")

    def _loaded(self, batches: Iterable[Any], ahead: int) -> float:
        """Images per second, after the batches that were prepared ahead."""
        warm, steps = (1, 2) if self.conditions.quick else (ahead, 48)
        arriving = iter(batches)
        for _ in range(warm):
            next(arriving)
        begun = time.perf_counter()
        for _ in range(steps):
            next(arriving)
        return steps * self.batch / (time.perf_counter() - begun)

    def plain(self) -> Iterator[Check]:
        """A plain loader's batches with the same steps of the model."""
        config, processes = self.configs["baseline"], self.processes
        with arithmetic(config):
            step = plain_loader(config, processes)
            assert step is not None
            seconds = self._least(step, 2 * processes)
        name = f"plain loader with its steps (images/s), {processes} processes"
        yield only_measured(name, self.batch / seconds)

    def _limit(self, arm: str) -> float:
        """Seconds of a step on a batch that lies on the device already."""
        if arm not in self.limits:
            config = self.configs[arm]
            with arithmetic(config):
                self.limits[arm] = self._least(limit(config))
        return self.limits[arm]

    def _least(self, step: Step, ahead: int = 0) -> float:
        """The least seconds of a step, over some turns, after those with batches made ahead."""
        warm, steps, turns = QUICK_STEPS if self.conditions.quick else (WARM + ahead, STEPS, TURNS)
        for _ in range(warm):
            step()
        took = []
        for _ in range(turns):
            wait_for(self.conditions.device)
            begun = time.perf_counter()
            for _ in range(steps):
                step()
            wait_for(self.conditions.device)
            took.append((time.perf_counter() - begun) / steps)
        return min(took)

    def whole(self, arm: str) -> Iterator[Check]:
        """A run as `run` makes it, from its second epoch on, epochs' ends and checkpoints with it.

        Within an epoch the run is timed from a place at which no batch is left that was prepared
        between epochs.
        """
        config, seconds = self.configs[arm], self._limit(arm)
        clock = _Clock(QUICK_RUN_STEPS if self.conditions.quick else RUN_STEPS)
        folder = self.conditions.work / f"pipeline {arm}"
        folder.mkdir()
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(_EnoughError),
        ):
            train(config, folder, clock.report, self.processes)
        gc.collect()  # ends the loader processes of the run
        inside, over_all = clock.seconds_within(self.processes * PREFETCHED), clock.seconds()
        speeds = {
            "limit_images_per_s": self.batch / seconds,
            "images_per_s": self.batch / inside,
            "images_per_s_with_epoch_ends": self.batch / over_all,
        }
        place = f"ResNet-50, {config.transform.options['size']} px, batch {self.batch}, {arm}"
        yield only_measured(f"{place}: limit (images/s)", self.batch / seconds)
        yield only_measured(f"{place}: run within epochs (images/s)", self.batch / inside)
        share = at_least(
            f"{place}: run / limit, within epochs", seconds / inside, OF_LIMIT, **speeds
        )
        yield self._judged(share)
        name = f"{place}: run / limit, epochs' ends and checkpoints included"
        between = f"{clock.seconds_between():.2f} s more than a step between two epochs"
        yield only_measured(name, seconds / over_all, between)

    def overhead(self) -> Iterator[Check]:
        """DAM's whole step beside the baseline's."""
        ratio = self._limit("dam") / self._limit("baseline")
        yield self._judged(at_most("step of ResNet-50 with DAM / baseline's", ratio, DAM_OVERHEAD))

    def _judged(self, check: Check) -> Check:
        """The check; without its target where sizes are small."""
        if not self.conditions.quick:
            return check
        return only_measured(check.name, check.measured, check.note, **check.details)


class _EnoughError(Exception):
    """Everything is timed: training needn't go on."""


class _Clock:
    """When each step of a run ended, from its second epoch on; or its first, if that is long."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.ended: list[tuple[int, float]] = []

    def report(self, progress: Progress) -> None:
        """Note a step; its loss arrives some steps late, and every one as late as the others."""
        if progress.epoch > 1:
            self.ended.append((progress.epoch, time.perf_counter()))
        if len(self.ended) > self.steps:
            raise _EnoughError

    def seconds(self) -> float:
        """Seconds a step, over all steps."""
        return (self.ended[-1][1] - self.ended[0][1]) / (len(self.ended) - 1)

    def seconds_between(self) -> float:
        """Seconds by which the step from one epoch to the next is longer than others."""
        steps = list(pairwise(self.ended))
        across = [late - early for (one, early), (other, late) in steps if one != other]
        inside = [late - early for (one, early), (other, late) in steps if one == other]
        return (fmean(across) if across else math.nan) - fmean(inside)

    def seconds_within(self, ahead: int) -> float:
        """Seconds a step within epochs, after the steps whose batches may have been made before.

        Where an epoch is too short for that, over its second half.
        """
        spent, steps = 0.0, 0
        for epoch in sorted({epoch for epoch, _ in self.ended}):
            times = [at for number, at in self.ended if number == epoch]
            times = times[min(ahead, len(times) // 2) :]
            if len(times) > 1:
                spent, steps = spent + times[-1] - times[0], steps + len(times) - 1
        return spent / steps


def _epochs(loader: TrainingLoader) -> Iterator[Any]:
    sampler: Any = loader.batch_sampler
    while True:
        yield from loader
        sampler.epoch += 1

"""How often a step makes the CPU wait for the GPU: by torch's own watch, which warns of each."""

import contextlib
import gc
import io
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from benchmark.bench.gpu.checks import Check, Conditions, Task, at_most, not_measured
from benchmark.bench.gpu.objectives import NAMES, batch, loss_of
from benchmark.bench.gpu.runs.planned import noise_runs
from benchmark.run_config import RunConfig
from benchmark.training import train
from benchmark.training.hooks.record import Progress

WARM, WATCHED = 8, 16
"""Steps before those that are watched, and these; an epoch of the run has more than both."""
ROOT = Path(__file__).parents[4]
MESSAGE = "called a synchronizing"


def tasks(conditions: Conditions) -> Iterator[Task]:
    """Whole runs with their loaders and hooks, and each objective's loss alone."""
    if not conditions.is_gpu:
        yield Task(
            "synchronisations",
            lambda: [not_measured("synchronisations a step", "there is no GPU here")],
        )
        return
    # 8 classes of 60 images make 30 steps of 16 images an epoch.
    runs = noise_runs(conditions, "dataset.images=60")
    for objective in ("norm_softmax", "multi_similarity", "triplet"):
        for arm, loaders in (("baseline", 0), ("dam", 2)):
            name = f"{objective} {arm}, {loaders} loaders"
            config = runs[objective, arm]
            yield Task(name, partial(_of_run, name, config, loaders, conditions))
    for name in NAMES:
        for mapped in (False, True):
            title = f"loss of {name}{' with DAM' if mapped else ''}"
            yield Task(title, partial(_of_loss, title, name, mapped, conditions.device))


class _Watch:
    """Counts the warnings of torch's watch, by the line of Python that waited."""

    def __init__(self) -> None:
        self.places: Counter[str] = Counter()
        self._caught = contextlib.ExitStack()
        self._warnings: list[warnings.WarningMessage] = []

    def begin(self) -> None:
        found = self._caught.enter_context(warnings.catch_warnings(record=True))
        assert found is not None
        self._warnings = found
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")

    def end(self) -> None:
        torch.cuda.set_sync_debug_mode("default")
        self._caught.close()
        self.places.update(
            f"{_short(one.filename)}:{one.lineno}"
            for one in self._warnings
            if MESSAGE in str(one.message)
        )


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-3:])


def _check(name: str, watch: _Watch, steps: int) -> Check:
    waits = watch.places.total()
    where = ", ".join(f"{place} x {number}" for place, number in watch.places.most_common(5))
    return at_most(name, waits / steps, 0, where, waits=waits, steps=steps)


def _of_run(name: str, config: RunConfig, loaders: int, conditions: Conditions) -> Iterator[Check]:
    """Between the losses of two steps within the first epoch."""
    watch, seen = _Watch(), 0

    def report(progress: Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == WARM:
            watch.begin()
        elif seen == WARM + WATCHED:
            watch.end()
            raise _EnoughError

    folder = conditions.work / f"watched {name}"
    folder.mkdir()
    try:
        with contextlib.suppress(_EnoughError), contextlib.redirect_stdout(io.StringIO()):
            train(config, folder, report, loaders)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    gc.collect()  # ends the loader processes of the run
    yield _check(f"{name}: synchronisations a step", watch, WATCHED)


class _EnoughError(Exception):
    """Everything is watched: training needn't go on."""


def _of_loss(title: str, name: str, mapped: bool, device: str) -> Iterator[Check]:
    """Forward and backward, of labels that the data set has checked."""
    features, labels = (tensor.to(device) for tensor in batch())
    loss = loss_of(name, mapped).to(device)
    loss.check_labels = False
    features = features.float().requires_grad_()
    watch = _Watch()
    for step in range(3 + WATCHED):
        if step == 3:
            torch.cuda.synchronize()
            watch.begin()
        loss(features, labels).backward()
    watch.end()
    yield _check(f"{title}: synchronisations a step", watch, WATCHED)

"""How long a plan will take: from what runs of its kinds took on this machine before."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice, repeat

import torch

from benchmark.data.loading import TrainingLoader
from benchmark.run_config import RunConfig
from benchmark.suite import throughput
from benchmark.suite.plan import PlannedRun
from benchmark.suite.throughput import Throughput
from benchmark.training.building import build_model, build_optimiser, load_inputs

SECONDS, STEPS = 1.0, 12  # how long to time a kind of run, and how many steps at most
# What mmengine's bookkeeping and the other workers add to a step: 1.2 to 1.5 on 2 cores.
OVERHEAD = 1.3


@dataclass(frozen=True)
class Estimate:
    """Seconds for all runs of a plan whose speed is known, and how many that are."""

    seconds: float
    """With the workers at work together."""
    exact: int
    """Runs of a kind that was made or measured here."""
    similar: int
    """Runs that are taken to be as fast as others that differ in the loss alone."""
    unknown: int
    """Runs of which nothing is known; `seconds` is without them."""


def estimate(runs: list[PlannedRun], workers: int) -> Estimate:
    """How long `runs` take with `workers` at a time, from what is noted; nothing is timed here."""
    total, exact, similar = 0.0, 0, 0
    for run in runs:
        speed = throughput.read(run.config)
        exact += speed is not None
        if speed is None:
            speed = throughput.read_similar(run.config)
            similar += speed is not None
        total += speed.run_seconds(run.config) if speed else 0.0
    known = exact + similar
    return Estimate(total / max(1, min(workers, known)), exact, similar, len(runs) - known)


def measure(runs: list[PlannedRun], on_progress: Callable[[int, int], None]) -> None:
    """Time a few steps of each kind of run, and keep what they took for `estimate`.

    The steps train a model that is thrown away. `on_progress` is called with the number of kinds
    that are done, and with their total.
    """
    kinds = list({throughput.kind(run.config): run.config for run in runs}.values())
    for done, config in enumerate(kinds):
        on_progress(done, len(kinds))
        throughput.keep(config, _timed(config))
    on_progress(len(kinds), len(kinds))


def _timed(config: RunConfig) -> Throughput:
    dataset = load_inputs(config)
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        model = build_model(config, dataset.classes).to(config.device)
        model.loss.progress = 1.0
        optimiser = build_optimiser(config, model)

        def step(classes: int, most: int) -> float:
            """Seconds of one step on so many classes, of `most` steps after the first."""
            sampler = {**dict(config.sampler), "classes": classes}
            loader = TrainingLoader(dataset.train, **sampler, seed=0)
            batches = islice(chain.from_iterable(repeat(loader)), most + 1)
            model.train_step(next(batches), optimiser)
            done, begun, spent = 0, time.perf_counter(), 0.0
            for batch in batches:
                model.train_step(batch, optimiser)
                if config.device == "cuda":
                    torch.cuda.synchronize()
                done, spent = done + 1, time.perf_counter() - begun
                if spent > SECONDS:
                    break
            return spent / done

        classes = config.sampler.classes
        few = min(2, classes)
        seconds = step(few, 1) * classes / few
        # Photographs take a CPU long enough for a part of a batch to tell.
        if seconds < SECONDS:
            seconds = step(classes, STEPS)
    finally:
        torch.set_num_threads(before)
    steps = max(1, len(dataset.train.labels) // config.sampler.size)
    tested = len(dataset.query.labels) + len(dataset.gallery.labels if dataset.gallery else [])
    return Throughput(
        epoch_s=OVERHEAD * seconds * steps,
        # Embedding an image costs about a third of training on it.
        evaluation_s=OVERHEAD * seconds * tested / config.sampler.size / 3,
    )

"""How long a plan will take: a second of steps, timed and thrown away."""

import time
from itertools import chain, islice, repeat

import torch

from benchmark.data.loading import TrainingLoader
from benchmark.run_config import RunConfig
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import identity
from benchmark.training.building import build_model, build_optimiser, load_dataset

SECONDS, STEPS = 1.0, 12  # how long to time a kind of run, and how many steps at most
# What mmengine's bookkeeping and the other workers add to a step: 1.2 to 1.5 on 2 cores.
OVERHEAD = 1.3


def estimate(runs: list[PlannedRun], workers: int) -> float:
    """Seconds for all runs: steps of each objective and arm, and two evaluations, timed here."""
    measured: dict[str, float] = {}
    total = 0.0
    for run in runs:
        kind = identity({**run.config.as_json(), "seed": 0})
        if kind not in measured:
            measured[kind] = _seconds(run.config)
        total += measured[kind]
    return total / max(1, min(workers, len(runs)))


def _seconds(config: RunConfig) -> float:
    """Seconds for one run: its steps, and two evaluations."""
    dataset = load_dataset(config)
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
    size = classes * config.sampler.samples
    steps = max(1, len(dataset.train.labels) // size) * config.epochs
    tested = len(dataset.query.labels) + len(dataset.gallery.labels if dataset.gallery else [])
    # Embedding an image costs about a third of training on it; both evaluations embed all.
    return OVERHEAD * seconds * (steps + 2 * tested / size / 3)

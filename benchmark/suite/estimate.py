"""How long a plan will take: a second of steps, timed and thrown away."""

import time
from itertools import chain, repeat
from typing import Any

import torch

from benchmark.data.loading import training_loader
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store import identity
from benchmark.training.building import build_model, build_optimiser, load_dataset

SECONDS, STEPS = 1.0, 12  # how long to time a kind of run, and how many steps at most
# What mmengine's bookkeeping and the other workers add to a step: 1.2 to 1.5 on 2 cores.
OVERHEAD = 1.3


def estimate(runs: list[PlannedRun], workers: int) -> float:
    """Seconds for all runs: steps of each objective and arm, and two evaluations, timed here."""
    measured: dict[str, float] = {}
    total = 0.0
    for run in runs:
        kind = identity({**run.config, "seed": 0})
        if kind not in measured:
            measured[kind] = _seconds(run.config)
        total += measured[kind]
    return total / max(1, min(workers, len(runs)))


def _seconds(config: dict[str, Any]) -> float:
    """Seconds for one run, from its second and following steps."""
    dataset = load_dataset(config)
    loader = training_loader(dataset.train, **config["sampler"], seed=0)
    before = torch.get_num_threads()
    torch.set_num_threads(config["threads"])
    try:
        model = build_model(config, dataset.classes).to(config["device"])
        optimiser = build_optimiser(config, model)
        done, begun, spent = 0, 0.0, 0.0
        for batch in chain.from_iterable(repeat(loader)):
            model.train_step(batch, optimiser)
            if begun:
                done, spent = done + 1, time.perf_counter() - begun
            if done == STEPS or spent > SECONDS:
                break
            begun = begun or time.perf_counter()
    finally:
        torch.set_num_threads(before)
    step = spent / max(1, done)
    size = config["sampler"]["classes"] * config["sampler"]["samples"]
    tested = len(dataset.query.labels) + len(dataset.gallery.labels if dataset.gallery else [])
    # Embedding an image costs about a third of training on it; both evaluations embed all.
    return OVERHEAD * step * (len(loader) * config["epochs"] + 2 * tested / size / 3)

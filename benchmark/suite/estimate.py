"""How long a plan will take: a second of steps on noise, timed and thrown away."""

import time
from typing import Any

import numpy as np
import torch

from benchmark.suite.plan import PlannedRun
from benchmark.suite.store import identity
from benchmark.training.building import build_model, build_optimiser, load_dataset

SECONDS, STEPS = 1.0, 8  # how long to time a kind of run, and how many steps at most


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
    before = torch.get_num_threads()
    torch.set_num_threads(config["threads"])
    try:
        model = build_model(config, dataset.classes).to(config["device"])
        optimiser = build_optimiser(config, model)
        sampler = config["sampler"]
        size = sampler["classes"] * sampler["samples"]
        images = torch.randn_like(dataset.train.images.batch(np.arange(size), None))
        labels = torch.arange(size) // sampler["samples"]
        batch = {"images": images, "labels": labels}
        model.train_step(batch, optimiser)
        begun, done, spent = time.perf_counter(), 0, 0.0
        while spent < SECONDS and done < STEPS:
            model.train_step(batch, optimiser)
            done, spent = done + 1, time.perf_counter() - begun
    finally:
        torch.set_num_threads(before)
    steps = max(1, len(dataset.train.labels) // size) * config["epochs"]
    tested = len(dataset.query.labels) + len(dataset.gallery.labels if dataset.gallery else [])
    # Embedding an image costs about a third of training on it; both evaluations embed all.
    return spent / done * (steps + 2 * tested / size / 3)

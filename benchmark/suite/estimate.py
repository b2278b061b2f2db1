"""What a plan will take: time, by what runs of its kinds took on this machine; and disk space."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice, repeat

import torch

from benchmark.data.loading import TrainingLoader
from benchmark.entries import Entry
from benchmark.models.backbones.frozen import TAIL
from benchmark.run_config import RunConfig
from benchmark.suite import throughput
from benchmark.suite.plan import PlannedRun
from benchmark.suite.store.runs import canonical
from benchmark.suite.throughput import Throughput
from benchmark.training.arithmetic import arrange
from benchmark.training.building import build_model, build_optimiser, load_dataset, load_inputs
from benchmark.training.checkpoint import KEPT

SECONDS, STEPS = 1.0, 12  # how long to time a kind of run, and how many steps at most
# What mmengine's bookkeeping and the other workers add to a step: 1.2 to 1.5 on 2 cores.
OVERHEAD = 1.3
PER_QUERY = 8  # bytes of a query in per_query.npz, which is compressed
TEXTS = 30_000  # bytes of a run's log and JSON files
NETWORK = {"dataset", "backbone", "dim", "neck", "objective", "memory", "rivals"}
"""What the size of a run's weights depends on."""
STATE = 3  # a checkpoint's size in weights: these, and Adam's two moments


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


@dataclass(frozen=True)
class DiskSpace:
    """Bytes that the runs of a plan take."""

    kept: int
    """By what stays of all runs."""
    working: int
    """At most beside it, by the checkpoints of those that are being made."""


def disk_space(runs: list[PlannedRun], workers: int) -> DiskSpace:
    """What all `runs` leave behind, and what `workers` of them need while they are made."""
    queries: dict[str, int] = {}
    classes: dict[str, int] = {}
    weights: dict[str, int] = {}
    kept, each = TEXTS * len(runs), []
    for config in (run.config for run in runs):
        data = canonical(config.model_dump(mode="json", include={"dataset"}))
        if data not in queries:
            loaded = load_dataset(config)
            queries[data], classes[data] = len(loaded.query.labels), loaded.classes
        kind = canonical(config.model_dump(mode="json", include=NETWORK))
        if kind not in weights:
            weights[kind] = _weights(config, classes[data])
        each.append(weights[kind])
        kept += PER_QUERY * queries[data] + (0 if config.is_trial else weights[kind])
    checkpoints = sorted(((KEPT + 1) * STATE * size for size in each), reverse=True)
    return DiskSpace(
        kept=kept,
        working=sum(checkpoints[:workers]),
    )


def _weights(config: RunConfig, classes: int) -> int:
    """Bytes of a run's weights, of a model that takes no memory."""
    options = config.backbone.options
    if "weights" in options:
        options["weights"] = None
    elif config.backbone.type == TAIL:
        options["network"] = options["network"] | {"weights": None}
    bare = config.model_copy(update={"backbone": Entry.of(config.backbone.type, **options)})
    with torch.device("meta"):
        model = build_model(bare, classes)
    return sum(value.numel() * value.element_size() for value in model.state_dict().values())


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
        arrange(model, config)
        model.loss.progress = 1.0
        model.loss.check_labels = False
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

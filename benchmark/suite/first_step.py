"""Whether runs can take their first step, found out before any of them is made.

What a run needs at least is compared with the memory of this machine. Then a few of its images go
through its network, their features through its loss, and its optimiser takes steps on a few
parameters.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.dam.kernels import use
from benchmark.data.dataset import DataSet
from benchmark.data.loading import TrainingLoader
from benchmark.entries import PLAIN, Entry, JointObjective
from benchmark.errors import UserError
from benchmark.models.backbones.frozen import FrozenFeatures
from benchmark.models.initial import load_initial
from benchmark.run_config import Memory, RunConfig
from benchmark.suite.store.runs import canonical
from benchmark.training.building import (
    build_loss,
    build_model,
    build_optimiser,
    build_schedule,
    load_dataset,
)

Result = TypeVar("Result")
A_FEW = 2
"""Classes, and images of each, that stand for a batch."""
A_FEW_CLASSES = 3
"""Classes that stand for all of them where each has several centres."""
FLOAT = 4
"""Bytes of a number."""
DATA = ("dataset", "transform", "sampler")
NETWORK = (*DATA, "backbone", "dim", "pooling", "neck", "rivals", "optimiser", "proxy_rate", "init")


def check_first_steps(configs: list[RunConfig]) -> None:
    """Raise UserError where one of the runs can't be built, or can't take its first step here."""
    if any(config.device == "cuda" for config in configs) and not torch.cuda.is_available():
        raise UserError("device=cuda: torch sees no GPU here. Use device=cpu.")
    loaded = _once(_loaded, *DATA)
    features = _once(lambda config: _features(config, loaded(config)), *NETWORK)
    loss = _once(
        lambda config: _try_loss(config, loaded(config).classes, features(config)),
        *(*NETWORK, "objective", "similarity", "memory"),
    )
    optimiser = _once(
        lambda config: _try_optimiser(config, len(loaded(config).train.labels)),
        *("dataset", "sampler", "optimiser", "proxy_rate", "schedule", "epochs"),
    )
    with use("torch"):  # which compiles nothing
        for config in configs:
            dataset = loaded(config)
            where = f"{config.dataset.type} {config.objective_name} {config.arm}"
            if config.nmi and dataset.protocol == "reid":
                raise UserError(
                    f"{where}: nmi is measured for retrieval, and {config.dataset.type} is for "
                    "re-identification; set nmi=false"
                )
            _check_memory(config, dataset, where)
            with _explained(where, "the first step fails"):
                loss(config)
            with _explained(where, "the first step fails in optimiser or schedule"):
                optimiser(config)


def _once(work: Callable[[RunConfig], Result], *keys: str) -> Callable[[RunConfig], Result]:
    """`work`, which is done once for all configurations with the same values of `keys`."""
    done: dict[str, Result] = {}

    def get(config: RunConfig) -> Result:
        kind = canonical(config.model_dump(mode="json", include=set(keys)))
        if kind not in done:
            done[kind] = work(config)
        return done[kind]

    return get


@contextmanager
def _explained(where: str, what: str) -> Iterator[None]:
    """Say of whatever torch or an objective raises which run it is, and what fails there."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    except Exception as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"{where}: {what}: {first}") from error


def _loaded(config: RunConfig) -> DataSet:
    """The data set. Raises UserError where a batch has more classes than there are."""
    dataset = load_dataset(config)
    TrainingLoader(dataset.train, **dict(config.sampler), seed=0)
    return dataset


def _check_memory(config: RunConfig, dataset: DataSet, where: str) -> None:
    """Raise UserError where something of the run is larger than the whole memory of this machine.

    Only what is easily counted is: a run may need much more.
    """
    objective = config.objective
    entry = objective.proxy if isinstance(objective, JointObjective) else objective
    centres, size, dim = entry.options.get("centres", 1), config.sampler.size, config.dim or 1
    references = dataset.classes * centres + size + config.memory.size
    tested = len(dataset.query.labels) + len(dataset.gallery.labels if dataset.gallery else ())
    image = dataset.train.images.batch(np.zeros(1, np.int64), np.zeros(1, np.uint64)).numel()
    needs = {
        "the images of a batch": (size * image, "sampler.classes or sampler.samples"),
        "the similarities of a batch": (size * references, "sampler.classes or memory.size"),
        "the proxies and their gradients": (2 * dataset.classes * centres * dim, "dim or centres"),
        "the distances of a class's centres": (dataset.classes * (centres**2 - 1), "centres"),
        "the memory of past features": (config.memory.size * dim, "memory.size or dim"),
        "the features of the test images": (tested * dim, "dim"),
    }
    what = max(needs, key=lambda name: needs[name][0])
    numbers, remedy = needs[what]
    present = _memory(config.device)
    if numbers * FLOAT > present:
        raise UserError(
            f"{where}: {what} alone would need {numbers * FLOAT / 1e9:,.0f} GB of "
            f"{present / 1e9:,.0f} GB. Lower {remedy}."
        )


def _memory(device: str) -> int:
    """Bytes of the GPU, or of this machine."""
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _features(config: RunConfig, dataset: DataSet) -> tuple[Tensor, Tensor]:
    """Features [B, dim] and labels [B] of a few images, by the network as it begins."""
    # What the loss holds depends on the number of classes; it is tried by itself.
    network = config.model_copy(
        update={"objective": Entry.of("triplet"), "similarity": PLAIN, "memory": Memory()}
    )
    model = build_model(network, classes=dataset.classes)
    build_optimiser(config, model)
    if config.init:
        load_initial(config.init, model, loss=False)
    few = {key: min(number, A_FEW) for key, number in dict(config.sampler).items()}
    batch = next(iter(TrainingLoader(dataset.train, **few, seed=config.seed)))
    images = batch["images"]
    if isinstance(model.backbone, FrozenFeatures):  # whose features may be yet to be made
        images = torch.rand(len(images), model.backbone.in_features, 1, 1)
    with torch.no_grad():
        features = model.train()(images)
    return features, torch.unique(batch["labels"], return_inverse=True)[1]


def _try_loss(config: RunConfig, classes: int, found: tuple[Tensor, Tensor]) -> None:
    """Two steps of the loss: the second has a memory of the first."""
    features, labels = found
    objective = config.objective
    entry = objective.proxy if isinstance(objective, JointObjective) else objective
    if entry.options.get("centres", 1) > 1:
        classes = min(classes, A_FEW_CLASSES)
    memory = config.memory.model_copy(update={"size": min(config.memory.size, len(features))})
    small = config.model_copy(update={"memory": memory})
    loss = build_loss(small, classes, features.shape[1]).train()
    loss.progress = 1.0  # so that whatever begins late has begun
    for _ in range(2):
        given = features.clone().requires_grad_()
        further = (given,) if isinstance(objective, JointObjective) else ()
        value = loss(given, labels, *further)
        value.backward()
        number = float(value.detach())
        if not math.isfinite(number) or given.grad is None or not given.grad.isfinite().all():
            raise UserError(
                f"in the first step the loss is {number:g}, and it or its gradient isn't finite. "
                "Check the options of the objective and of the similarity."
            )


class _FewParameters(nn.Module):
    """Parameters as a model has them: of a network and of a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(2, 2)
        self.loss = nn.Linear(2, 2, bias=False)


def _try_optimiser(config: RunConfig, images: int) -> None:
    """Two steps of the optimiser and of its schedule, with gradients of 1."""
    torch.manual_seed(config.seed)
    model = _FewParameters().to(config.device)
    wrapper = build_optimiser(config, model)
    schedule = build_schedule(config, wrapper, max(1, images // config.sampler.size))
    for _ in range(2):
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        wrapper.step()
        for one in schedule:
            one.step()
        if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
            raise UserError(
                f"optimiser: parameters become infinite in the first step with "
                f"{config.optimiser.type} of {config.optimiser.options} and "
                f"proxy_rate={config.proxy_rate:g}. Lower optimiser.lr or proxy_rate."
            )

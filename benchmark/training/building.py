"""From a resolved configuration to model, optimiser and schedule."""

from typing import Any

import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from mmengine.registry import OPTIMIZERS, Registry
from torch import nn

from benchmark.data.dataset import DataSet
from benchmark.errors import UserError
from benchmark.losses import PairLoss, ProxyLoss
from benchmark.models import RetrievalModel
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_MAPPINGS,
    PAIR_OBJECTIVES,
    PROXY_MAPPINGS,
    PROXY_OBJECTIVES,
    TRANSFORMS,
    build,
    names,
)

Config = dict[str, Any]


def load_dataset(config: Config) -> DataSet:
    """The data set with the recipe's transform."""
    dataset = build(DATASETS, config["dataset"], "dataset")
    loaded: DataSet = dataset.load(build(TRANSFORMS, config["transform"], "transform"))
    return loaded


def registries(config: Config) -> tuple[Registry, Registry]:
    """Where the run's objective and its DAM mapping are looked up: proxies' or pairs'."""
    if config["objective"].get("type") in names(PROXY_OBJECTIVES):
        return PROXY_OBJECTIVES, PROXY_MAPPINGS
    return PAIR_OBJECTIVES, PAIR_MAPPINGS


def build_loss(config: Config, classes: int) -> ProxyLoss | PairLoss:
    """Objective + similarity -> the loss module."""
    plain = config["similarity"]["type"] == "plain"
    objectives, mappings = registries(config)
    objective = build(objectives, config["objective"], "objective")
    dam = None if plain else build(mappings, config["similarity"], "similarity")
    try:
        if objectives is PROXY_OBJECTIVES:
            return ProxyLoss(objective, classes, config["dim"], dam, config["seed"])
        return PairLoss(objective, dam, config["seed"])
    except ValueError as error:
        raise UserError(f"objective with similarity: {error}") from error


def build_model(config: Config, classes: int) -> RetrievalModel:
    """The model with initial weights that follow from the seed alone, whatever the arm."""
    torch.manual_seed(config["seed"])
    backbone = build(BACKBONES, config["backbone"], "backbone")
    return RetrievalModel(backbone, config["dim"], build_loss(config, classes))


def build_optimiser(config: Config, model: nn.Module) -> OptimWrapper:
    """mmengine's wrapper of a torch optimiser, with a learning rate of its own for the loss.

    `proxy_rate` multiplies the learning rate of what the loss module learns (proxies).
    Raises UserError for an option that the optimiser doesn't take.
    """
    options = dict(config["optimiser"])
    kind = OPTIMIZERS.get(options.pop("type"))
    if kind is None:
        raise UserError(f"optimiser.type: torch has none named {config['optimiser']['type']!r}")
    loss = [p for name, p in model.named_parameters() if name.startswith("loss.")]
    rest = [p for name, p in model.named_parameters() if not name.startswith("loss.")]
    groups: list[dict[str, Any]] = [{"params": rest}]
    if loss:
        groups.append({"params": loss, "lr": options.get("lr", 1e-3) * config["proxy_rate"]})
    try:
        wrapper = OptimWrapper(kind(groups, **options))
    except (TypeError, ValueError) as error:
        raise UserError(f"optimiser: {error}") from error
    _check_covered(model, wrapper.optimizer)
    return wrapper


def _check_covered(model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Raise RuntimeError unless every trainable parameter is in a group: proxies get lost."""
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    lost = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if lost:
        raise RuntimeError(f"parameters that no optimiser group holds: {', '.join(lost)}")


def build_schedule(config: Config, wrapper: OptimWrapper, steps: int) -> list[Any]:
    """Linear warm-up over `warmup` epochs, then a cosine to zero, both step by step.

    `steps` is the number of steps in an epoch.
    """
    warmup = round(config["schedule"]["warmup"] * steps)
    total = config["epochs"] * steps
    schedule: list[Any] = []
    if warmup:
        schedule.append(
            LinearLR(wrapper, start_factor=1 / (warmup + 1), by_epoch=False, begin=0, end=warmup)
        )
    schedule.append(
        CosineAnnealingLR(wrapper, T_max=total - warmup, by_epoch=False, begin=warmup, end=total)
    )
    return schedule

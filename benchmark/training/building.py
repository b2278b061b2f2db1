"""From a resolved configuration to model, optimiser and schedule."""

from typing import Any

import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR, OptimWrapper
from mmengine.registry import OPTIMIZERS, Registry
from torch import nn

from benchmark.data.dataset import DataSet
from benchmark.errors import UserError
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.models import RetrievalModel
from benchmark.option_types import check_types
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_MAPPINGS,
    PAIR_OBJECTIVES,
    PROXY_MAPPINGS,
    PROXY_OBJECTIVES,
    RIVALS,
    TRANSFORMS,
    build,
    names,
)

Config = dict[str, Any]
Loss = ProxyLoss | PairLoss | JointLoss

JOINT = "joint"
"""The objective that is a weighted sum: dict(type="joint", proxy=..., pair=..., weights=...)."""
PLAIN = {"type": "plain"}
"""The similarity of the baseline."""


def load_dataset(config: Config) -> DataSet:
    """The data set with the recipe's transform."""
    dataset = build(DATASETS, config["dataset"], "dataset")
    loaded: DataSet = dataset.load(build(TRANSFORMS, config["transform"], "transform"))
    return loaded


def registries(objective: str) -> tuple[Registry, Registry]:
    """Where an objective and its DAM mapping are looked up by name: proxies' or pairs'."""
    if objective in names(PROXY_OBJECTIVES):
        return PROXY_OBJECTIVES, PROXY_MAPPINGS
    return PAIR_OBJECTIVES, PAIR_MAPPINGS


def build_loss(config: Config, classes: int, dim: int) -> Loss:
    """Objective + similarity -> the loss module, on features of `dim` elements."""
    objective, similarity, seed = config["objective"], config["similarity"], config["seed"]
    try:
        if objective["type"] == JOINT:
            proxy, pair = (
                {**config, "objective": objective[part], "similarity": similarity.get(part, PLAIN)}
                for part in ("proxy", "pair")
            )
            proxy_loss, pair_loss = build_loss(proxy, classes, dim), build_loss(pair, classes, dim)
            assert isinstance(proxy_loss, ProxyLoss) and isinstance(pair_loss, PairLoss)
            return JointLoss(proxy_loss, pair_loss, tuple(objective["weights"]))
        objectives, mappings = registries(objective["type"])
        built = build(objectives, objective, "objective", dim=dim)
        dam = None if similarity == PLAIN else build(mappings, similarity, "similarity")
        if objectives is PROXY_OBJECTIVES:
            return ProxyLoss(built, classes, dim, dam, seed)
        memory = config["memory"]
        return PairLoss(
            built, dam, seed, memory=memory["size"], dim=dim, memory_start=memory["start"]
        )
    except ValueError as error:
        raise UserError(f"objective with similarity: {error}") from error


def build_model(config: Config, classes: int) -> RetrievalModel:
    """The model with initial weights that follow from the seed alone, whatever the arm.

    What an arm adds draws its weights last. Raises UserError for a backbone without features.
    """
    torch.manual_seed(config["seed"])
    backbone = build(BACKBONES, config["backbone"], "backbone")
    if backbone.out_features < 1:
        raise UserError(f"backbone: {config['backbone']} makes no features. Make it wider.")
    loss = build_loss(config, classes, config["dim"] or backbone.out_features)
    model = RetrievalModel(
        backbone, config["dim"], loss, pooling=config["pooling"], neck=config["neck"]
    )
    for place, rival in enumerate(config["rivals"]):
        channels = backbone.out_features  # of the feature map
        model.attach(build(RIVALS, rival, f"rivals.{place}", channels=channels))
    return model


def build_optimiser(config: Config, model: nn.Module) -> OptimWrapper:
    """mmengine's wrapper of a torch optimiser, with a learning rate of its own for the loss.

    `proxy_rate` multiplies the learning rate of what the loss module learns (proxies).
    Raises UserError for an option that the optimiser doesn't take.
    """
    options = dict(config["optimiser"])
    name = options.pop("type", None)
    # mmengine's own look-up imports what a dotted name says, and raises TypeError for no text.
    kind = OPTIMIZERS.module_dict.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UserError(f"optimiser.type: torch has none named {name!r}; AdamW and SGD are two")
    check_types(kind, options, "optimiser")
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    loss = [p for name, p in trained if name.startswith("loss.")]
    rest = [p for name, p in trained if not name.startswith("loss.")]
    groups: list[dict[str, Any]] = [{"params": rest}]
    if loss:
        groups.append({"params": loss, "lr": options.get("lr", 1e-3) * config["proxy_rate"]})
    try:
        wrapper = OptimWrapper(kind(groups, **options))
    except (TypeError, ValueError, RuntimeError) as error:
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
    """Linear warm-up over `warmup` epochs, then the decay, all step by step.

    `decay` is "cosine", to zero, or "step": times `gamma` at each of the epochs `milestones`.
    `steps` is the number of steps in an epoch.
    """
    schedule = config["schedule"]
    warmup = round(schedule["warmup"] * steps)
    total = config["epochs"] * steps
    stages: list[Any] = []
    if warmup:
        stages.append(
            LinearLR(wrapper, start_factor=1 / (warmup + 1), by_epoch=False, begin=0, end=warmup)
        )
    if schedule["decay"] == "step":
        milestones = [round(epoch * steps) for epoch in schedule["milestones"]]
        stages.append(
            MultiStepLR(wrapper, milestones=milestones, gamma=schedule["gamma"], by_epoch=False)
        )
    else:
        stages.append(
            CosineAnnealingLR(
                wrapper, T_max=total - warmup, by_epoch=False, begin=warmup, end=total
            )
        )
    return stages

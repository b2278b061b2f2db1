"""From a resolved configuration to model, optimiser and schedule."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import PIL
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR, OptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import Tensor, nn

from benchmark.data.dataset import DataSet, Subset
from benchmark.data.features import Network, Progress, as_features
from benchmark.data.photographs.decoded import VARIABLE as IMAGE_CACHE
from benchmark.data.photographs.decoded import attach, fill, folder_of_images, lacks, size
from benchmark.data.photographs.decoders import decoder_version
from benchmark.data.photographs.files import FileImages
from benchmark.entries import PLAIN, Entry, JointObjective, JointSimilarity
from benchmark.errors import UserError
from benchmark.losses import JointLoss, PairLoss, ProxyLoss
from benchmark.models import RetrievalModel
from benchmark.models.backbones.frozen import MADE_ONCE, TAIL, frozen_network
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.models.digests import digest
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PROXY_OBJECTIVES,
    RIVALS,
    TRANSFORMS,
    build,
    objective_registries,
)
from benchmark.run_config import Memory, RunConfig, Settings
from benchmark.training.arithmetic import computed_as_configured, wrapper

Loss = ProxyLoss | PairLoss | JointLoss


def load_dataset(config: Settings) -> DataSet:
    """The data set with the recipe's transform."""
    dataset = build(DATASETS, config.dataset, "dataset")
    loaded: DataSet = dataset.load(build(TRANSFORMS, config.transform, "transform"))
    return loaded


@computed_as_configured
def load_inputs(
    config: RunConfig,
    on_progress: Progress = lambda done, total: None,
    log: Callable[[str], None] = lambda note: None,
) -> DataSet:
    """The data set as the backbone takes it: images, or maps that are made of them once.

    Maps that aren't in the cache are made, by all cores of the CPU or by the GPU; `on_progress` is
    called with the number of images that are done, and with their total, `log` with the size.
    """
    dataset = load_dataset(config)
    for images in photographs(dataset):
        attach(images)
    if config.backbone.type not in MADE_ONCE:
        return dataset
    options = config.backbone.options
    views, kind = options["views"], options["network"]["type"]
    network, weights, note = _resting(config) if config.backbone.type == TAIL else _frozen(config)

    def mapped(images: Tensor) -> Tensor:
        return network(images.to(config.device))

    origin = {
        "transform": config.transform.model_dump(mode="json"),
        **{name: value for name, value in options.items() if name not in ("views", "hidden")},
        "weights": weights,
        "device": config.device,
        "precision": "tf32" if config.precision == "tf32" else "fp32",
        "torch": torch.__version__,
        "pillow": PIL.__version__,
        **{images.decoder: decoder_version(images.decoder) for images in photographs(dataset)},
    }
    torch.set_num_threads(os.cpu_count() or 1)
    made = as_features(dataset, mapped, views, origin, on_progress, log)
    note = note.format(kind=kind, views=f"{views} views of each training image")
    return replace(made, note=f"{dataset.note} {note}".strip())


def _frozen(config: RunConfig) -> tuple[Network, str, str]:
    """What makes features, the digest of its weights, and what a reader of results must know."""
    network = frozen_network(config).to(config.device)
    note = "Frozen features of {kind}, {views}; only the layers after it are trained."
    return lambda images: network(images)[..., None, None], digest(network), note


def _resting(config: RunConfig) -> tuple[Network, str, str]:
    """The same of the stages that rest before those that are trained."""
    backbone: StagedBackbone = build(BACKBONES, config.backbone, "backbone").to(config.device)
    note = f"{{kind}} trained from {backbone.cut} on, on maps of {{views}} that are made once."
    return backbone.maps_before_cut, digest(backbone.resting()), note


def photographs(dataset: DataSet) -> list[FileImages]:
    """The images of a data set that lie in files, each half once."""
    found: dict[int, FileImages] = {}
    for split in dataset.splits.values():
        whole = split.images.whole if isinstance(split.images, Subset) else split.images
        if isinstance(whole, FileImages):
            found[id(whole)] = whole
    return list(found.values())


def fill_image_cache(
    configs: Iterable[RunConfig],
    log: Callable[[str], None],
    on_progress: Progress = lambda done, total: None,
) -> None:
    """Decode the photographs of all runs into the cache, where it lacks them.

    Those that maps are made of are looked at once, and not kept. `log` is called with the size
    of what is decoded.
    """
    seen = set()
    for config in configs:
        kind = config.model_dump_json(include={"dataset"})
        if config.backbone.type in MADE_ONCE or kind in seen:
            continue
        seen.add(kind)
        for images in photographs(load_dataset(config)):
            if lacks(images):
                log(
                    f"decoding {len(images):,} photographs of {config.dataset.type} once, "
                    f"{size(images) / 1e9:.1f} GB, into {folder_of_images()}; "
                    f"{IMAGE_CACHE}=off goes without"
                )
                fill(images, on_progress)


def make_features(
    configs: Iterable[RunConfig],
    on_progress: Progress = lambda done, total: None,
    log: Callable[[str], None] = lambda note: None,
) -> None:
    """Make the maps of all runs that train on such, where the cache lacks them."""
    seen = set()
    for config in configs:
        kind = config.model_dump_json(include={"dataset", "transform", "backbone", "device"})
        if config.backbone.type in MADE_ONCE and kind not in seen:
            seen.add(kind)
            load_inputs(config, on_progress, log)


def build_loss(config: RunConfig, classes: int, dim: int) -> Loss:
    """Objective + similarity -> the loss module, on features of `dim` elements."""
    objective, similarity, seed = config.objective, config.similarity, config.seed
    try:
        if not isinstance(objective, JointObjective):
            assert isinstance(similarity, Entry)
            return _single_loss(objective, similarity, classes, dim, config.memory, seed)
        proxy, pair = PLAIN, PLAIN
        if isinstance(similarity, JointSimilarity):
            proxy, pair = similarity.proxy, similarity.pair
        proxy_loss = _single_loss(objective.proxy, proxy, classes, dim, config.memory, seed)
        pair_loss = _single_loss(objective.pair, pair, classes, dim, config.memory, seed)
        assert isinstance(proxy_loss, ProxyLoss) and isinstance(pair_loss, PairLoss)
        return JointLoss(proxy_loss, pair_loss, objective.weights)
    except ValueError as error:
        raise UserError(f"objective with similarity: {error}") from error


def _single_loss(
    objective: Entry, similarity: Entry, classes: int, dim: int, memory: Memory, seed: int
) -> ProxyLoss | PairLoss:
    objectives, mappings = objective_registries(objective.type)
    built = build(objectives, objective, "objective", dim=dim)
    dam = None if similarity == PLAIN else build(mappings, similarity, "similarity")
    if objectives is PROXY_OBJECTIVES:
        return ProxyLoss(built, classes, dim, dam, seed)
    return PairLoss(built, dam, seed, memory=memory.size, dim=dim, memory_start=memory.start)


def build_model(config: RunConfig, classes: int) -> RetrievalModel:
    """The model with initial weights that follow from the seed alone, whatever the arm.

    What an arm adds draws its weights last. Raises UserError for a backbone without features.
    """
    torch.manual_seed(config.seed)
    backbone = build(BACKBONES, config.backbone, "backbone")
    if backbone.out_features < 1:
        raise UserError(
            f"backbone: {config.backbone.type} with {config.backbone.options} makes no features. "
            "Make it wider."
        )
    loss = build_loss(config, classes, config.dim or backbone.out_features)
    model = RetrievalModel(backbone, config.dim, loss, pooling=config.pooling, neck=config.neck)
    for place, rival in enumerate(config.rivals):
        channels = backbone.out_features  # of the feature map
        model.attach(build(RIVALS, rival, f"rivals.{place}", channels=channels))
    return model


def build_optimiser(config: RunConfig, model: nn.Module) -> OptimWrapper:
    """mmengine's wrapper of a torch optimiser, with a learning rate of its own for the loss.

    `proxy_rate` multiplies the learning rate of what the loss module learns (proxies).
    Raises UserError for an option that the optimiser doesn't take.
    """
    kind, options = OPTIMIZERS.module_dict[config.optimiser.type], config.optimiser.options
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    loss = [p for name, p in trained if name.startswith("loss.")]
    rest = [p for name, p in trained if not name.startswith("loss.")]
    groups: list[dict[str, Any]] = [{"params": rest}]
    if loss:
        groups.append({"params": loss, "lr": options.get("lr", 1e-3) * config.proxy_rate})
    try:
        optimiser = kind(groups, **options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"optimiser: {error}") from error
    _check_covered(model, optimiser)
    return wrapper(optimiser, config.precision)


def _check_covered(model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Raise RuntimeError unless every trainable parameter is in a group: proxies get lost."""
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    lost = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if lost:
        raise RuntimeError(f"parameters that no optimiser group holds: {', '.join(lost)}")


def build_schedule(config: RunConfig, optimiser: OptimWrapper, steps: int) -> list[Any]:
    """Linear warm-up over `warmup` epochs, then the decay, all step by step.

    `decay` is "cosine", to zero, or "step": times `gamma` at each of the epochs `milestones`.
    `steps` is the number of steps in an epoch.
    """
    schedule = config.schedule
    warmup = round(schedule.warmup * steps)
    total = config.epochs * steps
    stages: list[Any] = []
    if warmup:
        stages.append(
            LinearLR(optimiser, start_factor=1 / (warmup + 1), by_epoch=False, begin=0, end=warmup)
        )
    if schedule.decay == "step":
        milestones = [round(epoch * steps) for epoch in schedule.milestones]
        stages.append(
            MultiStepLR(optimiser, milestones=milestones, gamma=schedule.gamma, by_epoch=False)
        )
    else:
        stages.append(
            CosineAnnealingLR(
                optimiser, T_max=total - warmup, by_epoch=False, begin=warmup, end=total
            )
        )
    return stages

"""The backbone entry "frozen": features that another backbone made once, and a head on them."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.data.photographs.transforms import drawing
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.models.backbones.pretrained import choose
from benchmark.models.retrieval import pool
from benchmark.registry import BACKBONES, build, resolve
from benchmark.run_config import Pooling, RunConfig
from benchmark.validation import validated

FROZEN, TAIL = "frozen", "tail"
MADE_ONCE = (FROZEN, TAIL)
"""Backbones on features, or maps, that are made once in place of images."""


@BACKBONES.register_module(name=FROZEN)
class FrozenFeatures(nn.Module):
    """A network that isn't trained: its pooled features come in place of images.

    `network` is the entry of the backbone that made them, in evaluation mode, from `views`
    augmented views of each training image and one of each test image. `pooling` makes a feature of
    its map; the model's own pooling has nothing left to do. With `hidden` a layer of that many
    elements and a ReLU stand before the embedding; both are trained.
    """

    def __init__(
        self,
        network: dict[str, Any],
        views: int = 4,
        pooling: Pooling = "avg",
        hidden: int | None = None,
    ) -> None:
        super().__init__()
        check_views(views)
        if hidden is not None and not 1 <= hidden <= 100_000:
            raise ValueError(f"hidden must be from 1 to 100000, not {hidden}")
        self.in_features = _width(network)
        self.layer: nn.Module = nn.Identity()
        if hidden is not None:
            self.layer = nn.Sequential(nn.Conv2d(self.in_features, hidden, 1), nn.ReLU())
        self.out_features = hidden or self.in_features

    def forward(self, features: Tensor) -> Tensor:
        """Maps [n, out_features, 1, 1] of features [n, D, 1, 1]."""
        mapped: Tensor = self.layer(features)
        return mapped


def check_views(views: int) -> None:
    """Raise ValueError for a number of views of an image that can't be kept."""
    if not 1 <= views <= 1000:
        raise ValueError(f"views must be from 1 to 1000, not {views}")


def frozen_network(config: RunConfig) -> nn.Module:
    """The network that makes the features: images [n, 3, h, w] to [n, D], in evaluation mode."""
    options = config.backbone.options
    # Random weights, where it has those, are the same for all runs: features are shared.
    with drawing(0):
        backbone = build(BACKBONES, network_entry(options["network"]), "backbone.network")
    return _Pooled(backbone, options["pooling"]).eval().requires_grad_(False)


def network_entry(network: dict[str, Any], where: str = "backbone") -> Entry:
    """The entry of the network, with all options. Raises UserError for one that can't be frozen."""
    entry = resolve(BACKBONES, validated(Entry, network, f"{where}.network"), f"{where}.network")
    if entry.type in MADE_ONCE:
        raise UserError(f"{where}.network: {entry.type} has a network of its own; name that one")
    if entry.type == "pretrained":
        entry, _ = choose(entry)
    return resolve(BACKBONES, entry, f"{where}.network")


def _width(network: dict[str, Any]) -> int:
    """The features that the network makes, without its weights."""
    entry = network_entry(network)
    options = entry.options
    if "weights" in options:
        options["weights"] = None
    with torch.device("meta"):
        backbone = build(BACKBONES, Entry.of(entry.type, **options), "backbone.network")
    width: int = backbone.out_features
    return width


class _Pooled(nn.Module):
    """A backbone with its pooling."""

    def __init__(self, backbone: nn.Module, pooling: Pooling) -> None:
        super().__init__()
        self.backbone, self.pooling = backbone, pooling

    def forward(self, images: Tensor) -> Tensor:
        return pool(self.backbone(images), self.pooling)

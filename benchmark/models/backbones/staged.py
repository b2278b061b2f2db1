"""Backbones that are a sequence of stages, of which the first ones can rest."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Self

import torch
from torch import Tensor, channels_last, nn

from benchmark.errors import UserError
from benchmark.models.backbones.photo import Normalisation, PhotoBackbone

MAPS = torch.float16
"""The type of maps before a cut, which tells them from images."""


class StagedBackbone(PhotoBackbone):
    """A backbone whose network is a sequence of stages.

    After `cut_before` the stages before the cut rest: neither their weights nor the statistics of
    their batch norms change. Their maps, made once by `maps_before_cut`, then come in place of
    images.
    """

    last_halving: ClassVar[str]
    """The stage that halves the map for the last time."""

    def __init__(self, freeze_batch_norm: bool, normalisation: Normalisation | None = None) -> None:
        super().__init__(freeze_batch_norm, normalisation)
        self.cut: str | None = None

    @abstractmethod
    def stages(self) -> dict[str, list[nn.Module]]:
        """The modules of each stage, from the first stage to the last one."""

    def cut_before(self, stage: str) -> None:
        """Let the stages before `stage` rest. Raises UserError where there are none."""
        names = list(self.stages())
        if stage not in names[1:]:
            raise UserError(
                f"backbone.stage: {type(self).__name__} can't be cut before {stage!r}; its stages "
                f"after the first are {', '.join(names[1:])}"
            )
        self.cut = stage
        self.requires_grad_()
        self.train(self.training)

    def resting(self) -> nn.ModuleList:
        """The modules before the cut; without a cut none."""
        return nn.ModuleList(self._parts()[0])

    def train(self, mode: bool = True) -> Self:
        """Set training mode; the stages before a cut stay in evaluation mode."""
        super().train(mode)
        self.resting().eval()
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train the weights, or let them rest; those before a cut rest in any case."""
        super().requires_grad_(requires_grad)
        self.resting().requires_grad_(False)
        return self

    def maps_before_cut(self, images: Tensor) -> Tensor:
        """Maps of images [n, 1 or 3, h, w] before the cut, float16."""
        return _through(self._parts()[0], self.as_network_takes(images)).to(MAPS)

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps [n, out_features, h', w'] of images, or of maps before the cut."""
        if images.dtype != MAPS:
            return super().forward(images)
        maps = images.float().contiguous(memory_format=channels_last)
        return _through(self._parts()[1], maps)

    def feature_map(self, images: Tensor) -> Tensor:
        """Maps [n, out_features, h', w'] of images [n, 3, h, w] in the network's normalisation."""
        resting, trained = self._parts()
        return _through([*resting, *trained], images)

    def _parts(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """The modules before and after the cut."""
        stages = self.stages()
        first = 0 if self.cut is None else list(stages).index(self.cut)
        modules = list(stages.values())
        resting = [module for stage in modules[:first] for module in stage]
        return resting, [module for stage in modules[first:] for module in stage]


def _through(modules: Iterable[nn.Module], maps: Tensor) -> Tensor:
    for module in modules:
        maps = module(maps)
    return maps

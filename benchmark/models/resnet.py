"""torchvision's ResNet-50."""

from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from benchmark.errors import UserError
from benchmark.registry import BACKBONES

WEIGHTS = torchvision.models.ResNet50_Weights.IMAGENET1K_V1


@BACKBONES.register_module(name="resnet50")
class ResNet50(nn.Module):
    """ResNet-50 up to its global average pooling; 2048 features.

    `weights` is "imagenet" (torchvision's own file, from its cache or downloaded), the path of a
    state dictionary (.pth, .pt or .safetensors), or None for random weights. With
    `freeze_batch_norm` the batch norms keep the statistics of pretraining. Grey images are
    repeated over three channels.
    """

    out_features = 2048

    def __init__(self, weights: str | None = "imagenet", freeze_batch_norm: bool = False) -> None:
        super().__init__()
        network = torchvision.models.resnet50(weights=None)
        if weights is not None:
            network.load_state_dict(_read(weights))
        network.fc = nn.Identity()
        self.network = network
        self.freeze_batch_norm = freeze_batch_norm

    def train(self, mode: bool = True) -> "ResNet50":
        """Set training mode; frozen batch norms stay in evaluation mode."""
        super().train(mode)
        if self.freeze_batch_norm:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Features [n, 2048] of images [n, 1 or 3, height, width]."""
        features: Tensor = self.network(images.expand(-1, 3, -1, -1))
        return features


def _read(weights: str) -> dict[str, Any]:
    """The state dictionary that `weights` names."""
    if weights == "imagenet":
        try:
            return dict(WEIGHTS.get_state_dict(progress=True, check_hash=True))
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"backbone.weights=imagenet: torchvision could not download {WEIGHTS.url} "
                f"({error}). Download it elsewhere and give its path, backbone.weights=/path/to/"
                f"{Path(WEIGHTS.url).name}, or train from random weights: backbone.weights=null"
            ) from error
    path = Path(weights).expanduser()
    if not path.is_file():
        raise UserError(
            f"backbone.weights: there is no file {path}. Give the path of a ResNet-50 state "
            f"dictionary such as {WEIGHTS.url}, or backbone.weights=null for random weights."
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise UserError(
            f"backbone.weights: {path} is no state dictionary that can be read ({error})"
        ) from error

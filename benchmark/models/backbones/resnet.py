"""torchvision's ResNet-50."""

from pathlib import Path

import torch
import torchvision
from torch import nn

from benchmark.errors import UserError
from benchmark.models.backbones.photo import checked_stride
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.models.published import Published
from benchmark.models.weights import load_weights, weights_file
from benchmark.registry import BACKBONES

IMAGENET = Published(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.url)


@BACKBONES.register_module(name="resnet50")
class ResNet50(StagedBackbone):
    """ResNet-50 (He et al., CVPR 2016) up to its last convolution; 2048 features.

    `weights` is "imagenet" (torchvision's first version, from torch hub's folder or downloaded
    into it), the path of a state dictionary, or None for random weights. `last_stride` is that of
    the last stage: 2 as published, or 1 for a map of twice the sides (Luo et al., Bag of Tricks and
    a Strong Baseline for Deep Person Re-identification, CVPR Workshops 2019, section 3.4).
    """

    out_features = 2048
    last_halving = "layer4"

    def __init__(
        self,
        weights: str | None = "imagenet",
        freeze_batch_norm: bool = False,
        last_stride: int = 2,
    ) -> None:
        super().__init__(freeze_batch_norm)
        network = torchvision.models.resnet50(weights=None)
        del network.fc
        first = network.layer4[0]
        first.conv2.stride = first.downsample[0].stride = checked_stride(last_stride)
        if weights is not None:
            path = weights_file(weights, _downloaded)
            load_weights(network, path, head="fc", remedy=IMAGENET.remedy)
        self.network = network

    def stages(self) -> dict[str, list[nn.Module]]:
        """torchvision's layers, and the stem before them."""
        network = self.network
        stem: list[nn.Module] = [network.conv1, network.bn1, network.relu, network.maxpool]
        layers = ("layer1", "layer2", "layer3", "layer4")
        return {"stem": stem} | {name: [getattr(network, name)] for name in layers}


def _downloaded() -> Path:
    """The file of ImageNet weights, downloaded if it isn't there yet."""
    path = IMAGENET.file
    if not IMAGENET.is_there():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # torch compares the SHA-256 and moves the file last.
            torch.hub.download_url_to_file(IMAGENET.url, str(path), IMAGENET.digits)
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"backbone.weights=imagenet: could not download {IMAGENET.url} ({error}). "
                f"{IMAGENET.remedy} Or train from random weights: backbone.weights=null"
            ) from error
    return IMAGENET.checked()

"""torchvision's ResNet-50."""

from pathlib import Path

import torch
import torchvision
from torch import Tensor

from benchmark.errors import UserError
from benchmark.models.backbones.photo import PhotoBackbone, checked_stride
from benchmark.models.published import Published
from benchmark.models.weights import load_weights, weights_file
from benchmark.registry import BACKBONES

IMAGENET = Published(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.url)


@BACKBONES.register_module(name="resnet50")
class ResNet50(PhotoBackbone):
    """ResNet-50 (He et al., CVPR 2016) up to its last convolution; 2048 features.

    `weights` is "imagenet" (torchvision's first version, from torch hub's folder or downloaded
    into it), the path of a state dictionary, or None for random weights. `last_stride` is that of
    the last stage: 2 as published, or 1 for a map of twice the sides (Luo et al., Bag of Tricks and
    a Strong Baseline for Deep Person Re-identification, CVPR Workshops 2019, section 3.4).
    """

    out_features = 2048

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

    def feature_map(self, images: Tensor) -> Tensor:
        """Maps [n, 2048, h / 32, w / 32]; with `last_stride` 1 [n, 2048, h / 16, w / 16]."""
        network = self.network
        stem = network.maxpool(network.relu(network.bn1(network.conv1(images))))
        last: Tensor = network.layer4(network.layer3(network.layer2(network.layer1(stem))))
        return last


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

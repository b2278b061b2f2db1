"""The backbone entry "pretrained": ResNet-50 where its weights lie, else EfficientNet-Lite0."""

from typing import Any

from benchmark.models import resnet
from benchmark.models.backbone import PhotoBackbone
from benchmark.registry import BACKBONES, build, resolve


@BACKBONES.register_module(name="pretrained")
def pretrained(freeze_batch_norm: bool = False, last_stride: int = 2) -> PhotoBackbone:
    """The backbone that `choose` names."""
    entry, _ = choose({"freeze_batch_norm": freeze_batch_norm, "last_stride": last_stride})
    backbone: PhotoBackbone = build(BACKBONES, entry, "backbone")
    return backbone


def choose(entry: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The backbone for an entry of the type "pretrained", and what to say where it is the second.

    ResNet-50 with torchvision's ImageNet weights where torch hub's folder holds them; else
    EfficientNet-Lite0 with the weights that came with the packages. Raises UserError for an
    option that is unknown.
    """
    options = resolve(BACKBONES, {**entry, "type": "pretrained"}, "backbone")
    if resnet.IMAGENET.is_there():
        return {**options, "type": "resnet50", "weights": "imagenet"}, None
    return {**options, "type": "efficientnet_lite0", "weights": "imagenet"}, (
        "Backbone: EfficientNet-Lite0 with ImageNet weights, because there is no "
        f"{resnet.IMAGENET.file}. For ResNet-50, as the recipe means it, put that file there, or "
        "let torchvision download it: backbone.type=resnet50"
    )

"""The backbone entry "pretrained": ResNet-50 if its weights are there, else EfficientNet-Lite0."""

from benchmark.entries import Entry
from benchmark.models.backbones import resnet
from benchmark.models.backbones.photo import PhotoBackbone
from benchmark.registry import BACKBONES, build, resolve


@BACKBONES.register_module(name="pretrained")
def pretrained(freeze_batch_norm: bool = False, last_stride: int = 2) -> PhotoBackbone:
    """The backbone that `choose` names."""
    entry, _ = choose(
        Entry.of("pretrained", freeze_batch_norm=freeze_batch_norm, last_stride=last_stride)
    )
    backbone: PhotoBackbone = build(BACKBONES, entry, "backbone")
    return backbone


def choose(entry: Entry) -> tuple[Entry, str | None]:
    """The backbone for an entry of the type "pretrained", and a note if it is the second choice.

    ResNet-50 with torchvision's ImageNet weights if they are in torch hub's folder; else
    EfficientNet-Lite0 with the weights that come in a package. Raises UserError for an unknown
    option.
    """
    options = resolve(BACKBONES, entry, "backbone").options | {"weights": "imagenet"}
    if resnet.IMAGENET.is_there():
        return Entry.of("resnet50", **options), None
    return Entry.of("efficientnet_lite0", **options), (
        "Backbone: EfficientNet-Lite0 with ImageNet weights, because there is no "
        f"{resnet.IMAGENET.file}. For ResNet-50, as the recipe means it, put that file there, or "
        "let torchvision download it: backbone.type=resnet50"
    )

"""The backbone entry "tail": the last stages of a network, on maps that its first ones made."""

from typing import Any

from benchmark.data.photographs.transforms import drawing
from benchmark.errors import UserError
from benchmark.models.backbones.frozen import TAIL, check_views, network_entry
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.registry import BACKBONES, build


@BACKBONES.register_module(name=TAIL)
def tail(network: dict[str, Any], stage: str | None = None, views: int = 4) -> StagedBackbone:
    """A network of which the stages from `stage` on are trained; the ones before it rest.

    `network` is the entry of the whole network. Maps before `stage` come in place of images: the
    resting stages make them once, of `views` augmented views of each training image and one of each
    test image, in float16. Without `stage` it is the one that halves the map for the last time.
    Random weights, where the network has those, are the same for all runs, which share the maps.
    """
    check_views(views)
    entry = network_entry(network)
    with drawing(0):
        backbone = build(BACKBONES, entry, "backbone.network")
    if not isinstance(backbone, StagedBackbone):
        raise UserError(
            f"backbone.network: {entry.type} can't be cut into stages; take resnet50 or "
            "efficientnet_lite0"
        )
    backbone.cut_before(stage or backbone.last_halving)
    return backbone

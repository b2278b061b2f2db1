"""BN-Inception, in the form of the one published file of weights that metric learning uses."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.errors import UserError
from benchmark.models.backbones.photo import Normalisation, PhotoBackbone
from benchmark.models.published import Published
from benchmark.models.weights import load_weights, weights_file
from benchmark.registry import BACKBONES

IMAGENET = Published("http://data.lip6.fr/cadene/pretrainedmodels/bn_inception-52deb4733.pth")

# Channels of each block's branches: 1x1; 3x3 reduced, 3x3; double 3x3 reduced, double 3x3; and the
# projection of what is pooled. Blocks without the first and the last halve the map.
BLOCKS = {
    "3a": (64, (64, 64), (64, 96), 32),
    "3b": (64, (64, 96), (64, 96), 64),
    "3c": (0, (128, 160), (64, 96), 0),
    "4a": (224, (64, 96), (96, 128), 128),
    "4b": (192, (96, 128), (96, 128), 128),
    "4c": (160, (128, 160), (128, 160), 128),
    "4d": (96, (128, 192), (160, 192), 128),
    "4e": (0, (128, 192), (192, 256), 0),
    "5a": (352, (192, 320), (160, 224), 128),
    "5b": (352, (192, 320), (192, 224), 128),
}


@BACKBONES.register_module(name="bn_inception")
class BNInception(PhotoBackbone):
    """BN-Inception (Ioffe and Szegedy, ICML 2015, figure 5) up to its last block; 1024 features.

    `weights` is "imagenet" (the file published with the package pretrainedmodels, which the code
    of Proxy-Anchor and of the Multi-Similarity loss uses, in torch hub's folder; it isn't
    downloaded), the path of a state dictionary with that file's names, or None for random weights.
    The network takes channels in the order blue, green, red, from 0 to 255, less (104, 117, 128).
    The sides of images are multiples of 32, or up to 6 pixels longer.
    """

    out_features = 1024
    published = IMAGENET

    def __init__(self, weights: str | None = "imagenet", freeze_batch_norm: bool = False) -> None:
        mean = [104 / 255, 117 / 255, 128 / 255]
        super().__init__(freeze_batch_norm, Normalisation(mean, [1 / 255] * 3, bgr=True))
        self.network = Inception()
        if weights is not None:
            path = weights_file(weights, _imagenet_file)
            load_weights(self.network, path, head="last_linear", remedy=IMAGENET.remedy)

    def feature_map(self, images: Tensor) -> Tensor:
        """Maps [n, 1024, h / 32, w / 32]."""
        last: Tensor = self.network(images)
        return last


def _imagenet_file() -> Path:
    if not IMAGENET.is_there():
        raise UserError(
            "backbone.weights=imagenet: the file of these weights is not in torch hub's folder. "
            f"{IMAGENET.remedy} Or train from random weights: backbone.weights=null"
        )
    return IMAGENET.checked()


class Inception(nn.Module):
    """The convolutions, each followed by batch norm and ReLU, with the names in the file."""

    def __init__(self) -> None:
        super().__init__()
        self._add("conv1_7x7_s2", 3, 64, 7, stride=2)
        self._add("conv2_3x3_reduce", 64, 64, 1)
        self._add("conv2_3x3", 64, 192, 3)
        channels = 192
        for block, (single, three, double, projected) in BLOCKS.items():
            name = f"inception_{block}"
            stride = 1 if single else 2
            if single:
                self._add(f"{name}_1x1", channels, single, 1)
            self._add(f"{name}_3x3_reduce", channels, three[0], 1)
            self._add(f"{name}_3x3", *three, 3, stride)
            self._add(f"{name}_double_3x3_reduce", channels, double[0], 1)
            self._add(f"{name}_double_3x3_1", *double, 3)
            self._add(f"{name}_double_3x3_2", double[1], double[1], 3, stride)
            if projected:
                self._add(f"{name}_pool_proj", channels, projected, 1)
            channels = single + three[1] + double[1] + (projected or channels)

    def _add(self, name: str, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        self.add_module(name, nn.Conv2d(inputs, outputs, size, stride, size // 2))
        self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs))

    def _apply_all(self, images: Tensor, *names: str) -> Tensor:
        for name in names:
            convolution, norm = getattr(self, name), getattr(self, f"{name}_bn")
            images = F.relu(norm(convolution(images)), inplace=True)
        return images

    def forward(self, images: Tensor) -> Tensor:
        """Maps [n, 1024, h / 32, w / 32] of images [n, 3, h, w]."""
        x = _halved(self._apply_all(images, "conv1_7x7_s2"))
        x = _halved(self._apply_all(x, "conv2_3x3_reduce", "conv2_3x3"))
        if any(side % 4 for side in x.shape[2:]):
            raise UserError(
                "backbone: bn_inception takes images whose sides are multiples of 32, or up to 6 "
                f"pixels longer, not {images.shape[2]} x {images.shape[3]}: change the transform"
            )
        for block, (single, _, _, _) in BLOCKS.items():
            x = self._block(x, f"inception_{block}", halves=not single, last=block == "5b")
        return x

    def _block(self, x: Tensor, name: str, halves: bool, last: bool) -> Tensor:
        doubled = (f"{name}_double_3x3_{part}" for part in ("reduce", "1", "2"))
        branches = [
            self._apply_all(x, f"{name}_3x3_reduce", f"{name}_3x3"),
            self._apply_all(x, *doubled),
        ]
        if halves:
            return torch.cat([*branches, _halved(x)], 1)
        pooled = F.max_pool2d(x, 3, 1, 1) if last else F.avg_pool2d(x, 3, 1, 1)
        first = self._apply_all(x, f"{name}_1x1")
        return torch.cat([first, *branches, self._apply_all(pooled, f"{name}_pool_proj")], 1)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2, ceil_mode=True)

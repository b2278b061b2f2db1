"""What the backbones for photographs share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import torch
from torch import Tensor, channels_last, nn

from benchmark.data.photographs.transforms import IMAGENET_MEAN, IMAGENET_STD
from benchmark.models.published import Published


class Normalisation(nn.Module):
    """From images to what a network was pretrained with.

    That network takes (colour - mean) / std with colours from 0 to 1, red first or, with `bgr`,
    blue first; `mean` and `std` are in the network's order, and ImageNet's if nothing is given.
    """

    scale: Tensor
    shift: Tensor
    drawn_scale: Tensor
    drawn_shift: Tensor

    def __init__(
        self,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        bgr: bool = False,
    ) -> None:
        super().__init__()
        given_mean, given_std, own_mean, own_std = (
            torch.tensor(values, dtype=torch.float64)[:, None, None]
            for values in (IMAGENET_MEAN, IMAGENET_STD, mean, std)
        )
        if bgr:
            given_mean, given_std = given_mean.flip(0), given_std.flip(0)
        self.bgr = bgr
        for name, factor, term in (
            ("", 1 / (255 * own_std), -own_mean / own_std),
            ("drawn_", given_std / own_std, (given_mean - own_mean) / own_std),
        ):
            self.register_buffer(f"{name}scale", factor.float(), persistent=False)
            self.register_buffer(f"{name}shift", term.float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """The images [n, 3, h, w] in the network's order and normalisation, float32.

        uint8 are levels from 0 to 255; floats are colours normalised by ImageNet's figures.
        """
        if self.bgr:
            images = images.flip(1)
        if images.is_floating_point():
            return images * self.drawn_scale + self.drawn_shift
        return images * self.scale + self.shift


class PhotoBackbone(nn.Module, ABC):
    """A network for photographs: images [n, 1 or 3, h, w] to maps [n, out_features, h', w'].

    Photographs come as uint8, and are normalised here, on the network's device; drawn and rendered
    images are floats, which are taken for colours normalised by ImageNet's mean and standard
    deviation. Grey ones are repeated over three channels. With `freeze_batch_norm` the batch norms
    keep the statistics of pretraining, while their scale and shift go on learning. The code
    published with the Multi-Similarity loss does so; that of Proxy-Anchor too, after its first
    epochs.
    """

    out_features: int
    published: ClassVar[Published | None] = None
    """The file of weights that "imagenet" stands for, where it has to be there beforehand."""

    def __init__(self, freeze_batch_norm: bool, normalisation: Normalisation | None = None) -> None:
        super().__init__()
        self.freeze_batch_norm = freeze_batch_norm
        self.normalisation = normalisation or Normalisation()

    def train(self, mode: bool = True) -> Self:
        """Set training mode; frozen batch norms stay in evaluation mode."""
        super().train(mode)
        if self.freeze_batch_norm:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps [n, out_features, h', w'] of images [n, 1 or 3, h, w]."""
        return self.feature_map(self.as_network_takes(images))

    def as_network_takes(self, images: Tensor) -> Tensor:
        """Images [n, 3, h, w] in the network's normalisation, of images [n, 1 or 3, h, w]."""
        normalised: Tensor = self.normalisation(images.expand(-1, 3, -1, -1))
        # Convolutions on a CPU are faster with channels last: up to a half for EfficientNet-Lite0.
        return normalised.contiguous(memory_format=channels_last)

    @abstractmethod
    def feature_map(self, images: Tensor) -> Tensor:
        """Maps [n, out_features, h', w'] of images [n, 3, h, w] in the network's normalisation."""


def checked_stride(last_stride: int) -> tuple[int, int]:
    """The stride of a network's last stage, down and across; raises ValueError unless 1 or 2."""
    if last_stride not in (1, 2):
        raise ValueError(f"last_stride must be 1 or 2, not {last_stride!r}")
    return last_stride, last_stride

"""Random erasing on the image."""

import torch
from torch import Tensor, nn
from torchvision.transforms import v2


class RandomErasing(nn.Module):
    """Set a rectangle of each image to zero, the mean of normalised images, with probability `p`.

    The rectangle covers a share between `smallest` and `largest`, its sides in a ratio from 0.3 to
    3.33: Zhong et al., Random Erasing Data Augmentation, AAAI 2020.
    """

    place = "image"

    def __init__(self, p: float = 0.5, smallest: float = 0.02, largest: float = 0.4) -> None:
        super().__init__()
        if not 0 < smallest <= largest <= 1:
            raise ValueError(f"0 < smallest <= largest <= 1, not {smallest} and {largest}")
        self.erase = v2.RandomErasing(p, scale=(smallest, largest), ratio=(0.3, 1 / 0.3))

    def forward(self, images: Tensor) -> Tensor:
        """Images [n, channels, height, width], each erased by itself in training."""
        if not self.training:
            return images
        # torchvision erases one rectangle from a whole batch.
        return torch.stack([self.erase(image) for image in images])

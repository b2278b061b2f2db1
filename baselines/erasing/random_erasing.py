"""Random erasing on the image."""

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

MEAN_COLOUR = (124, 116, 104)


class RandomErasing(nn.Module):
    """Give a rectangle of each image the mean colour, with probability `p`.

    The rectangle covers a share between `smallest` and `largest`, its sides in a ratio from 0.3 to
    3.33: Zhong et al., Random Erasing Data Augmentation, AAAI 2020. The mean is zero for floats,
    which are normalised, and ImageNet's for photographs, which are uint8 from 0 to 255.
    """

    place = "image"

    def __init__(self, p: float = 0.5, smallest: float = 0.02, largest: float = 0.4) -> None:
        super().__init__()
        if not 0 < smallest <= largest <= 1:
            raise ValueError(f"0 < smallest <= largest <= 1, not {smallest} and {largest}")
        self.erase, self.erase_levels = (
            v2.RandomErasing(p, scale=(smallest, largest), ratio=(0.3, 1 / 0.3), value=value)
            for value in (0, MEAN_COLOUR)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images [n, channels, height, width], each erased by itself in training."""
        if not self.training:
            return images
        erase = self.erase_levels if images.dtype == torch.uint8 else self.erase
        # torchvision erases one rectangle from a whole batch.
        return torch.stack([erase(image) for image in images])

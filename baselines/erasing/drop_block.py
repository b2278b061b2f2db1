"""DropBlock on the feature map."""

from torch import Tensor, nn
from torchvision.ops import drop_block2d


class DropBlock(nn.Module):
    """Erase squares of `block` x `block` positions in each channel; the rest is scaled up.

    `p` is the share of positions that is erased, about: Ghiasi et al., DropBlock: A Regularization
    Method for Convolutional Networks, NeurIPS 2018, where it is 0.1 and `block` 7 on larger maps.
    On a map smaller than a block the largest odd square that fits is taken.
    """

    place = "feature_map"

    def __init__(self, p: float = 0.1, block: int = 3) -> None:
        super().__init__()
        if block < 1 or block % 2 == 0:
            raise ValueError(f"block must be an odd number from 1, not {block}")
        if not 0 <= p < 1:
            raise ValueError(f"p must be from 0 to below 1, not {p}")
        self.p = p
        self.block = block

    def forward(self, feature_map: Tensor) -> Tensor:
        """The map [n, channels, h, w], in training with erased squares."""
        smallest = min(self.block, *feature_map.shape[2:])
        block = smallest - (smallest % 2 == 0)
        result: Tensor = drop_block2d(feature_map, self.p, block, training=self.training)
        return result

"""The own class among the columns of S."""

from torch import Tensor


def own_class(positive: Tensor) -> Tensor:
    """The column of each sample's own class [B], from `positive` [B, C], one true entry a row."""
    return positive.int().argmax(1)

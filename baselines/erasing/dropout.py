"""Dropout on the embedding."""

from torch import nn


class Dropout(nn.Dropout):
    """Erase each element of each feature with probability `p`, and scale the others by 1 / (1 - p).

    Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 2014.
    p = 0.2 erases as many elements as DAM's default keeps out of a comparison.
    """

    place = "embedding"

    def __init__(self, p: float = 0.2) -> None:
        super().__init__(p)

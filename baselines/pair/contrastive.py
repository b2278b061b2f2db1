"""Contrastive."""

from torch import Tensor

from baselines.objective import PairObjective
from baselines.pair.active import mean_of_active


class Contrastive(PairObjective):
    """Pull positives together and push negatives apart, up to a margin.

        L = mean over positive pairs of max(0, d[i, p] - m_p)
          + mean over negative pairs of max(0, m_n - d[i, n])

    with Euclidean distances d of features of unit length, and each mean over the terms above 0.
    Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006, square
    the terms; this is the linear form of Musgrave et al., "A Metric Learning Reality Check", ECCV
    2020, equation 1, with the margins m_p = 0 and m_n = 1 of pytorch-metric-learning. A sample
    without a positive still pushes its negatives, and one without a negative pulls its positives.
    """

    metric = "euclidean"

    def __init__(
        self, positive_margin: float = 0.0, negative_margin: float = 1.0, normalise: bool = True
    ) -> None:
        super().__init__()
        self.positive_margin = positive_margin
        self.negative_margin = negative_margin
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S = -d [B, N] and `positive` [B, N], the sample itself left out."""
        pull = mean_of_active(-S - self.positive_margin, positive)
        push = mean_of_active(self.negative_margin + S, ~positive)
        return pull + push

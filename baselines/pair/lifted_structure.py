"""Lifted structure."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import PairObjective
from baselines.pair.rows import partnered


class LiftedStructure(PairObjective):
    """All positives of a sample against all its negatives, by smooth maxima.

        L = mean over i of max(0, log(sum over positives of exp(d[i, p]))
                                + log(sum over negatives of exp(m - d[i, n])))

    with Euclidean distances d of features that are not normalised, and margin m. Samples without a
    positive or a negative add 0 to the mean. Oh Song et al., "Deep Metric Learning via Lifted
    Structured Feature Embedding", CVPR 2016, take each positive pair with the negatives of both
    its samples, and square; in a memory the second sample has no row of S, and so no known
    negatives. This is the generalised form of Hermans et al., "In Defense of the Triplet Loss for
    Person Re-Identification", 2017, which needs the row of i alone. m = 1 as in the original.
    """

    metric = "euclidean"

    def __init__(self, margin: float = 1.0, normalise: bool = False) -> None:
        super().__init__()
        self.margin = margin
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S = -d [B, N] and `positive` [B, N], the sample itself left out."""
        both = partnered(positive)
        pull = (-S).masked_fill(both & ~positive, -torch.inf).logsumexp(1)
        push = (self.margin + S).masked_fill(both & positive, -torch.inf).logsumexp(1)
        return F.relu(pull + push).where(both.squeeze(1), 0).sum() / len(S)

"""Triplet with batch-hard mining."""

import torch.nn.functional as F
from torch import Tensor, nn


class Triplet(nn.Module):
    """The farthest positive against the nearest negative of each sample.

        L = mean over i of max(0, m + max over positives of d[i, p] - min over negatives of d[i, n])

    with Euclidean distances d of features that are not normalised, and margin m. Samples without a
    positive or a negative are left out of the mean; if none is left, the loss is 0. Hermans et
    al., "In Defense of the Triplet Loss for Person Re-Identification", 2017, equation 5; m = 0.3
    as in Luo et al., "Bag of Tricks and a Strong Baseline for Deep Person Re-identification",
    CVPRW 2019.
    """

    metric = "euclidean"

    def __init__(self, margin: float = 0.3, normalise: bool = False) -> None:
        super().__init__()
        self.margin = margin
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S = -d [B, N] and `positive` [B, N], the sample itself left out."""
        partnered = positive.any(1) & ~positive.all(1)
        S, positive = S[partnered], positive[partnered]
        farthest = -S.masked_fill(~positive, float("inf")).amin(1)
        nearest = -S.masked_fill(positive, -float("inf")).amax(1)
        violation = F.relu(self.margin + farthest - nearest)
        return violation.sum() / max(1, len(violation))

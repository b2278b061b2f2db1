"""N-pair."""

import torch
from torch import Tensor

from baselines.objective import PairObjective
from baselines.pair.rows import partnered


class NPair(PairObjective):
    """Each positive pair against all negatives of its sample at once.

        L = mean over positive pairs of log(1 + sum over negatives of exp(S[i, n] - S[i, p]))

    with inner products S of features that are not normalised. Pairs of a sample without negatives
    add 0 to the mean. Sohn, "Improved Deep Metric Learning with Multi-class N-pair Loss
    Objective", NeurIPS 2016.

    The source draws two samples of each class, an anchor and a positive, and an anchor's negatives
    are the other classes' positives: S [anchors, positives] of such a batch gives its multi-class
    form. Among P classes of K samples, every sample is an anchor, with each of its K - 1 positives
    in turn, and its negatives are all K (P - 1) samples of other classes. The source's penalty on
    the squared length of features is left out, as S does not hold it; weight decay is all that
    bounds their length.
    """

    def __init__(self, normalise: bool = False) -> None:
        super().__init__()
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, N] and `positive` [B, N], the sample itself left out."""
        pairs = positive.sum().clamp_min(1)
        among = positive & partnered(positive)
        negatives = S.masked_fill(among, -torch.inf).logsumexp(1, keepdim=True)
        exponents = negatives - S
        terms = torch.logaddexp(exponents, torch.zeros_like(exponents))
        return terms.where(among, 0).sum() / pairs

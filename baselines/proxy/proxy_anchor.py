"""Proxy-Anchor."""

from torch import Tensor

from baselines.log_sum import log_one_plus_sum_exp
from baselines.objective import ProxyObjective, check_above_zero


class ProxyAnchor(ProxyObjective):
    """Each proxy is an anchor for all samples of the batch.

        L = 1/|P+| sum over p in P+ of log(1 + sum over x of class p     of exp(-a (S[x, p] - m)))
          + 1/|P|  sum over p in P  of log(1 + sum over x of other class of exp( a (S[x, p] + m)))

    P are all proxies, P+ those with a sample in the batch. Kim et al., "Proxy Anchor Loss for Deep
    Metric Learning", CVPR 2020, equation 4; margin m = 0.1 and scale a = 32 there.
    """

    def __init__(self, margin: float = 0.1, scale: float = 32.0, normalise: bool = True) -> None:
        super().__init__()
        self.margin = margin
        check_above_zero(scale=scale)
        self.scale = scale
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, C] and `positive` [B, C]."""
        pull = log_one_plus_sum_exp(-self.scale * (S - self.margin), positive, 0)
        push = log_one_plus_sum_exp(self.scale * (S + self.margin), ~positive, 0)
        # A proxy without a sample in the batch has log(1) = 0 in the first sum.
        return pull.sum() / positive.any(0).sum() + push.mean()

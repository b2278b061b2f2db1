"""Normalised softmax."""

import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class NormSoftmax(ProxyObjective):
    """Cross-entropy over cosine similarities to the class proxies.

        L = mean over i of -log( exp(s S[i, y_i]) / sum over j of exp(s S[i, j]) )

    with scale s = 1 / temperature. Zhai and Wu, "Classification is a Strong Baseline for Deep
    Metric Learning", BMVC 2019, equation 2; temperature 0.05 there.
    """

    def __init__(self, scale: float = 20.0, normalise: bool = True) -> None:
        super().__init__()
        check_above_zero(scale=scale)
        self.scale = scale
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, C] and `positive` [B, C], one true entry a row."""
        return F.cross_entropy(self.scale * S, own_class(positive))

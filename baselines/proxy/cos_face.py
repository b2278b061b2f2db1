"""CosFace."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class CosFace(ProxyObjective):
    """Normalised softmax with a margin on the cosine of the own class.

        L = mean over i of -log( exp(s (S[i, y_i] - m))
                                 / (exp(s (S[i, y_i] - m)) + sum over j != y_i of exp(s S[i, j])) )

    Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018,
    equation 4; margin m = 0.35 and scale s = 64 there.
    """

    def __init__(self, margin: float = 0.35, scale: float = 64.0) -> None:
        super().__init__()
        self.margin = margin
        check_above_zero(scale=scale)
        self.scale = scale

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from cosines S [B, C] and `positive` [B, C], one true entry a row."""
        logits = self.scale * torch.where(positive, S - self.margin, S)
        return F.cross_entropy(logits, own_class(positive))

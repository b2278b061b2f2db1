"""Softmax."""

import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class Softmax(ProxyObjective):
    """Cross-entropy over inner products of features and class weights, neither normalised.

        L = mean over i of - sum over j of q[i, j] log p[i, j]
        p[i, j] = exp(s S[i, j]) / sum over k of exp(s S[i, k])
        q[i, j] = (1 - e) [j = y_i] + e / C

    with scale s = 1 and label smoothing e: Szegedy et al., "Rethinking the Inception Architecture
    for Computer Vision", CVPR 2016, section 7; e = 0 here, which is plain cross-entropy, and 0.1
    there. There is no bias: as in Luo et al., "Bag of Tricks and a Strong Baseline for Deep Person
    Re-identification", CVPRW 2019, every class weight is a proxy that passes through the origin.
    """

    normalise = False

    def __init__(self, scale: float = 1.0, smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing must be at least 0 and below 1, not {smoothing}")
        check_above_zero(scale=scale)
        self.scale = scale
        self.smoothing = smoothing

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, C] and `positive` [B, C], one true entry a row."""
        target = own_class(positive)
        return F.cross_entropy(self.scale * S, target, label_smoothing=self.smoothing)

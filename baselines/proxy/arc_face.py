"""ArcFace."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import ProxyObjective, check_above_zero
from baselines.proxy.own_class import own_class


class ArcFace(ProxyObjective):
    """Normalised softmax with a margin on the angle to the own class.

        L = mean over i of -log( exp(s t_i) / (exp(s t_i) + sum over j != y_i of exp(s S[i, j])) )
        t_i = cos(a_i + m)         where a_i = arccos S[i, y_i] is at most pi - m,
              cos a_i - m sin m    beyond, where cos(a_i + m) would rise again

    Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019,
    equation 3; margin m = 0.5 radians and scale s = 64 there. The second case is not in the paper
    but in its authors' code. It keeps t_i falling with the angle, by a step at pi - m.

    The sine of the angle has no slope where S[i, y_i] is 1 or -1; it passes no gradient there, nor
    outside that range, where rounding may put a cosine and where the sine counts as 0.
    """

    def __init__(self, margin: float = 0.5, scale: float = 64.0) -> None:
        super().__init__()
        if not 0 <= margin < math.pi:
            raise ValueError(f"margin is in radians, from 0 to below pi, not {margin}")
        self.margin = margin
        check_above_zero(scale=scale)
        self.scale = scale

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from cosines S [B, C] and `positive` [B, C], one true entry a row."""
        target = own_class(positive).unsqueeze(1)
        cosine = S.gather(1, target)
        # 1 - S^2 would lose what is left of it near 1 to rounding.
        square = (1 - cosine) * (1 + cosine)
        sine = square.clamp_min(torch.finfo(S.dtype).tiny).sqrt()
        widened = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        beyond = cosine - self.margin * math.sin(self.margin)
        own = torch.where(cosine >= -math.cos(self.margin), widened, beyond)
        return F.cross_entropy(self.scale * S.scatter(1, target, own), target.squeeze(1))

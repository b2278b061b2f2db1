"""Circle."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import PairObjective, check_above_zero
from baselines.pair.rows import partnered


class Circle(PairObjective):
    """Similarities weighted by how far each is from its optimum.

        L = mean over i of log(1 + sum over negatives of exp( g a_n (S[i, n] - m))
                                 * sum over positives of exp(-g a_p (S[i, p] - (1 - m))))
        a_n = max(0, S[i, n] + m)      a_p = max(0, 1 + m - S[i, p])

    Both exponents are g a (t - m) with a = max(0, t + m), where t is how far a similarity is from
    its optimum, 0 for a negative and 1 for a positive. The weights a carry no gradient. Samples
    without a positive or a negative add 0 to the mean. Sun et al., "Circle Loss: A Unified
    Perspective of Pair Similarity Optimization", CVPR 2020; relaxation m = 0.4 and scale g = 80 as
    there for fine-grained image retrieval (0.25 and 128 for person re-identification).
    """

    def __init__(self, margin: float = 0.4, scale: float = 80.0, normalise: bool = True) -> None:
        super().__init__()
        self.margin = margin
        check_above_zero(scale=scale)
        self.scale = scale
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, N] and `positive` [B, N], the sample itself left out."""
        both = partnered(positive)
        # The exponents reach some hundreds, where neighbours in float32 are 3e-5 apart.
        exact = S.double()
        astray = torch.where(positive, 1 - exact, exact)
        exponent = self.scale * F.relu(astray.detach() + self.margin) * (astray - self.margin)
        pull = exponent.masked_fill(both & ~positive, -torch.inf).logsumexp(1)
        push = exponent.masked_fill(both & positive, -torch.inf).logsumexp(1)
        terms = torch.logaddexp(pull + push, torch.zeros_like(pull)).where(both.squeeze(1), 0)
        return terms.sum().to(S.dtype) / len(S)

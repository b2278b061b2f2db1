"""Multi-Similarity, with its mining of informative pairs."""

from torch import Tensor

from baselines.log_sum import log_one_plus_sum_exp
from baselines.objective import PairObjective, check_above_zero
from baselines.pair.rows import partnered


class MultiSimilarity(PairObjective):
    """Weigh pairs by their own similarity and by that of their neighbours.

        L = mean over i of 1/a log(1 + sum over mined positives of exp(-a (S[i, k] - base)))
                         + 1/b log(1 + sum over mined negatives of exp( b (S[i, k] - base)))

    A negative is mined where it is more similar than the least similar positive, less `epsilon`; a
    positive where it is less similar than the most similar negative, plus `epsilon`. Samples
    without a positive or a negative mine nothing and add 0 to the mean. Wang et al.,
    "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019,
    equations 10, 11 and 15; a = 2 and epsilon = 0.1 there, b = 40 and base = 0.5 as in the authors'
    code.
    """

    def __init__(
        self,
        alpha: float = 2.0,
        beta: float = 40.0,
        base: float = 0.5,
        epsilon: float = 0.1,
        normalise: bool = True,
    ) -> None:
        super().__init__()
        check_above_zero(alpha=alpha, beta=beta)
        self.alpha = alpha
        self.beta = beta
        self.base = base
        self.epsilon = epsilon
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S [B, N] and `positive` [B, N], the sample itself left out."""
        inf = float("inf")
        fixed = S.detach()
        hardest_positive = fixed.masked_fill(~positive, inf).amin(1, keepdim=True)
        hardest_negative = fixed.masked_fill(positive, -inf).amax(1, keepdim=True)
        both = partnered(positive)
        # Negated, so that a NaN is mined and shows in the loss instead of leaving an empty set.
        near = positive & both & ~(fixed - self.epsilon >= hardest_negative)
        far = ~positive & both & ~(fixed + self.epsilon <= hardest_positive)
        pull = log_one_plus_sum_exp(-self.alpha * (S - self.base), near, 1) / self.alpha
        push = log_one_plus_sum_exp(self.beta * (S - self.base), far, 1) / self.beta
        return (pull + push).mean()

"""Margin loss, with its learned boundary."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from baselines.objective import PairObjective
from baselines.pair.distance_weighted import check_mining, draw_negatives
from baselines.pair.rows import positive_columns

Mining = Literal["all", "distance_weighted"]


class Margin(PairObjective):
    """Positives nearer than a learned distance b, negatives farther, both by a margin a.

        L = sum of  max(0, a + d[i, p] - b)  and  max(0, a + b - d[i, n])  over triplets (i, p, n)
            / number of these terms that are above 0

    with Euclidean distances d of features of unit length. `mining` says which triplets:
    "distance_weighted" draws one negative for each positive pair, as in the source, and needs
    `dim`, the number of elements of an embedding. "all", the default, takes every triplet, so that
    a pair counts as often as it occurs in triplets; it needs only S, and takes the same pairs
    whatever it is compared with. Samples without a positive or a negative are in no triplet and add
    nothing.

    Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017, section 4; a = 0.2, and b
    starts from 1.2, as there. Offsets of b for classes and samples are left out, as S and
    `positive` name no class, and so is the source's penalty on b.
    """

    metric = "euclidean"

    def __init__(
        self,
        alpha: float = 0.2,
        beta: float = 1.2,
        mining: str = "all",
        dim: int = 0,
        normalise: bool = True,
    ) -> None:
        super().__init__()
        check_mining(mining, get_args(Mining), dim, normalise)
        self.alpha = alpha
        self.beta = nn.Parameter(torch.tensor(float(beta)))
        self.mining = mining
        self.dim = dim
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S = -d [B, N] and `positive` [B, N], the sample itself left out."""
        weight = self._triplets(S, positive)
        beyond = -S - self.beta.to(S.dtype)
        terms = (self.alpha + torch.where(positive, beyond, -beyond)).relu()
        active = (weight * ~(terms <= 0)).sum()
        return (weight * terms).sum() / active.clamp_min(1)

    def _triplets(self, S: Tensor, positive: Tensor) -> Tensor:
        """How many triplets each pair is in [B, N]."""
        positives = positive.sum(1, keepdim=True)
        negatives = positive.shape[1] - positives
        if self.mining == "all":
            return torch.where(positive, negatives, positives).to(S.dtype)
        _, exists = positive_columns(positive)
        drawn = draw_negatives(S, positive, self.dim, exists.shape[1], self.seed)
        exists = exists & (negatives > 0)
        weight = (positive & (negatives > 0)).to(S.dtype)
        return weight.scatter_add(1, drawn, exists.to(S.dtype))

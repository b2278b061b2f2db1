"""Triplet, with four ways to choose the triplets."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.objective import PairObjective
from baselines.pair.active import mean_of_active
from baselines.pair.distance_weighted import check_mining, draw_negatives
from baselines.pair.rows import partnered, positive_columns

Mining = Literal["batch_hard", "batch_all", "semi_hard", "distance_weighted"]


class Triplet(PairObjective):
    """A positive nearer than a negative, by a margin.

        t(i, p, n) = max(0, m + d[i, p] - d[i, n])

    with Euclidean distances d of features that are not normalised, and margin m. `mining`:

    - "batch_hard": the farthest positive and the nearest negative of each sample; the mean over
      samples. Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017,
      equation 5.
    - "batch_all": all triplets, equation 6 there; the mean over those with t > 0, which the source
      finds better than the mean over all, where the many that are satisfied drown the rest.
    - "semi_hard": all triplets whose negative is farther than the positive and within the margin,
      0 < t < m; their mean. Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and
      Clustering", CVPR 2015, who square the distances of unit features. A positive without such a
      negative is left out.
    - "distance_weighted": for each positive pair, one negative drawn by its distance; the mean over
      those with t > 0. Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017. Needs
      `normalise` and `dim`, the number of elements of an embedding.

    Samples without a positive or a negative are left out of the means; if nothing is left, the loss
    is 0. m = 0.3 as in Luo et al., "Bag of Tricks and a Strong Baseline for Deep Person
    Re-identification", CVPRW 2019.
    """

    metric = "euclidean"

    def __init__(
        self,
        margin: float = 0.3,
        mining: str = "batch_hard",
        dim: int = 0,
        normalise: bool = False,
    ) -> None:
        super().__init__()
        check_mining(mining, get_args(Mining), dim, normalise)
        self.margin = margin
        self.mining = mining
        self.dim = dim
        self.normalise = normalise

    def forward(self, S: Tensor, positive: Tensor) -> Tensor:
        """Loss (scalar) from S = -d [B, N] and `positive` [B, N], the sample itself left out."""
        if self.mining == "batch_hard":
            return _hardest(S, positive, self.margin)
        if self.mining == "distance_weighted":
            return _drawn(S, positive, self.margin, self.dim, self.seed)
        return _violated(S, positive, self.margin, self.mining == "semi_hard")


def _hardest(S: Tensor, positive: Tensor, margin: float) -> Tensor:
    both = partnered(positive).squeeze(1)
    farthest = -S.masked_fill(~positive, torch.inf).amin(1)
    nearest = -S.masked_fill(positive, -torch.inf).amax(1)
    violation = F.relu(margin + farthest - nearest)
    return violation.masked_fill(~both, 0).sum() / both.sum().clamp_min(1)


def _violated(S: Tensor, positive: Tensor, margin: float, semi_hard: bool) -> Tensor:
    """The mean over all triplets, or all semi-hard ones, that violate the margin.

    Their sum is linear in S: each pair counts as often as it occurs in such triplets. So nothing
    larger than S is needed, however many triplets there are.
    """
    with torch.no_grad():
        columns, exists = positive_columns(positive)
        own, order = S.gather(1, columns).masked_fill(~exists, torch.inf).sort(1)
        columns = columns.gather(1, order)
        # A negative violates the first `count` of its row's positives, from the farthest on ...
        negatives = S.contiguous()
        count = torch.searchsorted(own - margin, negatives)
        per_negative, per_positive = count, _violators(count, ~positive, columns.shape[1])
        if semi_hard:
            # ... but is semi-hard for none of the first `within`, as it is no farther than these.
            within = torch.searchsorted(own, negatives, right=True)
            per_negative = count - within
            per_positive = per_positive - _violators(within, ~positive, columns.shape[1])
        weight = per_negative.masked_fill(positive, 0).scatter_add(1, columns, -per_positive)
        triplets = per_positive.sum().to(S.dtype)
    return ((weight * S).sum() + margin * triplets) / triplets.clamp_min(1)


def _violators(count: Tensor, negative: Tensor, positives: int) -> Tensor:
    """How many negatives have a count above k, for k from 0 to `positives` - 1: [B, positives]."""
    having = count.new_zeros(len(count), positives + 1).scatter_add(1, count, negative.long())
    return having.flip(1).cumsum(1).flip(1)[:, 1:]


def _drawn(S: Tensor, positive: Tensor, margin: float, dim: int, seed: int | None) -> Tensor:
    columns, exists = positive_columns(positive)
    negatives = draw_negatives(S, positive, dim, columns.shape[1], seed)
    violation = margin + S.gather(1, negatives) - S.gather(1, columns)
    return mean_of_active(violation, exists & ~positive.all(1, keepdim=True))

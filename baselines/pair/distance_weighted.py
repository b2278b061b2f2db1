"""Distance-weighted sampling of negatives.

Between independent uniform points on the unit sphere in `dim` dimensions, distances have the
density q(d) ~ d^(dim - 2) (1 - d^2 / 4)^((dim - 3) / 2). Negatives are drawn in proportion to
1 / q(d), so that they spread over all distances. Wu et al., "Sampling Matters in Deep Embedding
Learning", ICCV 2017, section 4. As in the authors' code, distances below 0.5 weigh as 0.5 does,
which bounds the weights, and negatives from 1.4 on are not drawn.
"""

import torch
from torch import Tensor

NEAREST = 0.5
FARTHEST = 1.4
UNITS = 1 << 40
"""In which weights are counted: the largest of a row is so many."""


def check_mining(mining: str, known: tuple[str, ...], dim: int, normalise: bool) -> None:
    """Raise ValueError unless `mining` is `known`, and q too if it is "distance_weighted".

    q is known for features of unit length (`normalise`) in at least 2 dimensions, `dim`.
    """
    if mining not in known:
        raise ValueError(f"unknown mining {mining!r}; known: {', '.join(known)}")
    if mining != "distance_weighted":
        return
    if dim < 2:
        raise ValueError(
            "mining='distance_weighted' needs dim, the number of elements of an embedding, which "
            f"is at least 2: not {dim}"
        )
    if not normalise:
        raise ValueError("mining='distance_weighted' needs features of unit length: normalise=True")


def draw_negatives(
    S: Tensor, positive: Tensor, dim: int, count: int, seed: int | None = None
) -> Tensor:
    """Columns [B, count] of negatives, drawn with replacement for each row of S = -d [B, N].

    A row whose negatives are all 1.4 away or more draws them with equal weights; a row without
    any gets meaningless columns. B * count uniform numbers decide, whatever is in S: from `seed`
    alone, or with None the next ones of torch's generator.
    """
    distance = -S.detach().double()
    negative = ~positive
    near = negative & (distance < FARTHEST)
    drawable = torch.where(near.any(1, keepdim=True), near, negative)
    clamped = distance.clamp(NEAREST, FARTHEST)
    log_density = (dim - 2) * clamped.log() + (dim - 3) / 2 * (1 - clamped.square() / 4).log()
    log_weight = (-log_density).masked_fill(~drawable, -torch.inf)
    # The largest weight of each row is 1, so that no row underflows.
    highest = log_weight.amax(1, keepdim=True).clamp_min(torch.finfo(log_weight.dtype).min)
    # In whole numbers, as a GPU adds up floats in no fixed order.
    reached = (UNITS * (log_weight - highest).exp()).long().cumsum(1)
    own = None if seed is None else torch.Generator(S.device).manual_seed(seed)
    draws = torch.rand(len(S), count, dtype=torch.float64, device=S.device, generator=own)
    columns = torch.searchsorted(reached, (draws * reached[:, -1:]).long(), right=True)
    return columns.clamp_max(S.shape[1] - 1)

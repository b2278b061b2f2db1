"""The mean over hinge terms that are not yet satisfied."""

import torch
from torch import Tensor


def mean_of_active(terms: Tensor, members: Tensor) -> Tensor:
    """Mean over those of the boolean `members` whose term is above 0, or 0 if there is none.

    `terms` and `members` have one shape. A NaN counts as above 0, so that it shows in the loss.
    """
    active = members & ~(terms <= 0)
    return torch.where(active, terms, 0).sum() / active.sum().clamp_min(1)

"""What stands for each class in the selection, and which classes are near each other."""

from typing import Literal

import torch
from torch import Tensor, nn

Difference = Literal["proxies", "class_means", "running_means"]
# Distances between classes held at a time.
BLOCK = 1 << 22


def class_table(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    centres: int,
    difference: Difference,
    means: Tensor | None,
) -> Tensor:
    """The row that stands for each class in the selection [C, D], without a gradient.

    The mean of a class's centres for the `difference` "proxies"; for "class_means" the mean of its
    features in the batch, where it has any; for "running_means" its row of `means` [C, D], where
    that is not NaN.
    """
    table = proxies.detach()
    if centres > 1:
        table = table.unflatten(0, (-1, centres)).mean(1)
    if difference == "proxies":
        return table
    if difference == "class_means":
        size, total = class_sums(features, labels, len(table))
        return torch.where(size > 0, total / size.clamp_min(1), table)
    if means is None or means.shape != table.shape:
        shape = None if means is None else list(means.shape)
        raise ValueError(
            f"difference='running_means' needs means {list(table.shape)}, a row for each class, "
            f"not {shape}"
        )
    return torch.where(means.isnan(), table, means.to(table.dtype))


def class_sums(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """The number of each class's samples [C, 1], and the sum of their features [C, D]."""
    member = torch.arange(classes, device=labels.device).unsqueeze(1) == labels  # [C, B]
    # A product, because a GPU adds rows to rows in no fixed order.
    total = member.to(features.dtype) @ features.detach()
    return member.sum(1, keepdim=True), total


class RunningMeans(nn.Module):
    """The running mean of each class's features over the steps; NaN for a class not seen yet.

    A class's mean m in the batch moves its running one to `momentum` times that plus
    (1 - `momentum`) m. The first one is taken as it is.
    """

    means: Tensor

    def __init__(self, classes: int, dim: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("means", torch.full((classes, dim), torch.nan))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """The running means [C, D] after those of this batch, which count in training alone."""
        if self.training:
            size, total = class_sums(features, labels, len(self.means))
            mean = (total / size.clamp_min(1)).to(self.means.dtype)
            moved = self.momentum * self.means + (1 - self.momentum) * mean
            moved = torch.where(self.means.isnan(), mean, moved)
            self.means = torch.where(size > 0, moved, self.means)
        return self.means


def mutually_nearest(table: Tensor, labels: Tensor, nearest: int) -> Tensor:
    """Where a class j and a sample's own class y are near each other [B, C].

    True where each is among the `nearest` other classes nearest to the other one, by the Euclidean
    distance between rows of `table` [C, D]; at equal distance the lower class is nearer. About
    `BLOCK` distances are held at a time.
    """
    classes, place = labels.unique(return_inverse=True)
    near = _near(table, classes, nearest)  # [P, C]
    candidates = near.any(0).nonzero().squeeze(1)
    near[:, candidates] &= _near(table, candidates, nearest)[:, classes].T
    return near[place]


def _near(table: Tensor, classes: Tensor, nearest: int) -> Tensor:
    """Which classes [n, C] are among the `nearest` nearest to each of `classes` [n]."""
    near = torch.zeros(len(classes), len(table), dtype=torch.bool, device=table.device)
    step = max(1, BLOCK // len(table))
    for start in range(0, len(classes), step):
        rows = slice(start, start + step)
        distance = torch.cdist(
            table[classes[rows]], table, compute_mode="donot_use_mm_for_euclid_dist"
        ).scatter_(1, classes[rows].unsqueeze(1), torch.inf)
        order = distance.argsort(dim=1, stable=True)[:, : min(nearest, len(table) - 1)]
        near[rows] = near[rows].scatter_(1, order, True)
    return near

"""Random features, proxies and labels, with ties in some cases."""

import torch
import torch.nn.functional as F
from torch import Tensor


def draw(case: int, centres: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Unit features [B, D] and proxies [C K, D] with gradients, float64, and labels [B]."""
    generator = torch.Generator().manual_seed(case)
    B, C, D = (int(torch.randint(2, 14, (), generator=generator)) for _ in range(3))
    features = torch.randn(B, D, generator=generator, dtype=torch.float64)
    proxies = torch.randn(C * centres, D, generator=generator, dtype=torch.float64)
    if case % 3 == 0:  # halves make ties
        features, proxies = features.mul(2).round().add(0.25), proxies.mul(2).round().add(0.25)
    labels = torch.randint(0, C, (B,), generator=generator)
    return F.normalize(features).requires_grad_(), F.normalize(proxies).requires_grad_(), labels

"""What "near" means: features made ready to be compared by one matrix product."""

from typing import Literal

import torch
from torch import Tensor

Distance = Literal["cosine", "euclidean"]


def comparable(features: Tensor, distance: Distance) -> Tensor:
    """Features [N, D] in float32 or wider, and of unit length for "cosine".

    A zero vector stays zero: its cosine to everything counts as 0. Features that aren't finite,
    or whose squared length isn't, raise a ValueError.
    """
    if distance not in ("cosine", "euclidean"):
        raise ValueError(f"unknown distance {distance!r}: use 'cosine' or 'euclidean'")
    if features.dim() != 2 or not features.numel():
        raise ValueError(f"features must be [images, elements], not {list(features.shape)}")
    features = features.detach().to(torch.promote_types(features.dtype, torch.float32))
    lengths = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    broken = int((~lengths.square().isfinite()).sum())
    if broken:
        raise ValueError(
            f"{broken} of {len(features)} feature vectors hold NaN, infinite or overflowing "
            "values, so nothing can be ranked by them: did the training diverge?"
        )
    return features / lengths.clamp_min(1e-30) if distance == "cosine" else features


def centre(gallery: Tensor) -> Tensor:
    """What to subtract [D] from queries and gallery before Euclidean distances are compared.

    Distances don't depend on it, but the sums of `offset` do: features far from zero and near each
    other would lose their differences to rounding. It is the middle of each element's range, which
    doesn't depend on the order of the images.
    """
    return gallery.amin(0) / 2 + gallery.amax(0) / 2


def offset(gallery: Tensor, distance: Distance) -> Tensor | None:
    """The term [G] that a product with comparable features lacks to rank a gallery.

    ‖q − g‖² = ‖q‖² − 2 (⟨q, g⟩ − ‖g‖²/2), so that ⟨q, g⟩ − ‖g‖²/2 ranks a query's gallery by
    Euclidean distance. The cosine lacks nothing.
    """
    return -gallery.square().sum(1) / 2 if distance == "euclidean" else None

"""What the mappings are given, checked before anything is computed."""

import torch
from torch import Tensor

FLOATS = (torch.float32, torch.float64)
INTEGERS = (
    torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64,
)  # fmt: skip


def class_labels(labels: Tensor, count: int, name: str = "labels") -> Tensor:
    """The labels [count] as int64, from any integer type.

    Raises ValueError for anything else, such as booleans, floats or another shape.
    """
    if not isinstance(labels, Tensor) or labels.dtype not in INTEGERS:
        kind = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"{name} must be a tensor of whole class numbers, not {kind}: use .long()")
    if labels.shape != (count,):
        raise ValueError(f"{name} must be [{count}], one class each, not {list(labels.shape)}")
    return labels.long()


def check_range(labels: Tensor, classes: int) -> None:
    """Raise ValueError unless every label [B] names one of the `classes` proxies."""
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise ValueError(
            f"label {int(outside[0])} is outside the {classes} proxies (0 to {classes - 1}): "
            "relabel the training classes from 0 without gaps, or make more proxies"
        )


def check_features(features: Tensor, dim: int | None) -> None:
    """Raise ValueError unless features are floats [B, `dim`]; None is for any D."""
    fits = features.ndim == 2 and dim in (None, features.shape[1])
    if not fits or not features.is_floating_point():
        raise ValueError(
            f"features must be floats [B, {'D' if dim is None else dim}], not "
            f"{features.dtype} {list(features.shape)}"
        )


def check_vectors(features: Tensor, others: Tensor, name: str) -> None:
    """Raise ValueError unless features [B, D] can be compared with `others` [N, D], called `name`.

    Both must be float32 or both float64, with D of at least 1.
    """
    if features.dtype != others.dtype or features.dtype not in FLOATS:
        raise ValueError(
            f"features ({features.dtype}) and {name} ({others.dtype}) must both be float32 or "
            "both float64; convert half precision with .float()"
        )
    if features.ndim != 2 or others.ndim != 2 or features.shape[1] != others.shape[1]:
        raise ValueError(
            f"features [B, D] can't be compared with {name} [N, D]: they are "
            f"{list(features.shape)} and {list(others.shape)}"
        )
    if features.shape[1] == 0:
        raise ValueError("features have no elements: D must be at least 1")

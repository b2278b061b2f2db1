"""The gradients of the kernels are of first order: a second one is refused, not wrong."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

Backward = Callable[..., tuple[Tensor | None, ...]]


def first_order(backward: Backward) -> Backward:
    """Make the `backward` of an autograd function raise RuntimeError under `create_graph=True`.

    torch's own `once_differentiable` is not enough: it says nothing where the upstream gradient is
    a constant, and `torch.autograd.grad` goes around the error that it leaves behind.
    """

    @wraps(backward)
    def checked(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "DAM has no second-order gradients: call backward without create_graph=True, or "
                "take the similarities from dam/definition.py, which is plain autograd and meant "
                "for small sizes"
            )
        return backward(ctx, *gradients)

    return checked

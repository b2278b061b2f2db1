"""The compiled loops, loaded or compiled ahead of their first use."""

from types import SimpleNamespace
from typing import Any

import torch

from ..selection import Selection
from .numba_functions import Margins, Squares


@torch.no_grad()
def load() -> None:
    """Load the loops for float32, which takes a second, or compile them, which takes half a minute.

    Processes that are forked from this one have them. Nothing of autograd is started.
    """
    features = torch.zeros(2, 2)
    labels = torch.arange(2)
    for function, arguments in (
        (Margins, (features, features, labels, features, Selection())),
        (Squares, (features, None, labels, labels, Selection())),
    ):
        context: Any = SimpleNamespace(needs_input_grad=(True,) * len(arguments))
        saved = lambda *tensors, into=context: setattr(into, "saved_tensors", tensors)  # noqa: E731
        context.save_for_backward = saved
        result = function.forward(context, *arguments)
        function.backward(context, torch.zeros_like(result))

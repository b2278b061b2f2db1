"""The mappings under torch.compile: left out of its graphs, since numba can't be traced."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")
_eager: dict[Callable[..., object], Callable[..., object]] = {}


def left_out_of_graphs(function: Callable[P, R]) -> Callable[P, R]:
    """Let torch.compile run `function` as it is, between the graphs of what calls it.

    As `torch.compiler.disable` does, which loads the compiler at once, for seconds; here that
    waits until something else has loaded it.
    """

    @wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        if "torch._dynamo" not in sys.modules:
            return function(*arguments, **options)
        if function not in _eager:
            _eager[function] = torch.compiler.disable(function)
        eager: Callable[P, R] = _eager[function]  # type: ignore[assignment]
        return eager(*arguments, **options)

    return call

"""Where the oracles get pytorch-metric-learning from, which nothing but a comparison needs."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from benchmark.errors import UserError


class Oracle(NamedTuple):
    """A loss of another package, and the name it has there; None where it has no answer."""

    source: str
    loss: Callable[..., Tensor | None]


def metric_learning(part: str) -> Any:
    """The module pytorch_metric_learning.`part`; raises UserError where it isn't installed."""
    try:
        return importlib.import_module(f"pytorch_metric_learning.{part}")
    except ModuleNotFoundError as error:
        raise UserError(
            f"the oracles need pytorch-metric-learning ({error}): install requirements-test.txt"
        ) from error

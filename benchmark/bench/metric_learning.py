"""Where the oracles get pytorch-metric-learning from, which nothing but a comparison needs."""

import importlib
from typing import Any

from benchmark.errors import UserError


def metric_learning(part: str) -> Any:
    """The module pytorch_metric_learning.`part`; raises UserError where it isn't installed."""
    try:
        return importlib.import_module(f"pytorch_metric_learning.{part}")
    except ModuleNotFoundError as error:
        raise UserError(
            f"the oracles need pytorch-metric-learning ({error}): install requirements-test.txt"
        ) from error

"""The metrics before the first step, measured once for all arms that start from one network."""

import contextlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from benchmark.data.cache_folder import cache_folder, cache_key
from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.validation import Part, validated


class Kept(Part):
    """What is kept of an evaluation."""

    metrics: dict[str, Annotated[float, Field(allow_inf_nan=True)]]


def untrained_metrics(
    measure: Callable[[], dict[str, float]], origin: dict[str, Any]
) -> dict[str, float]:
    """What `measure` returns, from the user's cache where it was measured before.

    `origin` is JSON and names all that the metrics follow from: weights, data, protocol, device,
    libraries and code. A damaged file of the cache is measured again, and a cache that can't be
    written only costs time.
    """
    path = cache_folder() / "untrained" / f"{cache_key(origin)}.json"
    with contextlib.suppress(OSError, ValueError, RecursionError, UserError):
        return validated(Kept, json.loads(path.read_text(encoding="utf-8"))).metrics
    metrics = measure()
    with contextlib.suppress(UserError):
        write_json(path, {"metrics": metrics})
    return metrics

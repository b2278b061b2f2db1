"""The metrics before the first step, measured once for all arms that start from one network."""

import contextlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from benchmark.data.cache_folder import cache_folder, cache_key
from benchmark.durable import write_json
from benchmark.errors import UserError
from benchmark.evaluation.protocol import Evaluation
from benchmark.validation import Part, validated

FOLDER = "untrained"


class Untrained(Part):
    """What is kept of an evaluation: its metrics, and the digest of what was embedded."""

    metrics: dict[str, Annotated[float, Field(allow_inf_nan=True)]]
    images: str


def untrained_evaluation(measure: Callable[[], Evaluation], origin: dict[str, Any]) -> Untrained:
    """What `measure` finds, from the user's cache where it was measured before.

    `origin` is JSON and names all that the metrics follow from: weights, data, protocol, device,
    libraries and code. Whether the pixels were those that a run sees only its own evaluation can
    tell, by `images`. A damaged file of the cache is measured again, and a cache that can't be
    written only costs time.
    """
    path = cache_folder() / FOLDER / f"{cache_key(origin)}.json"
    with contextlib.suppress(OSError, ValueError, RecursionError, UserError):
        return validated(Untrained, json.loads(path.read_text(encoding="utf-8")))
    measured = measure()
    found = Untrained(metrics=measured.metrics, images=measured.images)
    with contextlib.suppress(UserError):
        write_json(path, found.model_dump())
    return found

"""Where this user's cache lies: what can be made again, but is kept because making it takes time.

The folder is `$DAM_BENCHMARK_CACHE`, else `$XDG_CACHE_HOME/dam-benchmark`, else
`~/.cache/dam-benchmark`.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.paths import expanded

VARIABLE = "DAM_BENCHMARK_CACHE"


def cache_folder() -> Path:
    """The cache folder; it need not exist yet."""
    if own := os.environ.get(VARIABLE):
        return expanded(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (expanded(shared) if shared else Path.home() / ".cache") / "dam-benchmark"


def cache_key(origin: Any) -> str:
    """What names a file of the cache: the SHA-256 of JSON that says what the file follows from."""
    text = json.dumps(origin, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Explain an error while `path` is written, with how to choose another cache folder."""
    try:
        yield
    except UserError as error:  # its remedy is for what is written below --out
        raise UserError(
            f"The cache folder {path.parent} can't be written ({error.__cause__ or error}). "
            f"Name another one in the environment variable {VARIABLE}."
        ) from error

"""Arrays of drawn beetles in the cache folder, as .npz files without objects."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.data.cache_folder import cache_errors, cache_folder
from benchmark.data.rendered.arrays import digest
from benchmark.durable import staged
from benchmark.errors import UserError

Array = npt.NDArray[Any]


def kept(
    name: str, options: dict[str, Any], expected: str | None, make: Callable[[], Array]
) -> Array:
    """The array `name` of these `options`, from the cache folder or else from `make`.

    `expected` is its SHA-256 where it is known. Raises UserError if what `make` returns has
    another one. A file's name is a hash of the options and of the code that draws, and a file that
    is damaged is made again: a .npz holds a checksum.
    """
    path = cache_folder() / f"cues-{name}-{_fingerprint(options)}.npz"
    found = _read(path)
    if found is not None and expected in (None, digest(found)):
        return found
    made = make()
    if expected not in (None, own := digest(made)):
        raise UserError(
            f"The {name} of 'cues' came out with SHA-256 {own}, not {expected}, so results on them "
            f"could not be compared (numpy {np.__version__}). numpy's float32 arithmetic on this "
            "machine doesn't follow IEEE 754: try another build of numpy."
        )
    with cache_errors(path), staged(path) as beside, beside.open("wb") as file:
        np.savez(file, array=made)
    return made


def _fingerprint(options: dict[str, Any]) -> str:
    sha = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(source.read_bytes())
    return sha.hexdigest()[:12]


def _read(path: Path) -> Array | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            array: Array = file["array"]
            return array
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None

"""Arrays that take seconds to make, kept in the cache folder and identified by their SHA-256.

A file that is damaged is made again.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL
from PIL import features

from benchmark.data.cache_folder import cache_errors, cache_folder
from benchmark.durable import write_bytes
from benchmark.errors import UserError

MADE_WITH_PILLOW = "12.3.0"
MADE_WITH_FREETYPE = "2.14.3"

Grey = npt.NDArray[np.uint8]


def digest(array: Grey) -> str:
    """SHA-256 of the array's bytes in row-major order, in hexadecimal."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def _read(path: Path) -> Grey | None:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def _write(path: Path, array: Grey) -> None:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    with cache_errors(path):
        write_bytes(path, content.getvalue())


def cached(name: str, expected: str, shape: tuple[int, ...], make: Callable[[], Grey]) -> Grey:
    """The uint8 array `name` with the SHA-256 `expected`, from the cache or else from `make`.

    Raises UserError if the array that `make` returns has another digest.
    """
    path = cache_folder() / f"{name}-{expected[:12]}.npy"
    kept = _read(path)
    if kept is not None and kept.shape == shape and digest(kept) == expected:
        return kept
    made = make()
    found = digest(made)
    if made.shape != shape or found != expected:
        raise UserError(
            f"The images of '{name}' came out with SHA-256 {found}, not {expected}, so results "
            "on them could not be compared. The digest was taken with Pillow "
            f"{MADE_WITH_PILLOW} and FreeType {MADE_WITH_FREETYPE}; here they are Pillow "
            f"{PIL.__version__} and FreeType {features.version('freetype2')}. "
            f"Install the wheel: pip install pillow=={MADE_WITH_PILLOW}"
        )
    _write(path, made)
    return made

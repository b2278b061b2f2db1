"""Checksums by which a stored result and its files are known to be what was written."""

import hashlib
import json
from pathlib import Path
from typing import Any

SEALED = ("weights.safetensors", "per_query.npz", "log.txt")
"""Files whose SHA-256 stands in the result, where a run has them."""
_CHECKSUM, _FILES = "checksum", "files"


def sealed(result: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`result` with the SHA-256 of the files in `folder`, and one of all its own entries."""
    present = [name for name in SEALED if (folder / name).is_file()]
    result = {**result, _FILES: {name: file_digest(folder / name) for name in present}}
    return {**result, _CHECKSUM: _digest(result)}


def check_seal(result: dict[str, Any]) -> None:
    """Raise ValueError unless a result's entries are those that were written.

    A result without a checksum is one of before there were checksums, which can't be checked.
    """
    if _CHECKSUM in result and result[_CHECKSUM] != _digest(result):
        raise ValueError("its checksum is wrong: it was changed, or the disk damaged it")


def damaged_files(result: dict[str, Any], folder: Path) -> list[str]:
    """What is wrong with the files of a finished run, a sentence each."""
    found = []
    for name, digest in result.get(_FILES, {}).items():
        try:
            if file_digest(folder / name) != digest:
                found.append(f"{name} isn't what the run wrote")
        except FileNotFoundError:
            found.append(f"{name} is missing")
        except OSError as error:
            found.append(f"{name} can't be read ({error.strerror or error})")
    return found


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(result: dict[str, Any]) -> str:
    entries = {key: value for key, value in result.items() if key != _CHECKSUM}
    # A round trip first: what is read back is what counts, and JSON has no tuples.
    text = json.dumps(json.loads(json.dumps(entries)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""Checksums by which a stored result and its files are known to be what was written."""

import hashlib
import json
from pathlib import Path
from typing import Any

SEALED = (
    *("weights.safetensors", "per_query.npz", "elements.npz"),
    *("log.txt", "environment.json", "data.json"),
)
"""Files whose SHA-256 stands in the result, where a run has them."""
_CHECKSUM, _FILES = "checksum", "files"


def sealed(result: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`result` with the SHA-256 of the files in `folder`, and one of all its own entries and
    the run's id, which is the folder's name."""
    present = [name for name in SEALED if (folder / name).is_file()]
    result = {**result, _FILES: {name: file_digest(folder / name) for name in present}}
    return {**result, _CHECKSUM: _digest(result, folder.name)}


def check_seal(result: dict[str, Any], run_id: str) -> None:
    """Raise ValueError unless a result's entries are those that the run `run_id` wrote.

    A result without a checksum is one of before there were checksums, which can't be checked.
    """
    if _CHECKSUM in result and result[_CHECKSUM] != _digest(result, run_id):
        raise ValueError(
            "its checksum is wrong: it was changed, is another run's, or the disk damaged it"
        )


def damaged_files(files: dict[str, str], folder: Path) -> list[str]:
    """What is wrong with a finished run's files, by their SHA-256; a sentence each."""
    found = []
    for name, digest in files.items():
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


def _digest(result: dict[str, Any], run_id: str) -> str:
    entries = {key: value for key, value in result.items() if key != _CHECKSUM}
    # A round trip first: what is read back is what counts, and JSON has no tuples.
    text = json.dumps(json.loads(json.dumps(entries)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{run_id} {text}".encode()).hexdigest()

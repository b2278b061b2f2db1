"""Checkpoints: the state of a run in one safetensors file, checked when it is read.

`checkpoint-<step>.safetensors` holds a run's tensors, and in its metadata two strings: `state`, a
JSON document with the run's id, the step and everything that isn't a tensor, and `sha256`, the
digest of that document and of all tensors. Nothing in it is executed or unpickled, and it names no
other file, so a folder can be moved, copied or given away.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.durable import leftovers, staged

WORK = "training"
"""The folder within a run's that it needs to go on, and nobody needs once it is finished."""
KEPT = 2
"""Checkpoints that stay: the newest, and the one before in case the newest is damaged."""

_NAME = re.compile(r"checkpoint-(\d{9})\.safetensors")
_TENSOR, _ITEMS = "<tensor>", "<items>"
# What a damaged file makes the reader raise; the checksum finds the damage that the reader doesn't.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError, SafetensorError)


class Checkpoints:
    """The checkpoints of the run `run` in `folder`, of which the newest `KEPT` stay.

    `log` gets a sentence for each file that can't be used.
    """

    def __init__(self, folder: Path, run: str, log: Callable[[str], None]) -> None:
        self.folder = folder
        self.run = run
        self.log = log
        self._sound: list[Path] = []

    def save(self, step: int, state: dict[str, Any]) -> Path:
        """Keep the state after `step` steps, then let older checkpoints and leftovers go.

        `state` may hold tensors, numbers, strings, None, and lists and dictionaries of them;
        anything else raises TypeError.
        """
        path = self.folder / f"checkpoint-{step:09d}.safetensors"
        write(path, {"run": self.run, "step": step, "state": state})
        self._sound = [*(old for old in self._sound if old != path), path][-KEPT:]
        for old in [*_files(self.folder), *leftovers(self.folder)]:
            if old not in self._sound:
                old.unlink(missing_ok=True)
        return path

    def newest(self) -> tuple[int, dict[str, Any]] | None:
        """The step and state of the newest sound checkpoint; None where there is none."""
        for path in reversed(_files(self.folder)):
            try:
                content = read(path)
                if content["run"] != self.run:
                    raise ValueError(f"it belongs to the run {content['run']}")
                if path.name != f"checkpoint-{content['step']:09d}.safetensors":
                    raise ValueError(f"it is of step {content['step']}")
            except _DAMAGE as error:
                self.log(f"{path.name} can't be used ({error}); taking the checkpoint before it")
                continue
            self._sound = [path]
            return int(content["step"]), dict(content["state"])
        if _files(self.folder):
            self.log("no checkpoint can be used; training begins anew")
        return None


def resumable(folder: Path) -> bool:
    """Whether the run in `folder` has checkpoints, sound or not."""
    return bool(_files(folder / WORK))


def remove_checkpoints(folder: Path) -> None:
    """Free what the run in `folder` only needed to go on; its result is to be stored before."""
    work = folder / WORK
    if work.is_dir():
        shutil.rmtree(work)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if _NAME.fullmatch(path.name))


def write(path: Path, content: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, None, and lists and dictionaries of them to one file."""
    tensors: dict[str, Tensor] = {}
    document = json.dumps(_without_tensors(content, tensors), separators=(",", ":"))
    metadata = {"state": document, "sha256": _digest(document, tensors)}
    with staged(path) as beside:
        save_file(tensors, beside, metadata)


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote, with all tensors on the CPU.

    Raises one of ValueError, OSError, KeyError, TypeError, RecursionError, MemoryError and
    SafetensorError for a file that isn't what was written.
    """
    with safe_open(path, framework="pt", device="cpu") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if "state" not in metadata or "sha256" not in metadata:
        raise ValueError("it is no checkpoint")
    if metadata["sha256"] != _digest(metadata["state"], tensors):
        raise ValueError("its checksum is wrong")
    content: dict[str, Any] = _with_tensors(json.loads(metadata["state"]), tensors)
    return content


def _digest(document: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the document and of each tensor's name, type, shape and bytes."""
    sha = hashlib.sha256(document.encode())
    for name, tensor in sorted(tensors.items()):
        sha.update(f"\0{name} {tensor.dtype} {list(tensor.shape)}\0".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()


def _without_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """`value` for JSON; each tensor is put into `tensors`, with its name in its place."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        # safetensors refuses tensors that share memory.
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {_TENSOR: name}
    if isinstance(value, dict):
        if not all(isinstance(key, str | int) for key in value):
            raise TypeError(f"a checkpoint holds no dictionary with keys {list(value)[:3]}")
        # JSON has strings for keys; optimisers number their parameters.
        return {_ITEMS: [[key, _without_tensors(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_without_tensors(item, tensors) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a checkpoint holds no {type(value).__name__}")


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_with_tensors(item, tensors) for item in value]
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        return {key: _with_tensors(item, tensors) for key, item in value[_ITEMS]}
    return value

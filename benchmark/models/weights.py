"""Weights from a file into a network, with one message for a file that doesn't fit."""

from collections.abc import Mapping, Set
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.errors import UserError


def hub_file(url: str) -> Path:
    """Where torch hub keeps, or would keep, the weights published at `url`."""
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dictionary that a .safetensors file, or one of torch's, holds."""
    if not path.is_file():
        raise UserError(
            f"backbone.weights: there is no file {path}. Give another path, or "
            "backbone.weights=null for random weights."
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # each kind of damage raises another
        reason = str(error).partition("\n")[0]
        raise UserError(f"backbone.weights: {path} can't be read as weights ({reason})") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError(
            f"backbone.weights: {path} holds no state dictionary, which maps names to tensors; "
            "save just that part of it with torch.save"
        )
    return dict(state)


def load_weights(
    network: nn.Module,
    path: Path,
    *,
    head: str,
    modules: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Load the weights in the file `path` into `network`.

    `head` is the file's name of the classifier, which is left out; `modules` maps its names of
    other modules to the network's, where they differ. Counts of batches aren't needed, and a
    vector may be stored as a row: files from before torch 0.4 hold batch norms so. Raises
    UserError for a file that lacks something, or has other shapes or more than the network.
    """
    state = {}
    for name, value in read_weights(path).items():
        module, dot, kind = name.rpartition(".")
        if module != head:
            state[f"{modules.get(module, module)}{dot}{kind}"] = value
    wanted = {
        name: value
        for name, value in network.state_dict().items()
        if name in state or not name.endswith(".num_batches_tracked")
    }
    for name in state.keys() & wanted.keys():
        if state[name].shape == (1, *wanted[name].shape):
            state[name] = state[name][0]
    shared = state.keys() & wanted.keys()
    faults = {
        "lacks": wanted.keys() - shared,
        "has another shape of": {n for n in shared if state[n].shape != wanted[n].shape},
        "has besides": state.keys() - shared,
    }
    if any(faults.values()):
        what = "; it ".join(f"{kind} {_some(names)}" for kind, names in faults.items() if names)
        raise UserError(
            f"backbone.weights: {path} doesn't hold weights of {type(network).__name__}: it {what}"
        )
    network.load_state_dict(state, strict=False)


def _some(names: Set[str]) -> str:
    first, rest = sorted(names)[:3], len(names) - 3
    return ", ".join(first) + (f" and {rest} more" if rest > 0 else "")

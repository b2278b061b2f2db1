"""Loading weights from a file into a network, with one message for a file that doesn't fit."""

from collections.abc import Callable, Mapping, Set
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.errors import UserError
from benchmark.paths import expanded, is_file

# The name of the backbone's network in a trained model.
OF_A_RUN = "backbone.network."


def weights_file(weights: object, imagenet: Callable[[], Path]) -> Path:
    """The file that a backbone's option `weights` names: "imagenet", or a path."""
    if weights == "imagenet":
        return imagenet()
    if not isinstance(weights, str) or not weights:
        raise UserError(
            f"backbone.weights is imagenet, the path of a file, or null, not {weights!r}."
        )
    return expanded(weights)


def read_weights(path: Path, remedy: str) -> dict[str, Tensor]:
    """The state dictionary in a .safetensors file or in one of torch's.

    `remedy` ends the message about a file without one.
    """
    if not is_file(path):
        raise UserError(
            f"backbone.weights: there is no file {path}. Give another path, or "
            "backbone.weights=null for random weights."
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise UserError(
            f"backbone.weights: {path} can't be read ({error.strerror}). Mend its permissions."
        ) from error
    except Exception as error:  # damage raises many kinds, some of which advise trusting the file
        raise UserError(
            f"backbone.weights: {path} holds no weights that can be read safely. {remedy}"
        ) from error
    named = isinstance(state, dict) and all(isinstance(name, str) for name in state)
    if not named or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(
            f"backbone.weights: {path} holds no state dictionary, which maps names to tensors; "
            "save just that part of it with torch.save."
        )
    return dict(state)


def load_weights(
    network: nn.Module,
    path: Path,
    *,
    head: str,
    remedy: str,
    modules: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Load the weights in the file `path` into `network`.

    `head` is the classifier's name in the file, which is left out; `modules` maps the file's names
    of other modules to the network's, where they differ. Counts of batches aren't needed, and a
    vector may be stored as a row, as in files from before torch 0.4. Raises UserError for a file
    that lacks something, has other shapes or more than the network, or numbers that aren't finite;
    the message ends with the sentence `remedy`. Of a run's weights.safetensors only the backbone's
    part is loaded, which has the network's own names.
    """
    state = {}
    for name, value in _of_backbone(read_weights(path, remedy)).items():
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
        "has numbers that aren't finite in": {n for n in shared if not state[n].isfinite().all()},
    }
    if any(faults.values()):
        what = "; it ".join(f"{kind} {_some(names)}" for kind, names in faults.items() if names)
        raise UserError(
            f"backbone.weights: {path} doesn't hold weights of {type(network).__name__}: it {what}."
            f" {remedy}"
        )
    network.load_state_dict(state, strict=False)


def _of_backbone(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The network's part of a run's weights; other weights as they are."""
    own = {name: value for name, value in state.items() if name.startswith(OF_A_RUN)}
    return {name.removeprefix(OF_A_RUN): value for name, value in own.items()} or state


def _some(names: Set[str]) -> str:
    first, rest = sorted(names)[:3], len(names) - 3
    return ", ".join(first) + (f" and {rest} more" if rest > 0 else "")

"""What tells two networks apart."""

import hashlib

from torch import nn


def digest(module: nn.Module, without: tuple[str, ...] = ()) -> str:
    """SHA-256 of a module's parameters and buffers, names included.

    Those whose names begin with one of `without` are left out.
    """
    sha = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if name.startswith(without):
            continue
        sha.update(name.encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()

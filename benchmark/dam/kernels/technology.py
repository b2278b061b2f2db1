"""Which technology computes the mappings: Triton on a GPU, numba on a CPU, or torch anywhere.

All three give the same result up to rounding. `serving` says which one is used for given features;
`use` fixes it.
"""

import os
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import Literal, get_args

import torch
from torch import Tensor

Technology = Literal["triton", "numba", "torch"]
BLOCK = 1 << 19
# A Triton program holds a whole row of elements in registers.
WIDEST = 4096


class use(AbstractContextManager["use"]):  # noqa: N801 (called like a function)
    """Compute the mappings with `technology` wherever it can serve; None chooses again.

        use("torch")            from now on
        with use("torch"): ...  and as before afterwards

    Features that it can't serve, and mappings that it doesn't have, stay with torch. `block` is how
    many numbers torch holds at a time; it changes results by rounding at most. Raises ValueError
    for an unknown technology, RuntimeError for one that isn't installed.
    """

    technology: Technology | None = None
    block: int = BLOCK

    def __init__(self, technology: Technology | None, block: int = BLOCK) -> None:
        if technology is not None and technology not in get_args(Technology):
            known = ", ".join(get_args(Technology))
            raise ValueError(f"unknown technology {technology!r}; known: {known}")
        if technology in ("triton", "numba") and not is_installed(technology):
            raise RuntimeError(f"{technology} is not installed: install it, or use('torch')")
        if block < 1:
            raise ValueError(f"block must be at least 1, not {block}")
        self._before = use.technology, use.block
        use.technology, use.block = technology, block

    def __exit__(self, *_: object) -> None:
        use.technology, use.block = self._before


def serving(features: Tensor) -> Technology:
    """Which technology computes the mappings of features [B, D] of this type on this device.

    What only torch has stays with it: several centres a class; on a GPU the rule `soft`,
    `contributions` and margins of cosines; on a CPU cosines between pairs.
    """
    if use.technology in (None, "triton") and _triton_can(features):
        return "triton"
    if use.technology in (None, "numba") and _numba_can(features):
        return "numba"
    return "torch"


def _triton_can(features: Tensor) -> bool:
    """float32 of at most `WIDEST` elements, on a GPU that Triton compiles for, or interpreted."""
    if features.dtype != torch.float32 or features.shape[1] > WIDEST or not is_installed("triton"):
        return False
    if features.is_cuda:
        return torch.cuda.get_device_capability(features.device) >= (7, 5)
    return os.environ.get("TRITON_INTERPRET") == "1"


def _numba_can(features: Tensor) -> bool:
    return features.device.type == "cpu" and is_installed("numba")


@cache
def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    return find_spec(package) is not None

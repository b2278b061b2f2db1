"""The mappings on a GPU: where Triton kernels can serve, and the functions that they replace.

Each function takes what its namesake on the CPU takes, less the block, and gives the same to
rounding. Triton is imported on the first call, so that the package loads without it.
"""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from benchmark.dam.selection import Selection, Side

# A program holds a whole row of elements in registers.
WIDEST = 4096


def available(features: Tensor) -> bool:
    """Whether the kernels can serve features [B, D]: float32, on a GPU, D at most `WIDEST`.

    They need Triton, which torch for Linux brings along, and a GPU that Triton compiles for.
    """
    return (
        features.is_cuda
        and features.dtype == torch.float32
        and features.shape[1] <= WIDEST
        and _has_triton()
        and torch.cuda.get_device_capability(features.device) >= (7, 5)
    )


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    rescale: bool,
) -> Tensor:
    """Margins [B, C] with one proxy a class; see `torch_sums.class_margins`."""
    from benchmark.dam.kernels.triton_proxy import Margins

    result: Tensor = Margins.apply(features, proxies, labels, table, selection, rescale)
    return result


def kept_squares(
    features: Tensor,
    references: Tensor | None,
    left: Side,
    right: Side,
    selection: Selection,
    rescale: bool,
) -> Tensor:
    """Squares [B, N]; see `benchmark.dam.kernels.squares.kept_squares`.

    What the sides compare must be the features and references themselves, with labels.
    """
    from benchmark.dam.kernels.triton_pair import Sums

    others = features if references is None else references
    result: Tensor = Sums.apply(features, others, left, right, selection, rescale, False)
    return result[0]


def kept_cosines(
    features: Tensor, references: Tensor, left: Side, right: Side, selection: Selection
) -> Tensor:
    """Cosines [B, N]; see `benchmark.dam.kernels.cosines.kept_cosines`.

    What the sides compare must be the features and references themselves, with labels.
    """
    from benchmark.dam.kernels.triton_pair import Sums

    dot, ours, theirs = Sums.apply(features, references, left, right, selection, False, True)
    lengths: Tensor = (ours * theirs).clamp_min(torch.finfo(dot.dtype).tiny).sqrt()
    return dot / lengths

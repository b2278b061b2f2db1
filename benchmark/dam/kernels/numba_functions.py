"""The mappings on the CPU where numba is installed: the loops of `loops` as autograd functions.

They give what the blocks in torch give, to rounding, several times as fast. Numba is imported on
the first call, so that the package loads without it. The work is dealt to as many threads as torch
has; with the same number of them, results repeat bit for bit.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from benchmark.dam.kernels.first_order import first_order
from benchmark.dam.selection import Selection, Side, kept_count

# Numbers to go through, from which on another thread is worth its start.
SHARE = 1 << 19
# Numbers that the results of all threads may hold together: 1 GiB in float32.
ROOM = 1 << 28


def available(features: Tensor) -> bool:
    """Whether the loops can serve features [B, D]: on the CPU, with numba."""
    return features.device.type == "cpu" and _has_numba()


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def class_margins(
    features: Tensor,
    proxies: Tensor,
    labels: Tensor,
    table: Tensor,
    selection: Selection,
    rescale: bool,
) -> Tensor:
    """Margins [B, C] with one proxy a class; see `torch_sums.class_margins`."""
    result: Tensor = _Margins.apply(features, proxies, labels, table, selection, rescale)
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
    sides = left.labels, right.labels
    result: Tensor = _Squares.apply(features, references, *sides, selection, rescale)
    return result


class _Margins(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        table: Tensor,
        selection: Selection,
        rescale: bool,
    ) -> Tensor:
        from benchmark.dam.kernels import numba_loops as loops

        # The classes of the batch first, the most frequent ahead, and so their samples.
        sizes, classes = labels.bincount(minlength=len(table)).sort(descending=True, stable=True)
        samples = classes.argsort()[labels].argsort(stable=True)
        starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        present = int((sizes > 0).sum())
        result = features.new_empty(len(features), len(table))
        ctx.save_for_backward(features, proxies, table)
        ctx.work = present * len(table) * features.shape[1]
        ctx.arguments = (
            *_arrays(samples, starts, classes),
            *_settings(features, selection, rescale),
            *_sets(features, present, len(table)),
        )
        arguments = *_arrays(features, proxies, table), *ctx.arguments
        _deal(loops.margins, ctx.work, arguments, lambda: (result,))
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        from benchmark.dam.kernels import numba_loops as loops

        features, proxies, table = ctx.saved_tensors
        arguments = *_arrays(features, proxies, table), *ctx.arguments
        learned = features, proxies
        found = _summed(loops.margins_backward, ctx.work, arguments, gradient, *learned)
        return *found, *(None,) * 4


class _Squares(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        references: Tensor | None,
        labels: Tensor,
        reference_labels: Tensor,
        selection: Selection,
        rescale: bool,
    ) -> Tensor:
        from benchmark.dam.kernels import numba_loops as loops

        square = references is None
        others = features if references is None else references
        result = features.new_empty(len(features), len(others))
        ctx.save_for_backward(features, others)
        ctx.work = result.numel() * features.shape[1]
        ctx.arguments = (
            *_arrays(labels, reference_labels),
            square,
            *_settings(features, selection, rescale),
            *_sets(features, *result.shape),
        )
        arguments = *_arrays(features, others), *ctx.arguments
        _deal(loops.squares, ctx.work, arguments, lambda: (result,))
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        from benchmark.dam.kernels import numba_loops as loops

        features, others = ctx.saved_tensors
        arguments = *_arrays(features, others), *ctx.arguments
        learned = ctx.needs_input_grad[1]
        # References without a gradient of their own get no room for one.
        to_features, to_others = _summed(
            loops.squares_backward, ctx.work, arguments, gradient,
            features, others if learned else others[:0],
        )  # fmt: skip
        return to_features, to_others if learned else None, *(None,) * 4


def _arrays(*tensors: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.detach().contiguous().resolve_neg().numpy() for tensor in tensors)


def _settings(features: Tensor, selection: Selection, rescale: bool) -> tuple[Any, ...]:
    """What the loops take: count, seed, inverse, rule, rescale, and the key of infinity."""
    from benchmark.dam.kernels import numba_loops as loops

    infinity = torch.tensor(torch.inf, dtype=features.dtype).view(_integer(features))
    return (
        kept_count(selection.keep, features.shape[1]),
        selection.seed & 0xFFFFFFFF,
        selection.rule == "inverse",
        {"mean": loops.MEAN, "random": loops.RANDOM}.get(selection.rule, loops.SHARE),
        rescale,
        infinity.numpy()[()],
    )


def _integer(features: Tensor) -> torch.dtype:
    return torch.int32 if features.dtype == torch.float32 else torch.int64


def _sets(features: Tensor, rows: int, columns: int) -> tuple[Any, ...]:
    """Room for the kept set of each pair: a limit and a last element."""
    last = torch.int16 if features.shape[1] < 1 << 15 else torch.int32
    return _arrays(*(torch.empty(rows, columns, dtype=kind) for kind in (_integer(features), last)))


def _deal(
    loop: Callable[..., None],
    work: int,
    arguments: tuple[Any, ...],
    results: Callable[[], tuple[Tensor, ...]],
) -> list[tuple[Tensor, ...]]:
    """Run a loop in parts, one a thread, each with results of its own making; return these."""
    threads = torch.get_num_threads()
    made = [results()]
    numbers = sum(tensor.numel() for tensor in made[0])
    parts = max(1, min(threads, work // SHARE, ROOM // max(1, numbers)))
    made += [results() for _ in range(1, parts)]

    def run(part: int) -> None:
        loop(part, parts, *arguments, *_arrays(*made[part]))

    # This thread takes a part as well.
    others = _pool(threads, os.getpid()).map(run, range(1, parts)) if parts > 1 else ()
    run(0)
    list(others)
    return made


def _summed(
    loop: Callable[..., None],
    work: int,
    arguments: tuple[Any, ...],
    gradient: Tensor,
    *like: Tensor,
) -> tuple[Tensor, ...]:
    """The gradients, shaped like these, that a loop finds in its parts."""
    arguments = *arguments, *_arrays(gradient)

    def zeros() -> tuple[Tensor, ...]:
        # In rows, whatever the strides of a tensor: the loop has to fill these, not a copy.
        return tuple(torch.zeros(t.shape, dtype=t.dtype, device=t.device) for t in like)

    parts = _deal(loop, work, arguments, zeros)
    for part in parts[1:]:
        for total, more in zip(parts[0], part, strict=True):
            total += more
    return parts[0]


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The threads of a process; another process, forked from this one, has none of them."""
    return ThreadPoolExecutor(threads)

"""The sums of the mappings on a CPU, as autograd functions around the loops of `numba_loops`.

They equal those in torch up to rounding, and are several times as fast. Numba is imported at the
first call, so that the package loads without it. The work is divided among as many threads as torch
has; with the same number of them, results repeat bit for bit.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ..selection import Selection, kept_count
from .first_order import first_order
from .torch_selection import falling_weights

# Minimum number of elements to work on per extra thread.
SHARE = 1 << 19
# The most numbers that the results of all threads may hold together: 1 GiB in float32.
ROOM = 1 << 28


class Margins(torch.autograd.Function):
    """Margins [B, C] with one proxy a class, or those of cosines; see `kernels.class_margins`."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        table: Tensor,
        selection: Selection,
        cosine: bool = False,
    ) -> Tensor:
        """Select, and sum over what is kept."""
        from . import numba_loops

        # The classes of the batch first, the most frequent ahead, and their samples likewise.
        sizes, classes = labels.bincount(minlength=len(table)).sort(descending=True, stable=True)
        samples = classes.argsort()[labels].argsort(stable=True)
        starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        present = int((sizes > 0).sum())
        result = features.new_empty(len(features), len(table))
        ctx.save_for_backward(features, proxies, table)
        ctx.work = present * len(table) * features.shape[1]
        ctx.arguments = (
            *arrays(samples, starts, classes),
            cosine,
            rules(features, selection),
            *_sets(features, present, len(table)),
        )
        arguments = *arrays(features, proxies, table), *ctx.arguments
        _divide(numba_loops.margins, ctx.work, arguments, lambda: (result,))
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Make masks and differences again, from the sets."""
        from . import numba_loops

        features, proxies, table = ctx.saved_tensors
        arguments = *arrays(features, proxies, table), *ctx.arguments
        learned = features, proxies
        found = _summed(numba_loops.margins_backward, ctx.work, arguments, gradient, *learned)
        return *found, None, None, None, None


class Contributions(torch.autograd.Function):
    """Margins [B, C] in the lowest of their own terms; see `kernels.lowest_contributions`."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, proxies: Tensor, labels: Tensor, selection: Selection
    ) -> Tensor:
        """Select, and sum over what is kept."""
        from . import numba_loops

        result = features.new_empty(len(features), len(proxies))
        ctx.save_for_backward(features, proxies)
        ctx.work = result.numel() * features.shape[1]
        ctx.arguments = (
            *arrays(labels),
            rules(features, selection),
            *_sets(features, *result.shape),
        )
        arguments = *arrays(features, proxies), *ctx.arguments
        _divide(numba_loops.contributions, ctx.work, arguments, lambda: (result,))
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Make the terms again, from the sets."""
        from . import numba_loops

        learned = ctx.saved_tensors
        arguments = *arrays(*learned), *ctx.arguments
        loop = numba_loops.contributions_backward
        return *_summed(loop, ctx.work, arguments, gradient, *learned), None, None


class Squares(torch.autograd.Function):
    """Squared distances [B, N]; see `kernels.kept_squares`.

    What is compared are the features and references themselves.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        references: Tensor | None,
        labels: Tensor,
        reference_labels: Tensor,
        selection: Selection,
    ) -> Tensor:
        """Select, and sum over what is kept."""
        from . import numba_loops

        square = references is None
        others = features if references is None else references
        result = features.new_empty(len(features), len(others))
        ctx.save_for_backward(features, others)
        ctx.work = result.numel() * features.shape[1]
        ctx.arguments = (
            *arrays(labels, reference_labels),
            square,
            rules(features, selection),
            *_sets(features, *result.shape),
        )
        arguments = *arrays(features, others), *ctx.arguments
        _divide(numba_loops.squares, ctx.work, arguments, lambda: (result,))
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Make masks and differences again, from the sets."""
        from . import numba_loops

        features, others = ctx.saved_tensors
        arguments = *arrays(features, others), *ctx.arguments
        learned = ctx.needs_input_grad[1]
        # References without a gradient of their own get no room for one.
        to_features, to_others = _summed(
            numba_loops.squares_backward, ctx.work, arguments, gradient,
            features, others if learned else others[:0],
        )  # fmt: skip
        return to_features, to_others if learned else None, None, None, None


def arrays(*tensors: Tensor) -> tuple[Any, ...]:
    """The tensors as arrays in row-major order: a view where a tensor is so, or else a copy."""
    return tuple(tensor.detach().contiguous().resolve_neg().numpy() for tensor in tensors)


def rules(features: Tensor, selection: Selection) -> Any:
    """The selection, as the loops take it."""
    from . import numba_selection

    dim = features.shape[1]
    infinity = torch.tensor(torch.inf, dtype=features.dtype).view(_integer(features))
    soft = selection.rule == "soft"
    falling = falling_weights(selection.keep, dim) if soft else torch.empty(0)
    size = falling.sum().item() if soft else kept_count(selection.keep, dim)
    kinds = {
        "mean": numba_selection.MEAN,
        "random": numba_selection.RANDOM,
        "soft": numba_selection.SOFT,
    }
    return numba_selection.Rules(
        kept=kept_count(selection.keep, dim),
        seed=selection.seed & 0xFFFFFFFF,
        inverse=selection.rule == "inverse",
        rule=kinds.get(selection.rule, numba_selection.SHARE),
        rescale=selection.rescale,
        scale=dim / size if selection.rescale else 1.0,
        top=infinity.numpy()[()],
        falling=falling.to(features.dtype).numpy(),
    )


def _integer(features: Tensor) -> torch.dtype:
    return torch.int32 if features.dtype == torch.float32 else torch.int64


def _sets(features: Tensor, rows: int, columns: int) -> tuple[Any, ...]:
    """Room for the kept set of each pair: a limit and a last element."""
    last = torch.int16 if features.shape[1] < 1 << 15 else torch.int32
    return arrays(*(torch.empty(rows, columns, dtype=kind) for kind in (_integer(features), last)))


def _divide(
    loop: Callable[..., None],
    work: int,
    arguments: tuple[Any, ...],
    results: Callable[[], tuple[Tensor, ...]],
) -> list[tuple[Tensor, ...]]:
    """Run a loop in parts, one per thread, each filling `results` of its own; return these."""
    threads = torch.get_num_threads()
    made = [results()]
    numbers = sum(tensor.numel() for tensor in made[0])
    parts = max(1, min(threads, work // SHARE, ROOM // max(1, numbers)))
    made += [results() for _ in range(1, parts)]

    def run(part: int) -> None:
        loop(part, parts, *arguments, *arrays(*made[part]))

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
    arguments = *arguments, *arrays(gradient)

    def zeros() -> tuple[Tensor, ...]:
        # In row-major order, whatever a tensor's strides: the loop has to fill these, not a copy.
        return tuple(torch.zeros(t.shape, dtype=t.dtype, device=t.device) for t in like)

    parts = _divide(loop, work, arguments, zeros)
    for part in parts[1:]:
        for total, more in zip(parts[0], part, strict=True):
            total += more
    return parts[0]


@torch.no_grad()
def load() -> None:
    """Load the loops for float32, which takes a second, or compile them, which takes half a minute.

    Processes that are forked from this one have them. Nothing of autograd is started.
    """
    features = torch.zeros(2, 2)
    labels = torch.arange(2)
    for function, arguments in (
        (Margins, (features, features, labels, features, Selection())),
        (Squares, (features, None, labels, labels, Selection())),
    ):
        context: Any = SimpleNamespace(needs_input_grad=(True,) * len(arguments))
        saved = lambda *tensors, into=context: setattr(into, "saved_tensors", tensors)  # noqa: E731
        context.save_for_backward = saved
        result = function.forward(context, *arguments)
        function.backward(context, torch.zeros_like(result))


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The threads of a process; a process forked from this one has none of them."""
    return ThreadPoolExecutor(threads)

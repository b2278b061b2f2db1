"""Functions of pairs in torch alone, block by block: on any device, where nothing faster serves.

No tensor of B x N x D numbers is held, nor the sets: the backward pass makes each block again.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..selection import Selection
from .first_order import first_order
from .technology import use
from .torch_selection import weigh_

Values = Callable[..., Tensor]
Scores = Callable[[slice, slice], Tensor]


class Sets(NamedTuple):
    """The kept sets of B x N pairs, made block by block.

    `scores` gives those [r, c, D] of a block's rows and columns, anew at each call.
    """

    scores: Scores
    shape: tuple[int, int]
    dim: int
    selection: Selection

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """The blocks' rows and columns: at least one, whose result tells the shape of all."""
        rows, columns = self.shape
        step = max(1, use.block // max(1, columns * self.dim))
        width = max(1, columns if step > 1 else use.block // self.dim)
        for top in range(0, max(1, rows), step):
            for start in range(0, max(1, columns), width):
                yield slice(top, top + step), slice(start, start + width)

    def weights(self, rows: slice, columns: slice) -> tuple[Tensor, float | Tensor]:
        """The weights [r, c, D] of the elements in a block, and D / |M|, a number or [r, c]."""
        scores = self.scores(rows, columns)
        shape = scores.shape
        weights, scale = weigh_(scores.flatten(0, 1), self.selection)
        return weights.view(shape), scale.view(shape[:2]) if isinstance(scale, Tensor) else scale


def in_blocks(
    values: Values, ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...], sets: Sets
) -> Tensor:
    """[B, N, ...] from `values(weights, scale, *ours, *theirs)` for blocks of the pairs.

    `ours` [B, ...] come with the rows of the block, `theirs` [N, ...] with its columns; `weights`
    and `scale` are those of `Sets.weights`, of at most as many numbers as `use` allows.
    """
    result: Tensor = _Blocks.apply(values, sets, len(ours), *ours, *theirs)
    return result


class _Blocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Values, sets: Sets, count: int, *inputs: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs)
        ctx.settings = values, sets, count
        result = None
        for rows, columns in sets.blocks():
            parts = _parts(inputs, count, rows, columns)
            found = values(*sets.weights(rows, columns), *parts)
            if result is None:
                result = found.new_empty(*sets.shape, *found.shape[2:])
            result[rows, columns] = found
        assert result is not None
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, (values, sets, count) = ctx.saved_tensors, ctx.settings
        totals = [torch.zeros_like(tensor) for tensor in inputs]
        for rows, columns in sets.blocks():
            parts = [
                part.detach().requires_grad_() for part in _parts(inputs, count, rows, columns)
            ]
            off = torch.autocast(inputs[0].device.type, enabled=False)
            with torch.enable_grad(), off:
                found = values(*sets.weights(rows, columns), *parts)
            found = torch.autograd.grad(found, parts, gradient[rows, columns])
            for total, part in zip(_parts(totals, count, rows, columns), found, strict=True):
                total += part
        return None, None, None, *totals


def _parts(
    inputs: list[Tensor] | tuple[Tensor, ...], count: int, rows: slice, columns: slice
) -> list[Tensor]:
    """The rows of the first `count` tensors and the columns of the others."""
    return [tensor[rows if n < count else columns] for n, tensor in enumerate(inputs)]

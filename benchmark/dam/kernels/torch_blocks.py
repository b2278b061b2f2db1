"""The mappings in torch alone, block by block: on any device, where nothing faster can serve.

No tensor of B x N x D numbers is held, and none of the sets: the backward pass makes each block
again.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benchmark.dam.kernels.first_order import first_order
from benchmark.dam.selection import Selection, Side

Values = Callable[..., Tensor]


def in_blocks(
    values: Values,
    ours: tuple[Tensor, ...],
    theirs: tuple[Tensor, ...],
    left: Side,
    right: Side,
    selection: Selection,
    block: int,
) -> Tensor:
    """[B, N, ...] from `values(mask, scale, *ours, *theirs)` for blocks of the pairs.

    `ours` [B, ...] come with the rows of the block, `theirs` [N, ...] with its columns. The sets
    follow from the differences between `left` (B rows) and `right` (N rows): `mask` [r, c, D] is 1
    where kept and 0 where not, of at most `block` numbers where D allows, and `scale`, a number or
    [r, c], is D / |M|.
    """
    sets = _Sets(left, right, selection, block)
    result: Tensor = _Blocks.apply(values, sets, len(ours), *ours, *theirs)
    return result


class _Sets:
    def __init__(self, left: Side, right: Side, selection: Selection, block: int) -> None:
        self.left, self.right, self.selection = left, right, selection
        self.shape = len(left.values), len(right.values)
        self.dim = left.values.shape[1]
        self.step = max(1, block // max(1, self.shape[1] * self.dim))
        self.width = max(1, self.shape[1] if self.step > 1 else block // self.dim)

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        # At least one, so that without rows or columns too `values` tells the result's shape.
        for top in range(0, max(1, self.shape[0]), self.step):
            for start in range(0, max(1, self.shape[1]), self.width):
                yield slice(top, top + self.step), slice(start, start + self.width)

    def mask(self, rows: slice, columns: slice) -> tuple[Tensor, float | Tensor]:
        ours, theirs = self.left.part(rows), self.right.part(columns)
        scores = (ours.values.unsqueeze(1) - theirs.values).abs_()
        shape = scores.shape
        scores = self.selection.between(ours, theirs, scores)
        kept = self.selection.kept(scores)
        scale = kept.scale(self.dim)
        scale = scale.view(shape[:2]) if isinstance(scale, Tensor) else scale
        return kept.mask_(scores).view(shape), scale


class _Blocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Values, sets: _Sets, count: int, *inputs: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs)
        ctx.settings = values, sets, count
        result = None
        for rows, columns in sets.blocks():
            parts = _parts(inputs, count, rows, columns)
            found = values(*sets.mask(rows, columns), *parts)
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
                found = values(*sets.mask(rows, columns), *parts)
            found = torch.autograd.grad(found, parts, gradient[rows, columns])
            for total, part in zip(_parts(totals, count, rows, columns), found, strict=True):
                total += part
        return None, None, None, *totals


def _parts(
    inputs: list[Tensor] | tuple[Tensor, ...], count: int, rows: slice, columns: slice
) -> list[Tensor]:
    """The rows of the first `count` tensors and the columns of the others."""
    return [tensor[rows if n < count else columns] for n, tensor in enumerate(inputs)]

"""The sums of the pair mapping in Triton kernels, as an autograd function.

With M the kept set of a sample i and a reference j,

    squares   (D / |M|) sum over M of (f_i - r_j)^2
    cosines   <f_i, r_j>_M / (|f_i|_M |r_j|_M)

Masks and differences are made on the fly, in the forward and in the backward pass, where samples
and references exchange their roles. What is held is a set for each pair: two numbers, or three for
the rule `mean`. Each sum is made by one program in a fixed order, so results repeat bit for bit.
"""

# Triton gives types to a kernel's arguments.
# mypy: allow-untyped-defs

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..selection import Selection, Side, kept_count
from .first_order import first_order
from .triton_selection import TILE, is_kept, keys_of, select, settings, warps


@triton.jit(do_not_specialize=["count", "seed"])
def forward_kernel(
    features, references, numbers, labels, reference_numbers, reference_labels,
    limit, last, size, first, ours_squared, theirs_squared,
    N, D, count, seed, RULE: tl.constexpr, COSINE: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """The set of a sample i and a reference j, and the sums over it."""
    j = tl.program_id(0).to(tl.int64)
    i = tl.program_id(1).to(tl.int64)
    element = tl.arange(0, WIDTH)
    inside = element < D
    ours = tl.load(features + i * D + element, inside, 0.0)
    theirs = tl.load(references + j * D + element, inside, 0.0)
    number, other = tl.load(numbers + i), tl.load(reference_numbers + j)
    positive = tl.load(labels + i) == tl.load(reference_labels + j)
    flip = positive != (RULE == "inverse")
    keys = keys_of(ours, theirs, element, number, other, seed, flip, RULE)
    threshold, final, members = select(ours, theirs, keys, element, D, count, flip, RULE)
    pair = i * N + j
    tl.store(limit + pair, threshold)
    tl.store(last + pair, final)
    if RULE == "mean":
        tl.store(size + pair, members)
    kept = is_kept(keys, threshold, final, element) & inside
    if COSINE:
        tl.store(first + pair, tl.sum(tl.where(kept, ours * theirs, 0.0), 0))
        tl.store(ours_squared + pair, tl.sum(tl.where(kept, ours * ours, 0.0), 0))
        tl.store(theirs_squared + pair, tl.sum(tl.where(kept, theirs * theirs, 0.0), 0))
    else:
        difference = tl.where(kept, ours - theirs, 0.0)
        tl.store(first + pair, tl.sum(difference * difference, 0))


@triton.jit(do_not_specialize=["seed"])
def backward_kernel(
    features, references, numbers, labels, reference_numbers, reference_labels,
    limit, last, to_own, to_cross, result, N, D, down, across, seed,
    RULE: tl.constexpr, COSINE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """For a sample i, the sum over j, within M, of to_own[i, j] (f_i - r_j).

    With COSINE, of to_own[i, j] f_i + to_cross[i, j] r_j. `down` and `across` are the strides of
    i and j in the matrices.
    """
    i = tl.program_id(0).to(tl.int64)
    element = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    inside = element < D
    ours = tl.load(features + i * D + element, inside, 0.0)[None, :]
    label = tl.load(labels + i)
    number = tl.load(numbers + i)
    total = tl.zeros([COLUMNS], tl.float32)
    start = 0
    while start < N:
        j = start + tl.arange(0, ROWS)[:, None].to(tl.int64)
        there = j < N
        both = there & inside[None, :]
        theirs = tl.load(references + j * D + element[None, :], both, 0.0)
        flip = (tl.load(reference_labels + j, there, 0) == label) != (RULE == "inverse")
        other = tl.load(reference_numbers + j, there, 0)
        keys = keys_of(ours, theirs, element[None, :], number, other, seed, flip, RULE)
        pair = i * down + j * across
        threshold = tl.load(limit + pair, there, 0)
        final = tl.load(last + pair, there, 0)
        kept = is_kept(keys, threshold, final, element[None, :]) & both
        own = tl.load(to_own + pair, there, 0.0)
        if COSINE:
            pull = own * ours + tl.load(to_cross + pair, there, 0.0) * theirs
        else:
            pull = own * (ours - theirs)
        total += tl.sum(tl.where(kept, pull, 0.0), 0)
        start += ROWS
    tl.store(result + i * D + element, total, inside)


def _integers(side: Side) -> tuple[Tensor, Tensor]:
    """Numbers and labels, as the kernels read them: without strides."""
    assert side.labels is not None
    return side.numbers.contiguous(), side.labels.contiguous()


class Sums(torch.autograd.Function):
    """Sums over M [1, B, N] of (f_i - r_j)^2, times D / |M| where the selection rescales.

    With `cosine`, [3, B, N]: of f_i r_j, of f_i^2 and of r_j^2. What is compared are the features
    and references themselves, and both sides have labels.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        references: Tensor,
        left: Side,
        right: Side,
        selection: Selection,
        cosine: bool,
    ) -> Tensor:
        """Select, and sum over what is kept."""
        features, references = features.contiguous(), references.contiguous()
        (count, dim), width = features.shape, triton.next_power_of_2(features.shape[1])
        result = features.new_empty(3 if cosine else 1, count, len(references))
        limit = torch.empty_like(result[0], dtype=torch.int32)
        last = torch.empty_like(limit)
        size = torch.empty_like(limit) if selection.rule == "mean" else limit
        arguments = settings(selection, dim)
        ours, theirs = _integers(left), _integers(right)
        lengths = result[-2:]
        with torch.cuda.device_of(features):
            forward_kernel[(len(references), count)](
                features, references, *ours, *theirs, limit, last, size,
                result[0], lengths[0], lengths[-1], len(references), dim, **arguments,
                COSINE=cosine, WIDTH=width, num_warps=warps(width),
            )  # fmt: skip
        scale: float | Tensor = 1.0
        if selection.rescale and not cosine:
            scale = dim / (size if selection.rule == "mean" else kept_count(selection.keep, dim))
            result *= scale
        ctx.save_for_backward(features, references, *ours, *theirs, limit, last)
        ctx.settings = {"seed": arguments["seed"], "RULE": selection.rule, "COSINE": cosine}
        ctx.scale = scale
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Make masks and differences again, from the sets."""
        features, references, *sides, limit, last = ctx.saved_tensors
        ours, theirs = sides[:2], sides[2:]
        dim = features.shape[1]
        gradient = (gradient * ctx.scale).contiguous()
        to_own = 2 * gradient[-2:]
        parts = triton.cdiv(dim, TILE["COLUMNS"])
        to_features, to_references = torch.empty_like(features), torch.empty_like(references)
        down, across = limit.stride()
        with torch.cuda.device_of(features):
            backward_kernel[(len(features), parts)](
                features, references, *ours, *theirs, limit, last, to_own[0], gradient[0],
                to_features, len(references), dim, down, across, **ctx.settings, **TILE,
            )  # fmt: skip
            if ctx.needs_input_grad[1]:
                backward_kernel[(len(references), parts)](
                    references, features, *theirs, *ours, limit, last, to_own[-1], gradient[0],
                    to_references, len(features), dim, across, down, **ctx.settings, **TILE,
                )  # fmt: skip
        return to_features, to_references, None, None, None, None

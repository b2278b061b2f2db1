"""The margins of the proxy mapping in Triton kernels, as an autograd function.

    margin[i, j] = (D / |M|) <f_i, w_y - w_j>_M,   y = y_i, M = the kept set of y and j

Masks and differences are made on the fly, in the forward and in the backward pass. What is held is
the set of each pair of a class of the batch (in the row of its first sample) and any class: two
numbers, or three for the rule `mean`. Each sum is made by one program in a fixed order, so results
repeat bit for bit.
"""

# Triton gives types to a kernel's arguments.
# mypy: allow-untyped-defs

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from ..selection import Selection
from .first_order import first_order
from .triton_selection import TILE, is_kept, keys_of, select, settings, warps


@triton.jit(do_not_specialize=["count", "seed"])
def forward_kernel(
    features, proxies, table, labels, order, begin, end, result, limit, last, size,
    C, D, count, seed, RULE: tl.constexpr, RESCALE: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """The set of a class y of the batch and a class j; margins of y's samples over j."""
    j = tl.program_id(0).to(tl.int64)
    place = tl.program_id(1).to(tl.int64)
    if tl.load(begin + place) != place:
        return  # the first sample of a class works for all of them
    y = tl.load(labels + tl.load(order + place))
    element = tl.arange(0, WIDTH)
    inside = element < D
    ours = tl.load(table + y * D + element, inside, 0.0)
    theirs = tl.load(table + j * D + element, inside, 0.0)
    flip = RULE == "inverse"
    keys = keys_of(ours, theirs, element, y, j, seed, flip, RULE)
    threshold, final, number = select(ours, theirs, keys, element, D, count, flip, RULE)
    pair = place * C + j
    tl.store(limit + pair, threshold)
    tl.store(last + pair, final)
    if RULE == "mean":
        tl.store(size + pair, number)
    scale = D / number if RESCALE else 1.0
    kept = is_kept(keys, threshold, final, element) & inside
    own = tl.load(proxies + y * D + element, inside, 0.0)
    other = tl.load(proxies + j * D + element, inside, 0.0)
    difference = tl.where(kept, own - other, 0.0)
    member = place
    while member < tl.load(end + place):
        i = tl.load(order + member)
        feature = tl.load(features + i * D + element, inside, 0.0)
        tl.store(result + i * C + j, scale * tl.sum(feature * difference, 0))
        member += 1


@triton.jit
def _kept(
    ours, theirs, element, y, j, limit, last, size, pair, there, D, count, seed,
    RULE: tl.constexpr, RESCALE: tl.constexpr,
):  # fmt: skip
    """D / |M| where an element is kept and 0 where not, [n, e] for n pairs of classes.

    `ours` and `theirs` are the rows of the classes y and j, and one of them is the same for all
    pairs; `pair` [n, 1] is where the sets lie, and `there` [n, 1] says which exist.
    """
    keys = keys_of(ours, theirs, element, y, j, seed, RULE == "inverse", RULE)
    threshold = tl.load(limit + pair, there, 0)
    kept = is_kept(keys, threshold, tl.load(last + pair, there, 0), element)
    number = tl.load(size + pair, there, 1) if RULE == "mean" else count
    scale = D / number if RESCALE else 1.0
    return tl.where(kept & there, scale, 0.0)


@triton.jit(do_not_specialize=["count", "seed"])
def features_kernel(
    features, proxies, table, labels, row, limit, last, size, gradient, to_features, to_own,
    C, D, count, seed,
    RULE: tl.constexpr, RESCALE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """The gradient of a sample i, and what i adds to that of its own proxy w_y."""
    i = tl.program_id(0).to(tl.int64)
    element = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    inside = element < D
    y = tl.load(labels + i)
    place = tl.load(row + i)
    ours = tl.load(table + y * D + element, inside, 0.0)
    own = tl.load(proxies + y * D + element, inside, 0.0)
    to_feature = tl.zeros([COLUMNS], tl.float32)
    to_proxy = tl.zeros([COLUMNS], tl.float32)
    start = 0
    while start < C:
        j = start + tl.arange(0, ROWS)[:, None].to(tl.int64)
        there = j < C
        both = there & inside[None, :]
        theirs = tl.load(table + j * D + element[None, :], both, 0.0)
        kept = _kept(
            ours[None, :], theirs, element[None, :], y, j, limit, last, size, place * C + j, there,
            D, count, seed, RULE, RESCALE,
        )  # fmt: skip
        weight = tl.load(gradient + i * C + j, there, 0.0)
        other = tl.load(proxies + j * D + element[None, :], both, 0.0)
        difference = tl.where(kept > 0, own[None, :] - other, 0.0)
        to_feature += tl.sum(weight * kept * difference, 0)
        to_proxy += tl.sum(weight * kept, 0)
        start += ROWS
    feature = tl.load(features + i * D + element, inside, 0.0)
    tl.store(to_features + i * D + element, to_feature, inside)
    tl.store(to_own + i * D + element, feature * to_proxy, inside)


@triton.jit(do_not_specialize=["count", "seed"])
def proxies_kernel(
    features, table, labels, row, limit, last, size, gradient, to_own, to_proxies,
    B, C, D, count, seed,
    RULE: tl.constexpr, RESCALE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """The gradient of the proxy of a class j, as another's and as its own samples'."""
    j = tl.program_id(0).to(tl.int64)
    element = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    inside = element < D
    theirs = tl.load(table + j * D + element, inside, 0.0)
    total = tl.zeros([COLUMNS], tl.float32)
    start = 0
    while start < B:
        i = start + tl.arange(0, ROWS)[:, None].to(tl.int64)
        there = i < B
        y = tl.load(labels + i, there, 0)
        both = there & inside[None, :]
        ours = tl.load(table + y * D + element[None, :], both, 0.0)
        pair = tl.load(row + i, there, 0) * C + j
        kept = _kept(
            ours, theirs[None, :], element[None, :], y, j, limit, last, size, pair, there,
            D, count, seed, RULE, RESCALE,
        )  # fmt: skip
        weight = tl.load(gradient + i * C + j, there, 0.0)
        feature = tl.load(features + i * D + element[None, :], both, 0.0)
        own = tl.load(to_own + i * D + element[None, :], both & (y == j), 0.0)
        total += tl.sum(own - weight * kept * feature, 0)
        start += ROWS
    tl.store(to_proxies + j * D + element, total, inside)


class Margins(torch.autograd.Function):
    """Margins [B, C] with one proxy a class; see `kernels.class_margins`."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        proxies: Tensor,
        labels: Tensor,
        table: Tensor,
        selection: Selection,
    ) -> Tensor:
        """Select, and sum over what is kept."""
        features, proxies, table = features.contiguous(), proxies.contiguous(), table.contiguous()
        (count, dim), classes = features.shape, len(table)
        labels = labels.to(torch.int64).contiguous()
        order = labels.argsort(stable=True)
        ordered = labels[order]
        begin = torch.searchsorted(ordered, ordered)
        end = torch.searchsorted(ordered, ordered, right=True)
        result = features.new_empty(count, classes)
        limit = torch.empty(count, classes, dtype=torch.int32, device=features.device)
        last = torch.empty_like(limit)
        size = torch.empty_like(limit) if selection.rule == "mean" else limit
        width = triton.next_power_of_2(dim)
        ctx.settings = settings(selection, dim) | {"RESCALE": selection.rescale}
        with torch.cuda.device_of(features):
            forward_kernel[(classes, count)](
                features, proxies, table, labels, order, begin, end, result,
                limit, last, size, classes, dim,
                **ctx.settings, WIDTH=width, num_warps=warps(width),
            )  # fmt: skip
        row = torch.empty_like(begin).index_copy_(0, order, begin)
        ctx.save_for_backward(features, proxies, table, labels, row, limit, last, size)
        return result

    @staticmethod
    @first_order
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Make masks and differences again, from the sets."""
        features, proxies, table, labels, row, limit, last, size = ctx.saved_tensors
        (count, dim), classes = features.shape, len(table)
        gradient = gradient.contiguous()
        to_features, to_own = torch.empty_like(features), torch.empty_like(features)
        to_proxies = torch.empty_like(proxies)
        parts = triton.cdiv(dim, TILE["COLUMNS"])
        with torch.cuda.device_of(features):
            features_kernel[(count, parts)](
                features, proxies, table, labels, row, limit, last, size, gradient,
                to_features, to_own, classes, dim, **ctx.settings, **TILE,
            )  # fmt: skip
            proxies_kernel[(classes, parts)](
                features, table, labels, row, limit, last, size, gradient, to_own, to_proxies,
                count, classes, dim, **ctx.settings, **TILE,
            )  # fmt: skip
        return to_features, to_proxies, None, None, None

"""Values and gradients on a device in float32 against those on the CPU in float64."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmark.bench.conformance.agreement import value_and_gradients
from benchmark.bench.gpu.checks import Check, at_most

TOLERANCE = 1e-5
FINE, COARSE = 64, 1
"""Numbers between 0 and 1 on the grids: few, so that many differences are equal, or many."""
BATCH, CLASSES, PRESENT = 13, 9, 6


def relative(found: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected number; NaN if one is NaN."""
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    scale = float(expected.abs().max())
    return float((found - expected).abs().max()) / (scale or 1.0)


def compared(
    name: str,
    found: Sequence[Tensor],
    expected: Sequence[Tensor],
    inputs: Sequence[str],
    bound: float = TOLERANCE,
) -> Check:
    """A check of a value and its gradients, by the largest of their differences."""
    names = ("value", *(f"gradient to {name}" for name in inputs))
    pairs = zip(names, found, expected, strict=True)
    differences = {label: relative(ours, theirs) for label, ours, theirs in pairs}
    largest = max(differences.values(), key=lambda number: (math.isnan(number), number))
    finite = all(bool(tensor.isfinite().all()) for tensor in found)
    note = "" if finite else "not finite"
    return at_most(name, largest if finite else math.nan, bound, note, **differences)


def vectors(number: int, dim: int, grid: int, generator: torch.Generator) -> Tensor:
    """Numbers [number, dim] between those of a grid, none of them near zero.

    Their differences are exact in float32 too, so that both precisions keep the same elements.
    """
    drawn = torch.randn(number, dim, generator=generator, dtype=torch.float64)
    away = drawn + drawn.sign() / 2
    return (away.mul(grid).floor() + 0.5) / grid


def labels_of_batch(generator: torch.Generator) -> Tensor:
    """Classes [BATCH] of which some have several samples, and some none."""
    drawn = torch.randint(PRESENT, (BATCH - PRESENT,), generator=generator)
    return torch.cat([torch.arange(PRESENT), drawn])


def seeded(*parts: Any) -> torch.Generator:
    """A generator whose seed follows from what it is for."""
    return torch.Generator().manual_seed(sum(ord(letter) for letter in "".join(map(str, parts))))


def found_on(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], weights: Tensor, device: str
) -> list[Tensor]:
    """Value and gradients on the device, in float32."""
    moved = [tensor.float().to(device) for tensor in inputs]
    found = value_and_gradients(function, *moved, weights=weights.float().to(device))
    assert found is not None
    return found


def expected_of(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], weights: Tensor
) -> list[Tensor]:
    """The same in float64, on the CPU."""
    expected = value_and_gradients(function, *inputs, weights=weights)
    assert expected is not None
    return expected


def drawn_weights(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """The weights of a sum of similarities, whose gradients are compared."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)

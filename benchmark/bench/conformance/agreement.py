"""How far values and gradients are from those of an oracle, over random cases."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

CASES = 200
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@dataclass(frozen=True)
class Agreement:
    """The largest differences of `subject` from an oracle, over `cases` random cases.

    `oracle` is its kind ("formula", "library" or "definition"), `source` its name. `nonzero` counts
    the cases whose value isn't zero, in which there is something to compare. Differences, of the
    value and of its gradient to each input, are relative to the oracle's largest entry, or to 1 if
    that is larger.
    """

    subject: str
    oracle: str
    source: str
    dtype: torch.dtype
    cases: int
    nonzero: int
    value: float
    gradients: dict[str, float]

    @property
    def tolerance(self) -> float:
        """The largest difference that is allowed."""
        return TOLERANCE[self.dtype]

    @property
    def agrees(self) -> bool:
        """Whether no difference is larger than that, or NaN."""
        largest = [self.value, *self.gradients.values()]
        return self.cases > 0 and all(difference <= self.tolerance for difference in largest)


@dataclass(frozen=True)
class Missing:
    """A kind of oracle that `subject` doesn't have, and why."""

    subject: str
    oracle: str
    reason: str

    @property
    def source(self) -> str:
        """The text in place of the oracle's name."""
        return f"none: {self.reason}"


def value_and_gradients(
    function: Callable[..., Tensor | None], *arguments: Tensor, weights: Tensor | None = None
) -> list[Tensor] | None:
    """The value, and its gradient for each floating-point argument, in order.

    For a value that isn't a scalar, the gradients are those of the sum of its entries, weighted by
    `weights` of its shape. An argument that the value doesn't depend on has gradient zero. None if
    the function has no answer.
    """
    arguments = tuple(
        tensor.detach().clone().requires_grad_(tensor.is_floating_point()) for tensor in arguments
    )
    inputs = [tensor for tensor in arguments if tensor.requires_grad]
    value = function(*arguments)
    if value is None:
        return None
    gradients = [torch.zeros_like(tensor) for tensor in inputs]
    if value.requires_grad:
        found = torch.autograd.grad(value, inputs, weights, allow_unused=True)
        gradients = [zero if g is None else g for g, zero in zip(found, gradients, strict=True)]
    return [value.detach(), *gradients]


def largest_differences(found: Sequence[Tensor], expected: Sequence[Tensor]) -> Tensor:
    """The largest difference of each tensor from the expected one [number of tensors].

    It is relative to the expected tensor's largest entry, or to 1 if that is larger. Raises
    ValueError if numbers of entries differ.
    """
    largest = []
    for ours, theirs in zip(found, expected, strict=True):
        if ours.numel() != theirs.numel():
            raise ValueError(
                f"{list(ours.shape)} can't be compared with an oracle's {list(theirs.shape)}"
            )
        ours, theirs = ours.double().flatten(), theirs.double().flatten()
        largest.append((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1))
    return torch.stack(largest)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: with tensors this small, several threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def measure(
    subject: str,
    oracle: str,
    source: str,
    dtype: torch.dtype,
    inputs: Sequence[str],
    compare: Callable[[int], tuple[list[Tensor] | None, list[Tensor] | None]],
    cases: int,
) -> Agreement:
    """Compare `cases` random cases, on one CPU thread.

    `compare` takes the number of a case, and returns value and gradients as found and as expected;
    `inputs` names the inputs of the gradients. Cases in which the oracle has no answer (None) don't
    count and are replaced by others, at most `cases` of them.
    """
    largest = torch.zeros(1 + len(inputs), dtype=torch.float64)
    compared = nonzero = 0
    for case in count():
        if compared == cases or case == 2 * cases:
            break
        found, expected = compare(case)
        if found is None or expected is None:
            continue
        compared += 1
        nonzero += bool(expected[0].any())
        largest = torch.maximum(largest, largest_differences(found, expected))
    value, *gradients = largest.tolist()
    named = dict(zip(inputs, gradients, strict=True))
    return Agreement(subject, oracle, source, dtype, compared, nonzero, value, named)

"""How far what is computed here is from its oracle, over random cases: value and gradients."""

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

    `oracle` is the kind ("formula", "library" or "definition"), `source` its name. `nonzero` counts
    the cases with a value other than zero, in which there is something to compare. Differences,
    of the value and of its gradient to each input, are relative to the oracle's largest entry, or
    to 1 where that is larger.
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
        """What no difference may exceed."""
        return TOLERANCE[self.dtype]

    @property
    def agrees(self) -> bool:
        """Whether none does; not a number does."""
        largest = [self.value, *self.gradients.values()]
        return self.cases > 0 and all(difference <= self.tolerance for difference in largest)


@dataclass(frozen=True)
class Missing:
    """An oracle of the kind `oracle` that `subject` has not, and why."""

    subject: str
    oracle: str
    reason: str

    @property
    def source(self) -> str:
        """What stands for the oracle's name."""
        return f"none: {self.reason}"


def value_and_gradients(
    function: Callable[..., Tensor | None], *arguments: Tensor, weights: Tensor | None = None
) -> list[Tensor] | None:
    """The value, and its gradient for each floating-point argument, in their order.

    A value that isn't a scalar has `weights` of its shape, by which its entries are summed for the
    gradients. An argument that the value doesn't depend on has gradient zero. None where the
    function has no answer.
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


def differences(found: Sequence[Tensor], expected: Sequence[Tensor]) -> Tensor:
    """For each tensor the largest difference from the expected one [number of tensors].

    Relative to the expected tensor's largest entry, or to 1 where that is larger. Raises
    ValueError where numbers of entries differ.
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
    """Compute on one thread: on tensors as small as these, more only wait for each other."""
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
    `inputs` names what the gradients are for. Cases in which the oracle has no answer (None) don't
    count; at most as many more are tried for them.
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
        largest = torch.maximum(largest, differences(found, expected))
    value, *gradients = largest.tolist()
    named = dict(zip(inputs, gradients, strict=True))
    return Agreement(subject, oracle, source, dtype, compared, nonzero, value, named)

"""Training one run in several processes, each with a part of every batch; started by torchrun.

See `benchmark.models.joined` for what each process computes. Weights and optimiser states stay
alike without being sent: all processes begin with the same weights and take the same steps.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

from benchmark.errors import UserError
from benchmark.models.joined import join_batch_norms, processes

PATIENCE = timedelta(hours=6)
"""How long a process waits for the others; one of them may have all the evaluation to do."""
DRAWING = frozenset(("dropout", "drop_block", "random_erasing"))
"""Rivals that draw from the global generator."""


@contextlib.contextmanager
def process_group(device: str) -> Iterator[None]:
    """Join the processes that torchrun started: by gloo on a CPU, by nccl on GPUs.

    Without torchrun there is one process, and nothing to join.
    """
    if "WORLD_SIZE" not in os.environ or int(os.environ["WORLD_SIZE"]) == 1:
        yield
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def share(batch: int) -> slice:
    """The rows of a batch of `batch` images that are this process's.

    Raises UserError where the batch can't be split into equal parts.
    """
    parts = processes()
    if batch % parts:
        raise UserError(
            f"a batch of {batch} images (sampler.classes x sampler.samples) can't be split among "
            f"{parts} processes; start a number of processes that divides it"
        )
    rank = dist.get_rank() if parts > 1 else 0
    return slice(rank * batch // parts, (rank + 1) * batch // parts)


class JoinedOptimWrapper(OptimWrapper):
    """mmengine's wrapper of an optimiser, which sums the network's gradients before each step."""

    def __init__(self, *arguments: Any, network: list[nn.Parameter], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.network = network

    def step(self, **options: Any) -> None:
        """Take a step with the gradient of the whole batch."""
        sum_gradients(self.network)
        super().step(**options)


def sum_gradients(parameters: list[nn.Parameter]) -> None:
    """Replace each gradient by its sum over the processes, in one message."""
    found = [p.grad for p in parameters if p.grad is not None]
    if processes() == 1 or not found:
        return
    joined = torch.cat([gradient.flatten() for gradient in found])
    dist.all_reduce(joined)
    for gradient, total in zip(found, joined.split([g.numel() for g in found]), strict=True):
        gradient.copy_(total.view_as(gradient))


def is_first() -> bool:
    """Whether this is the process that stores and reports; one that is alone is it."""
    return processes() == 1 or dist.get_rank() == 0


def agreed(number: int) -> int:
    """The largest of the processes' numbers, so that all of them do the same."""
    if processes() == 1:
        return number
    largest = torch.tensor(number, device=_message_device())
    dist.all_reduce(largest, dist.ReduceOp.MAX)
    return int(largest)


def from_first(value: Any) -> Any:
    """The first process's value, of strings, numbers, lists and dictionaries, in all of them."""
    if processes() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, 0)
    return values[0]


def joined_digest(own: str) -> str:
    """One digest of those of all processes, alike in all of them; of one process, its own."""
    if processes() == 1:
        return own
    all_digests: list[Any] = [None] * processes()
    dist.all_gather_object(all_digests, own)
    return hashlib.sha256("".join(all_digests).encode()).hexdigest()


def joined(model: nn.Module, optimiser: OptimWrapper, device: str) -> OptimWrapper:
    """Let batch norms see the whole batch, and the optimiser the whole gradient."""
    if processes() == 1:
        return optimiser
    if isinstance(optimiser, AmpOptimWrapper):
        raise UserError(
            "precision=fp16 is for one process, as each would scale its loss by itself; take bf16"
        )
    join_batch_norms(model, device)
    network = [p for name, p in model.named_parameters() if not name.startswith("loss.")]
    return JoinedOptimWrapper(optimiser.optimizer, network=network)


def check_rivals(names: Iterable[str]) -> None:
    """Raise UserError for rivals that draw for a batch as a whole, which parts of it can't do."""
    drawing = sorted(set(names) & DRAWING)
    if processes() > 1 and drawing:
        raise UserError(
            f"rivals: {', '.join(drawing)} draws for a whole batch, which {processes()} processes "
            "with a part each would do otherwise; make such a run in one process"
        )


def _message_device() -> torch.device:
    """Where the backend takes its tensors."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")

"""Training one run in several processes, each with a part of every batch; started by torchrun.

See `benchmark.models.joined` for what each process computes. Weights and optimiser states stay
alike without being sent: all processes begin with the same weights and take the same steps.
"""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from mmengine.optim import OptimWrapper
from torch import nn

from benchmark.errors import UserError
from benchmark.models.joined import processes

PATIENCE = timedelta(hours=6)
"""How long a process waits for the others; one of them may have all the evaluation to do."""


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

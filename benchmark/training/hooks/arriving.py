"""Small results of a step on their way from the device, so that nothing has to wait for it."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

Note = TypeVar("Note")


def on_its_way(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on a device, for which nothing waits."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


class _Sent(NamedTuple, Generic[Note]):
    note: Note
    tensor: Tensor
    event: torch.cuda.Event | None


class Arriving(Generic[Note]):
    """A queue of tensors, each with a note. On a CPU they arrive at once; from a GPU, later."""

    def __init__(self) -> None:
        self._sent: deque[_Sent[Note]] = deque()

    def send(self, note: Note, tensor: Tensor) -> None:
        """Start a tensor on its way; it must not be changed afterwards."""
        tensor = tensor.detach()
        event = None
        if tensor.is_cuda:
            there = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            there.copy_(tensor, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
            tensor = there
        self._sent.append(_Sent(note, tensor, event))

    def take(self, wait: bool = False) -> Iterator[tuple[Note, Tensor]]:
        """Those that have arrived, in order; with `wait` all of them."""
        while self._sent:
            event = self._sent[0].event
            if event is not None:
                if wait:
                    event.synchronize()
                elif not event.query():
                    return
            first = self._sent.popleft()
            yield first.note, first.tensor

"""Memory for the tiles of the blocked work, taken once instead of tile by tile."""

import math

import torch
from torch import Tensor


class Scratch:
    """Buffers that each tile uses again, since fresh memory costs more time than the sums in it."""

    def __init__(self, like: Tensor) -> None:
        self.like = like
        self.buffers: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> Tensor:
        """An array of this shape, values undefined; overwrites the last one of this name."""
        size = math.prod(shape)
        if name not in self.buffers or self.buffers[name].numel() < size:
            self.buffers[name] = torch.empty(size, dtype=self.like.dtype, device=self.like.device)
        return self.buffers[name][:size].view(shape)


class Record:
    """One array for what each tile leaves behind.

    Small arrays that stay, made between large ones that come and go, would leave memory in pieces.
    """

    def __init__(self, like: Tensor, size: int) -> None:
        self.values = like.new_empty(size)
        self.used = 0

    def add(self, values: Tensor) -> Tensor:
        """The same values [n], in the array."""
        place = self.values[self.used : self.used + len(values)]
        self.used += len(values)
        return place.copy_(values)

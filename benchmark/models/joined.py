"""One batch over several processes: the loss sees the features of all of them.

Each process embeds its own part of the batch. The features are gathered, and every process
computes the same loss of the whole batch, so that no pair and no class is missing from it. The
gradient flows back into each process for its own part alone. So each process has a part of the
gradient of the network's weights, and their sum over the processes is the gradient of one process
with the whole batch; the gradient of the loss's own weights (proxies) is complete in each.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


def processes() -> int:
    """How many processes share a batch; 1 where torch.distributed isn't in use."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gathered(part: Tensor) -> Tensor:
    """The parts [b, ...] of all processes, in the order of their ranks: [b * processes, ...].

    Every process must have as many rows. The gradient of a process's own rows comes back to it.
    """
    if processes() == 1:
        return part
    whole: Tensor = _Gather.apply(part)
    return whole


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        ctx.rows = len(part)
        part = part.contiguous()
        parts = [torch.empty_like(part) for _ in range(processes())]
        dist.all_gather(parts, part)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        first = dist.get_rank() * ctx.rows
        return gradient[first : first + ctx.rows]


class JoinedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm that takes its mean and variance in training over the parts of all processes.

    torch's SyncBatchNorm does the same, but only on GPUs.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"batch norm needs [n, channels, ...], not {list(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """Normalised `input` [n, channels, ...]."""
        if not self.training or processes() == 1:
            return super().forward(input)
        self._check_input_dim(input)
        others = [place for place in range(input.ndim) if place != 1]
        size = input.numel() // input.shape[1] * processes()
        shape = [1, -1] + [1] * (input.ndim - 2)
        mean = all_reduce(input.sum(others)) / size
        centred = input - mean.view(shape)
        variance = all_reduce(centred.square().sum(others)) / size
        if self.running_mean is not None and self.running_var is not None:
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
            rate = self.momentum
            if rate is None:
                rate = 1 / int(self.num_batches_tracked)
            with torch.no_grad():
                unbiased = variance * (size / max(1, size - 1))
                self.running_mean.lerp_(mean.to(self.running_mean.dtype), rate)
                self.running_var.lerp_(unbiased.to(self.running_var.dtype), rate)
        normalised = centred * (variance + self.eps).rsqrt().view(shape)
        if self.weight is not None:
            normalised = normalised * self.weight.view(shape) + self.bias.view(shape)
        return normalised


def join_batch_norms(module: nn.Module, device: str) -> nn.Module:
    """The module with every batch norm over the parts of all processes; names stay.

    On a GPU that is torch's SyncBatchNorm.
    """
    if device.startswith("cuda"):
        return nn.SyncBatchNorm.convert_sync_batchnorm(module)
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        joined = JoinedBatchNorm(
            module.num_features,
            module.eps,
            module.momentum,
            module.affine,
            module.track_running_stats,
        )
        joined.train(module.training)
        # The same parameters and buffers, so that an optimiser that holds them still does.
        joined._parameters, joined._buffers = module._parameters, module._buffers
        return joined
    for name, child in module.named_children():
        setattr(module, name, join_batch_norms(child, device))
    return module

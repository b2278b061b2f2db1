"""Images to features, without augmentation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from benchmark.data.dataset import Images
from benchmark.data.loading import in_batches


@contextmanager
def evaluating(model: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Put a model into eval mode, and each of its parts back into its own mode afterwards.

    Parts are put back one by one: a batch norm that is frozen in training stays frozen.
    """
    modes = []
    if isinstance(model, nn.Module):
        modes = [(part, part.training) for part in model.modules()]
        model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def embed(
    model: Callable[[Tensor], Tensor],
    images: Images,
    *,
    batch_size: int,
    device: torch.device | str,
    workers: int = 0,
) -> Tensor:
    """The features [N, D] of all images in their order, float32 on the CPU.

    The model must be on `device` already; it is fed float32 images [n, channels, height, width]
    and gives features [n, D]. `workers` processes decode images ahead, which changes no feature.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if not len(images):
        raise ValueError("there are no images to embed")
    features = []
    with evaluating(model), torch.inference_mode():
        for batch in in_batches(images, batch_size, workers):
            output = model(batch.to(device))
            if output.dim() != 2 or len(output) != len(batch):
                raise ValueError(
                    f"the model must give [{len(batch)}, D] features, not {list(output.shape)}"
                )
            features.append(output.float().cpu())
    return torch.cat(features)

"""Images to features, without augmentation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from benchmark.data.dataset import Images
from benchmark.data.loading import in_batches
from benchmark.evaluation.ranking.memory import Parts


@contextmanager
def evaluating(model: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Put a model into eval mode, and afterwards each of its modules back into its own mode.

    So a batch norm that is frozen in training stays frozen.
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
    on_digests: Callable[[bytes], object] | None = None,
) -> Tensor:
    """The features [N, D] of all images in order, float32 on `device`.

    The model must be on `device` already; it maps images [n, channels, height, width], of the type
    that `images` gives them, to features [n, D]. `workers` processes decode images ahead, which
    doesn't change the features. `on_digests` is called with the digests of each batch's images;
    see `benchmark.data.loading.image_digests`. When memory runs out, the batch is halved; raises
    UserError if even one image is too many.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}")
    if not len(images):
        raise ValueError("there are no images to embed")
    parts = Parts(
        batch_size,
        "images",
        "Take smaller images (transform), a smaller backbone, or the CPU (device=cpu).",
    )
    features: list[Tensor] = []
    with evaluating(model), torch.inference_mode():
        for batch in in_batches(images, batch_size, workers, on_digests):

            def some(first: int, last: int, batch: Tensor = batch) -> Tensor:
                output = model(batch[first:last].to(device, non_blocking=True))
                if output.dim() != 2 or len(output) != last - first:
                    raise ValueError(
                        f"the model must give [{last - first}, D] features, "
                        f"not {list(output.shape)}"
                    )
                return output.float()

            features += parts.run(len(batch), some)
    # Outside of inference mode, so that the features can be used in training.
    return torch.cat(features)

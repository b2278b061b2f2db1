"""A model and a data set to metrics, by the data set's protocol."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.data.dataset import DataSet, Images
from benchmark.evaluation.distance import Distance
from benchmark.evaluation.embed import embed
from benchmark.evaluation.ranks import positive_ranks
from benchmark.evaluation.reid import reid_metrics
from benchmark.evaluation.retrieval import retrieval_metrics


@dataclass(frozen=True)
class Evaluation:
    """`metrics` by name, in [0, 1]: means over `queries` - `left_out` queries.

    `queries` counts all queries; `left_out` counts those that have no positive to find.
    """

    metrics: dict[str, float]
    queries: int
    left_out: int


def evaluate(
    model: Callable[[Tensor], Tensor],
    dataset: DataSet,
    *,
    distance: Distance = "cosine",
    batch_size: int = 64,
    device: torch.device | str = "cpu",
) -> Evaluation:
    """Embed the query and gallery images and measure how well queries find their matches.

    Protocol "retrieval": each query image is searched among the other query images.
    Protocol "reid": each query image is searched in the gallery, without the images of the same
    identity by the same camera and without junk.
    """

    def features(images: Images) -> Tensor:
        return embed(model, images, batch_size=batch_size, device=device).to(device)

    query, gallery = dataset.query, dataset.gallery
    if gallery is None:
        ranks = positive_ranks(features(query.images), query.labels, distance=distance)
        metrics = retrieval_metrics(ranks)
    else:
        if query.cameras is None or gallery.cameras is None:
            raise ValueError(f"{dataset.name}: protocol 'reid' needs the camera of each image")
        ranks = positive_ranks(
            features(query.images),
            query.labels,
            features(gallery.images),
            gallery.labels,
            query_cameras=query.cameras,
            gallery_cameras=gallery.cameras,
            distance=distance,
        )
        metrics = reid_metrics(ranks)
    return Evaluation(metrics, queries=len(query.labels), left_out=ranks.left_out)

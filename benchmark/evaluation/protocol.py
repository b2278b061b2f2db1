"""A model and a data set to metrics, by the data set's protocol."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.analysis.cues_summary import cue_metrics
from benchmark.data.dataset import DataSet, Images
from benchmark.errors import UserError
from benchmark.evaluation.clustering import nmi as clustering_nmi
from benchmark.evaluation.embed import embed
from benchmark.evaluation.per_query import per_query
from benchmark.evaluation.ranking.distance import Distance, compare
from benchmark.evaluation.ranking.ranks import rank_blocks
from benchmark.evaluation.reid import REID
from benchmark.evaluation.retrieval import RETRIEVAL


@dataclass(frozen=True)
class Evaluation:
    """`metrics` by name, in [0, 1]: means over `queries` - `left_out` queries.

    `queries` counts all queries; `left_out` counts those that have no positive to find.
    `per_query` has arrays [queries] in the order of the data set: `label` int64, and float64 for
    each metric but NMI, NaN for queries that are left out. A metric is the mean of its array.
    `images` is a SHA-256, in hexadecimal, of all that was embedded as the network got it, pixels or
    maps: query and gallery images in order, with their types and shapes.
    """

    metrics: dict[str, float]
    queries: int
    left_out: int
    per_query: dict[str, npt.NDArray[np.generic]]
    images: str


def evaluate(
    model: Callable[[Tensor], Tensor],
    dataset: DataSet,
    *,
    distance: Distance = "cosine",
    batch_size: int = 64,
    device: torch.device | str = "cpu",
    workers: int = 0,
    nmi: bool = False,
) -> Evaluation:
    """Embed the query and gallery images and measure how well queries find their matches.

    Protocol "retrieval": each query image is searched among the other query images. `nmi` adds the
    normalised mutual information of classes and k-means clusters, which takes longer.
    Protocol "reid": each query image is searched in the gallery, without the images of the same
    identity by the same camera and without junk. It has no `nmi`: a UserError.
    Where the data set knows its cues, their metrics are added (see
    `benchmark.analysis.cues_summary`). `workers` processes decode images ahead.
    """

    seen = hashlib.sha256()

    def features(images: Images) -> Tensor:
        seen.update(f"{len(images)} images".encode())
        return embed(
            model,
            images,
            batch_size=batch_size,
            device=device,
            workers=workers,
            on_digests=seen.update,
        )

    query, gallery = dataset.query, dataset.gallery
    if gallery is None:
        embedded = features(query.images)
        ranks = rank_blocks(embedded, query.labels, distance=distance)
        found = per_query(ranks, RETRIEVAL)
    else:
        if nmi:
            raise UserError(
                f"{dataset.name}: NMI is measured for retrieval, and this is protocol 'reid': "
                "take nmi out of the configuration"
            )
        if query.cameras is None or gallery.cameras is None:
            raise ValueError(f"{dataset.name}: protocol 'reid' needs the camera of each image")
        ranks = rank_blocks(
            features(query.images),
            query.labels,
            features(gallery.images),
            gallery.labels,
            query_cameras=query.cameras,
            gallery_cameras=gallery.cameras,
            distance=distance,
        )
        found = per_query(ranks, REID)
    metrics = found.means()
    if dataset.cues is not None:
        vectors = compare(embedded, None, distance).queries.exact(slice(None))
        cues = dataset.cues
        metrics |= cue_metrics(vectors, query.labels, cues.names, cues.saliency, cues.values)
    if nmi:
        metrics["nmi"] = clustering_nmi(embedded, query.labels, distance)
    return Evaluation(
        metrics,
        queries=len(query.labels),
        left_out=found.left_out,
        per_query={"label": np.asarray(query.labels, np.int64)}
        | {name: values.numpy() for name, values in found.values.items()},
        images=seen.hexdigest(),
    )

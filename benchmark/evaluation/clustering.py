"""How well clusters of features agree with classes: normalised mutual information."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmark.errors import UserError
from benchmark.evaluation.ranking.distance import Distance, Products, compare
from benchmark.evaluation.ranking.ranks import Ids

ROUNDS = 20


@torch.no_grad()
def nmi(features: Tensor, labels: Ids, distance: Distance = "cosine", *, seed: int = 0) -> float:
    """NMI = 2 I(K; Y) / (H(K) + H(Y)) in [0, 1] between k-means clusters K and classes Y.

    `features` [N, D] are put into as many clusters as there are classes; `labels` [N] are
    integers. The normalisation is the arithmetic mean of the entropies (Manning et al.,
    Introduction to Information Retrieval, 2008, section 16.3), used for metric learning since
    Song et al., CVPR 2016. If both entropies are 0, it is 1. The value depends on `seed`, but not
    on the order of the images.
    """
    y = torch.as_tensor(labels).cpu().numpy()
    if y.shape != features.shape[:1]:
        raise ValueError(f"{len(features)} feature vectors have {len(y)} labels")
    return mutual_information(k_means(features, len(np.unique(y)), distance, seed=seed), y)


def mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """2 I(A; B) / (H(A) + H(B)) of two labellings [N]; 1 where both have a single label."""
    both = _entropy(np.stack([a, b], 1))
    apart = _entropy(a) + _entropy(b)
    # I(A; B) = H(A) + H(B) - H(A, B), which rounding may put below 0.
    return max(0.0, 2 * (apart - both) / apart) if apart else 1.0


def _entropy(labels: np.ndarray) -> float:
    shares = np.unique(labels, axis=0, return_counts=True)[1] / len(labels)
    return -math.fsum(shares * np.log(shares))


def k_means(
    features: Tensor, clusters: int, distance: Distance = "cosine", *, seed: int = 0
) -> npt.NDArray[np.int64]:
    """The cluster [N] of each feature vector [N, D], after 20 rounds of faiss's k-means.

    For "cosine" the vectors are put on the unit sphere first. The first centres are drawn with
    `seed` by k-means++ (Arthur and Vassilvitskii, SODA 2007), at most as many as there are
    different vectors. Vectors are sorted by their values first, so that the order of the images
    doesn't matter. Raises UserError if faiss isn't installed.
    """
    try:
        # Imported here: faiss is optional, and its thread pool should not start with ours.
        import faiss
    except ModuleNotFoundError as error:
        raise UserError(
            "nmi: clusters are found by faiss, which isn't installed. pip install faiss-cpu, or "
            "leave nmi out of the configuration"
        ) from error
    centred = Products(compare(features, None, distance)).single.cpu()
    different, value = centred.unique(dim=0, return_inverse=True)
    order = value.argsort(stable=True)
    vectors = centred[order].numpy()
    kmeans: Any = faiss.Kmeans(
        vectors.shape[1],
        min(clusters, len(different)),
        niter=ROUNDS,
        seed=seed,
        init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
        # Without these bounds faiss warns about small clusters, and samples from large ones.
        min_points_per_centroid=1,
        max_points_per_centroid=len(vectors),
    )
    kmeans.train(vectors)
    found = np.empty(len(vectors), np.int64)
    found[order.numpy()] = kmeans.assign(vectors)[1]
    return found

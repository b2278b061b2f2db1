"""How well clusters of features agree with classes: normalised mutual information."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.evaluation.distance import Distance, comparable, offset
from benchmark.evaluation.ranks import Ids

ROUNDS = 20
# Images whose similarities to all centres are held at once.
IMAGES = 1024


@torch.no_grad()
def nmi(features: Tensor, labels: Ids, distance: Distance = "cosine", *, seed: int = 0) -> float:
    """NMI = 2 I(K; Y) / (H(K) + H(Y)) in [0, 1] between k-means clusters K and classes Y.

    `features` [N, D] are put into as many clusters as there are classes; `labels` [N] are
    integers. The normalisation is the arithmetic mean of the entropies (Manning et al.,
    Introduction to Information Retrieval, 2008, section 16.3), used for metric learning since
    Song et al., CVPR 2016. Where both entropies are 0 it is 1. The value depends on `seed`, and
    not on the order of the images.
    """
    y = torch.as_tensor(labels).cpu().numpy()
    if y.shape != features.shape[:1]:
        raise ValueError(f"{len(features)} feature vectors have {len(y)} labels")
    clusters = k_means(features, len(np.unique(y)), distance, seed=seed).cpu().numpy()
    return mutual_information(clusters, y)


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
) -> Tensor:
    """The cluster [N] of each feature vector [N, D], after 20 rounds of Lloyd's algorithm or fewer.

    Lloyd, Least Squares Quantization in PCM, 1982. For "cosine" the vectors are put on the unit
    sphere first. The first centres are drawn with `seed` as by k-means++, and no more of them than
    there are different vectors; a centre that loses its vectors stays where it is. Vectors are
    taken in the order of their values and equal ones together, so that the order of images changes
    nothing.
    """
    x, image, times = comparable(features, distance).unique(
        dim=0, return_inverse=True, return_counts=True
    )
    centres = _first_centres(x, times, min(clusters, len(x)), seed)
    nearest = torch.full_like(times, -1)
    for _ in range(ROUNDS):
        before = nearest
        bias = offset(centres, "euclidean")
        parts = x.split(IMAGES)
        nearest = torch.cat([F.linear(part, centres, bias).argmax(1) for part in parts])
        if torch.equal(nearest, before):
            break
        sizes = torch.zeros_like(centres[:, :1]).index_add_(0, nearest, times[:, None].to(x))
        sums = torch.zeros_like(centres).index_add_(0, nearest, x * times[:, None])
        centres = torch.where(sizes > 0, sums / sizes.clamp_min(1), centres)
    return nearest[image]


def _first_centres(x: Tensor, times: Tensor, clusters: int, seed: int) -> Tensor:
    """Centres [K, D] among vectors [N, D] that occur `times` [N] times.

    Each is drawn with a probability that grows with the squared distance to the centres before it:
    Arthur and Vassilvitskii, k-means++: The Advantages of Careful Seeding, SODA 2007.
    """
    draws = torch.rand(clusters, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    weight = times.double()
    squared = torch.full_like(weight, torch.inf)
    chosen: list[Tensor] = []
    for draw in draws.to(x.device):
        sums = weight.cumsum(0)
        place = torch.searchsorted(sums, draw * sums[-1], right=True).clamp(max=len(x) - 1)
        chosen.append(place)
        squared = torch.minimum(squared, (x - x[place]).square().sum(1))
        weight = times * squared
    return x[torch.stack(chosen)]

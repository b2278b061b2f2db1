"""The images nearest to a query, for looking at what is retrieved.

Metrics don't need them: they are functions of the ranks of positives, which are counted. The two
agree: a query's best positive has a rank of at most K where fewer than K images of other labels
are as similar as it, and these are among the nearest.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from benchmark.evaluation.ranking.distance import (
    Distance,
    Products,
    compare,
    full_precision,
    squares,
)

Backend = Literal["faiss", "torch"]

Propose = Callable[[Tensor], Tensor]

# Queries that are searched together, and candidates beyond the k-th.
QUERIES = 64
SPARE = 16
# The most neighbours that faiss's GPU indexes find.
GPU_MOST = 2048


@dataclass(frozen=True)
class Neighbours:
    """The gallery images nearest to each query, best first.

    `indices` [Q, k] int64 point into the gallery; `similarities` [Q, k] float64 are cosines, or
    Euclidean distances times -1.
    """

    indices: Tensor
    similarities: Tensor


@torch.no_grad()
def nearest(
    queries: Tensor,
    gallery: Tensor,
    k: int,
    distance: Distance = "cosine",
    *,
    backend: Backend | None = None,
) -> Neighbours:
    """The k gallery images nearest to each query, exactly; at equal similarity the lower index.

    `queries` [Q, D] and `gallery` [G, D] with G ≥ k. `backend` proposes the candidates: faiss
    where it is installed, else torch. Their distances are then computed in float64, and a query
    whose k-th and last candidates are too close to tell apart in float32 is compared with the whole
    gallery. So all backends give the same answer. A query that is in the gallery finds itself.
    """
    if not 1 <= k <= len(gallery):
        raise ValueError(f"k must lie between 1 and the gallery's {len(gallery)} images, not {k}")
    if backend is None:
        backend = "faiss" if importlib.util.find_spec("faiss") else "torch"
    comparison = compare(queries, gallery, distance)
    products = Products(comparison)
    taken = min(len(gallery), k + SPARE)
    propose = (_by_faiss if backend == "faiss" else _by_torch)(products, taken)
    indices, nearest_squares = [], []
    for rows in torch.arange(len(queries), device=queries.device).split(QUERIES):
        exact = comparison.queries.exact(rows)
        centred = products.centred(exact)
        found = propose(centred.float()).sort(1).values
        candidates = comparison.gallery.exact(found.flatten()).unflatten(0, found.shape)
        distances = squares(exact[:, None], candidates)
        best = _best(found, distances, k)
        if taken < len(gallery):
            for row in _unclear(centred, products, distances, k).nonzero().flatten().tolist():
                whole = [squares(exact[row], piece) for _, piece in comparison.gallery.pieces()]
                everything = torch.arange(len(gallery), device=queries.device)
                best[0][row], best[1][row] = _best(everything, torch.cat(whole), k)
        indices.append(best[0])
        nearest_squares.append(best[1])
    found_squares = torch.cat(nearest_squares)
    similar = 1 - found_squares / 2 if distance == "cosine" else -found_squares.sqrt()
    return Neighbours(torch.cat(indices), similar)


def _best(indices: Tensor, distances: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest along the last axis; `indices` ascend, and of equals the lower comes first."""
    ordered = distances.sort(dim=-1, stable=True)
    return indices.gather(-1, ordered.indices[..., :k]), ordered.values[..., :k]


def _unclear(queries: Tensor, products: Products, distances: Tensor, k: int) -> Tensor:
    """Which queries [B] may have one of their k nearest outside the candidates.

    A squared distance in float32 is off by at most (D + 8) u (‖q‖ + ‖g‖)², with u = ε / 2 the
    rounding of one operation; two of them are compared.
    """
    gap = (distances.amax(1) - distances.topk(k, largest=False).values[:, -1]) / products.unit**2
    size = (queries.norm(dim=1) + products.reach).square()
    return gap <= (queries.shape[1] + 8) * torch.finfo(torch.float32).eps * size


def _by_torch(products: Products, k: int) -> Propose:
    bias = products.bias.float()

    def propose(queries: Tensor) -> Tensor:
        with full_precision():
            return torch.addmm(bias, queries, products.single.T).topk(k).indices

    return propose


def _by_faiss(products: Products, k: int) -> Propose:
    # Imported here: faiss is optional, and its thread pool should not start with ours.
    import faiss

    gallery = products.single
    index: Any = faiss.IndexFlatL2(gallery.shape[1])
    if gallery.is_cuda and k <= GPU_MOST and faiss.get_num_gpus():
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), gallery.get_device(), index)
    index.add(gallery.cpu().numpy())

    def propose(queries: Tensor) -> Tensor:
        found = index.search(queries.cpu().contiguous().numpy(), k)[1]
        return torch.from_numpy(found).to(queries.device)

    return propose

"""The images nearest to a query, for looking at what is retrieved.

Metrics don't need them: they are functions of the ranks of positives, which are counted. The two
agree: a query's best positive has a rank of at most K where fewer than K images of other labels
are as similar as it, and these are among the nearest.
"""

import importlib.util
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from benchmark.evaluation.distance import Distance, comparable, offset

Backend = Literal["faiss", "torch"]

# Queries searched together, images looked at beyond the k-th, gallery images scored together.
QUERIES = 64
SPARE = 16
STRIP = 8192
# faiss's GPU indexes find no more.
GPU_MOST = 2048


@dataclass(frozen=True)
class Neighbours:
    """What is nearest to each query, best first.

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
    where it is installed, else torch. They are then scored in float64, and a query whose k-th
    and last candidates are too close for float32 to part is scored against the whole gallery.
    So each backend gives the same answer. A query that is in the gallery finds itself.
    """
    if not 1 <= k <= len(gallery):
        raise ValueError(f"k must lie between 1 and the gallery's {len(gallery)} images, not {k}")
    if backend is None:
        backend = "faiss" if importlib.util.find_spec("faiss") else "torch"
    propose = _propose_faiss if backend == "faiss" else _propose_torch
    q, g = comparable(queries, distance), comparable(gallery, distance).to(queries.device)
    taken = min(len(g), k + SPARE)
    candidates = propose(q.float(), g.float(), taken, distance)
    reach = float(g.square().sum(1).max().sqrt())
    indices, similarities = [], []
    for rows in torch.arange(len(q), device=q.device).split(QUERIES):
        found = candidates[rows].sort(1).values
        scores = _scores(q[rows, None], g[found], distance)
        best = _best(found, scores, k)
        if taken < len(g):
            for row in _unclear(q[rows], scores, k, reach, distance).nonzero().flatten().tolist():
                query = q[rows[row]]
                whole = torch.cat([_scores(query, part, distance) for part in g.split(STRIP)])
                one = _best(torch.arange(len(g), device=q.device), whole, k)
                best[0][row], best[1][row] = one
        indices.append(best[0])
        similarities.append(best[1])
    return Neighbours(torch.cat(indices), torch.cat(similarities))


def _scores(queries: Tensor, gallery: Tensor, distance: Distance) -> Tensor:
    """Similarities over the last axis, summed image by image so that equal images score equally."""
    if distance == "cosine":
        return (queries.double() * gallery.double()).sum(-1)
    return -(queries.double() - gallery.double()).square().sum(-1).sqrt()


def _best(indices: Tensor, scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best along the last axis; `indices` ascend, so a stable sort keeps the lower first."""
    ordered = scores.sort(dim=-1, descending=True, stable=True)
    return indices.gather(-1, ordered.indices[..., :k]), ordered.values[..., :k]


def _unclear(queries: Tensor, scores: Tensor, k: int, reach: float, distance: Distance) -> Tensor:
    """Which queries [B] may have an image outside the candidates that belongs to the k best.

    `reach` is the length of the gallery's longest vector. A float32 sum of D terms is off by at
    most D ε times the sum of their sizes, which is at most ‖q‖ ‖g‖ for a product and
    (‖q‖ + ‖g‖)² for a squared distance; two of them are compared.
    """
    worst, kth = scores.amin(1), scores.topk(k).values[:, -1]
    length = queries.norm(dim=1).double()
    if distance == "cosine":
        size, gap = length * reach, kth - worst
    else:
        size, gap = (length + reach).square(), worst.square() - kth.square()
    return gap <= 2 * queries.shape[1] * torch.finfo(torch.float32).eps * size


def _propose_torch(queries: Tensor, gallery: Tensor, k: int, distance: Distance) -> Tensor:
    bias = offset(gallery, distance)
    parts = queries.split(QUERIES)
    return torch.cat([torch.nn.functional.linear(p, gallery, bias).topk(k).indices for p in parts])


def _propose_faiss(queries: Tensor, gallery: Tensor, k: int, distance: Distance) -> Tensor:
    # Imported here: faiss is optional, and its thread pool should not start with ours.
    import faiss

    index: Any = (faiss.IndexFlatIP if distance == "cosine" else faiss.IndexFlatL2)(
        gallery.shape[1]
    )
    if gallery.is_cuda and k <= GPU_MOST and faiss.get_num_gpus():
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), gallery.get_device(), index)
    index.add(gallery.cpu().contiguous().numpy())
    found = index.search(queries.cpu().contiguous().numpy(), k)[1]
    return torch.from_numpy(found).to(queries.device)

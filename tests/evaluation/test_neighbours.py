"""Nearest images against a sort in float64, from faiss and from torch in one process."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmark.evaluation import nearest, positive_ranks, recall_at_k

HAS_FAISS = importlib.util.find_spec("faiss") is not None
BACKENDS = [
    "torch",
    pytest.param("faiss", marks=pytest.mark.skipif(not HAS_FAISS, reason="faiss isn't installed")),
]


def naive_nearest(q, g, k, distance):
    q, g = q.astype(np.float64), g.astype(np.float64)
    if distance == "cosine":
        q, g = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, g))
        similarity = q @ g.T
    else:
        similarity = -np.sqrt(((q[:, None] - g[None]) ** 2).sum(2))
    order = np.argsort(-similarity.round(12), axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(similarity, order, 1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize(("n", "m", "k"), [(1, 1, 1), (3, 50, 50), (70, 300, 5), (130, 90, 12)])
def test_equals_a_sort(n, m, k, distance, backend):
    rng = np.random.default_rng(n)
    q, g = (rng.normal(size=(size, 24)).astype(np.float32) for size in (n, m))
    found = nearest(torch.from_numpy(q), torch.from_numpy(g), k, distance, backend=backend)
    indices, similarities = naive_nearest(q, g, k, distance)
    assert np.array_equal(found.indices.numpy(), indices)
    assert np.allclose(found.similarities.numpy(), similarities, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("seed", range(3))
def test_the_lower_index_comes_first_at_ties(seed, distance, backend):
    """Far more ties than spare candidates, so that the cut runs through them."""
    rng = np.random.default_rng(seed)
    q, g = (rng.choice([-1.0, 1.0], size=(size, 4)).astype(np.float32) for size in (20, 400))
    found = nearest(torch.from_numpy(q), torch.from_numpy(g), 7, distance, backend=backend)
    assert np.array_equal(found.indices.numpy(), naive_nearest(q, g, 7, distance)[0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("spread", [1e-2, 1e-4, 1e-6])
def test_nearly_parallel_features_keep_their_neighbours(spread, distance, backend):
    """Cosines above 0.9999: distances between unit vectors say which is nearest."""
    rng = np.random.default_rng(0)
    x = (10 * rng.normal(size=24) + spread * rng.normal(size=(300, 24))).astype(np.float32)
    found = nearest(torch.from_numpy(x), torch.from_numpy(x), 9, distance, backend=backend)
    exact = x.astype(np.float64)
    if distance == "cosine":
        exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    squares = ((exact[:, None] - exact[None]) ** 2).sum(2)
    expected = squares.argsort(axis=1, kind="stable")[:, :9]
    assert np.array_equal(found.indices.numpy(), expected)
    best = np.take_along_axis(squares, expected, 1)
    similar = 1 - best / 2 if distance == "cosine" else -np.sqrt(best)
    assert np.allclose(found.similarities.numpy(), similar, rtol=1e-9, atol=0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_images_keep_their_order(backend):
    x = torch.randn(64, generator=torch.Generator().manual_seed(0)).expand(9000, 64)
    found = nearest(x[:3], x, 4, backend=backend)
    assert found.indices.tolist() == [[0, 1, 2, 3]] * 3


@pytest.mark.skipif(not HAS_FAISS, reason="faiss isn't installed")
def test_faiss_is_loaded_on_demand_and_runs_beside_torch():
    """Both bring an OpenMP runtime: use each, with threads, before and after the other."""
    program = """
import sys
import torch
from benchmark.evaluation import nearest
assert "faiss" not in sys.modules
torch.set_num_threads(2)
x = torch.randn(1000, 64, generator=torch.Generator().manual_seed(0))
before = x @ x.T
a = nearest(x, x, 5, backend="torch")
assert "faiss" not in sys.modules
b = nearest(x, x, 5)
assert "faiss" in sys.modules
assert torch.equal(a.indices, b.indices) and torch.equal(a.similarities, b.similarities)
assert torch.equal(a.indices[:, 0], torch.arange(1000))
assert torch.equal(before, x @ x.T)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("k", [0, 5])
def test_k_outside_the_gallery_is_an_error(k):
    with pytest.raises(ValueError, match="between 1 and the gallery's 4 images"):
        nearest(torch.randn(2, 3), torch.randn(4, 3), k)


def recall(found, match, k):
    """Recall@K of neighbours: fewer than k images of other labels are as near as a match."""
    hits = []
    for row, own in zip(found.similarities, match.gather(1, found.indices), strict=True):
        best = row[own].max() if own.any() else torch.inf
        hits.append(own.any() and (row[~own] >= best).sum() < k)
    return np.mean(hits)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("ties", [True, False])
def test_recall_at_k_is_the_same_number_from_neighbours_and_from_ranks(ties, distance, backend):
    """With the K nearest and as many more as a query can have matches, ties take none away."""
    rng = np.random.default_rng(0)
    ql, gl = rng.integers(0, 60, 50), rng.integers(0, 60, 300)
    centres = rng.normal(size=(60, 16))
    q, g = (centres[labels] + rng.normal(size=(len(labels), 16)) for labels in (ql, gl))
    # The length of 16 signs is 4, so that their similarities are exact in float32.
    q, g = (torch.from_numpy(np.sign(x) if ties else x).float() for x in (q, g))
    match = torch.from_numpy(ql[:, None] == gl)
    match = match[match.any(1)]
    q, ql = q[np.isin(ql, gl)], ql[np.isin(ql, gl)]
    ranks = positive_ranks(q, ql, g, gl, distance=distance)
    recalls = []
    for k in (1, 2, 4, 8):
        found = nearest(q, g, k + int(match.sum(1).max()), distance, backend=backend)
        recalls.append(recall(found, match, k))
        assert recalls[-1] == float(recall_at_k(ranks, k).mean())
    assert recalls[0] < recalls[-1] < 1

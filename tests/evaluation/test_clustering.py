"""k-means by its definition, and NMI against scikit-learn."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from benchmark.errors import UserError
from benchmark.evaluation import nmi
from benchmark.evaluation.clustering import k_means, mutual_information

needs_faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="faiss isn't installed")


@pytest.mark.parametrize("seed", range(5))
def test_nmi_equals_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    n, a, b = rng.integers(1, (200, 12, 12))
    x, y = rng.integers(0, a, n), rng.integers(0, b, n)
    x[: n // 2] = y[: n // 2]
    assert mutual_information(x, y) == pytest.approx(normalized_mutual_info_score(y, x), abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ([0, 0, 1, 1], [5, 5, 3, 3], 1.0),
        ([0, 1, 0, 1], [0, 0, 1, 1], 0.0),
        ([0, 0, 0], [0, 1, 2], 0.0),
        ([2, 2], [7, 7], 1.0),
    ],
)
def test_nmi_by_hand(a, b, value):
    assert mutual_information(np.array(a), np.array(b)) == pytest.approx(value, abs=1e-12)


def blobs(seed, spread, classes=8, each=30, elements=6):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    centres = 3 * rng.normal(size=(classes, elements))
    x = centres[labels] + spread * rng.normal(size=(len(labels), elements))
    return torch.from_numpy(x.astype(np.float32)), labels


@needs_faiss
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_nmi_falls_as_classes_mix(distance):
    values = [nmi(*blobs(0, spread), distance) for spread in (0.1, 3.0, 100.0)]
    assert values[0] == 1 > values[1] > values[2] > 0


@needs_faiss
@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_the_nearest_mean(seed):
    """k-means has settled: so it does within 20 rounds on data this small."""
    x, _ = blobs(seed, 0.5)
    clusters = torch.from_numpy(k_means(x, 8, "euclidean", seed=seed))
    used = clusters.unique()
    assert len(used) > 4
    means = torch.stack([x[clusters == k].mean(0) for k in used])
    assert torch.equal(used[torch.cdist(x, means).argmin(1)], clusters)


@needs_faiss
def test_order_does_not_matter_and_the_seed_does():
    x, labels = blobs(1, 2.0)
    order = np.random.default_rng(0).permutation(len(x))
    for seed in range(3):
        assert nmi(x[order], labels[order], seed=seed) == nmi(x, labels, seed=seed)
    assert len({nmi(x, labels, seed=seed) for seed in range(5)}) > 1


@needs_faiss
def test_a_collapsed_model_has_one_cluster():
    labels = np.arange(300) % 7
    x = torch.randn(33, generator=torch.Generator().manual_seed(0)).expand(300, 33)
    assert set(k_means(x, 7)) == {0}
    assert nmi(x, labels) == 0.0


@needs_faiss
def test_clusters_far_from_zero_and_near_each_other():
    x, labels = blobs(0, 0.1)
    for distance in ("cosine", "euclidean"):
        assert nmi(1000 + x / 100, labels, distance) == 1.0


def test_without_faiss_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UserError, match=r"nmi: .* faiss, which isn't installed"):
        nmi(*blobs(0, 0.1))


def test_labels_that_do_not_fit_are_an_error():
    with pytest.raises(ValueError, match="4 feature vectors have 3 labels"):
        nmi(torch.ones(4, 2), np.zeros(3, np.int64))

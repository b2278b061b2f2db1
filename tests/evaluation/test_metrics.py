"""Metrics against pytorch-metric-learning, scikit-learn, and loops over sorted galleries."""

import doctest

import numpy as np
import pytest
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.metrics import average_precision_score

from benchmark.evaluation import positive_ranks, recall_at_k, reid, reid_metrics, retrieval
from benchmark.evaluation.ranks import Ranks
from benchmark.evaluation.retrieval import retrieval_metrics


def clusters(rng, labels, elements=16, noise=1.5):
    """Features that are neither hopeless nor perfect, without ties."""
    centres = rng.normal(size=(labels.max() + 1, elements))
    x = centres[labels] + noise * rng.normal(size=(len(labels), elements))
    return torch.from_numpy(x / np.linalg.norm(x, axis=1, keepdims=True)).float()


@pytest.mark.parametrize("seed", range(3))
def test_retrieval_equals_pytorch_metric_learning(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 40, 150)
    x = clusters(rng, labels)
    names = ("precision_at_1", "r_precision", "mean_average_precision_at_r")
    theirs = AccuracyCalculator(
        include=(*names, "mean_average_precision"), k=None, device=torch.device("cpu")
    ).get_accuracy(x, torch.from_numpy(labels))
    ranks = positive_ranks(x, labels)
    ours = retrieval_metrics(ranks)
    assert 0.1 < ours["recall@1"] < 0.9
    assert [ours["recall@1"], ours["r_precision"], ours["map@r"]] == pytest.approx(
        [theirs[name] for name in names], abs=1e-6
    )
    assert reid.mean_average_precision(ranks) == pytest.approx(theirs["mean_average_precision"])


@pytest.mark.parametrize("seed", range(3))
def test_recall_at_k_equals_a_loop(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 40, 120)
    x = clusters(rng, labels)
    similarity = (x @ x.T).numpy()
    np.fill_diagonal(similarity, -np.inf)
    order = np.argsort(-similarity, axis=1)[:, :-1]
    asked = [i for i in range(120) if (labels == labels[i]).sum() > 1]
    ours = retrieval_metrics(positive_ranks(x, labels))
    for k in (1, 2, 4, 8):
        expected = np.mean([(labels[order[i, :k]] == labels[i]).any() for i in asked])
        assert ours[f"recall@{k}"] == pytest.approx(expected)
    assert ours["recall@1"] < ours["recall@8"]


@pytest.mark.parametrize("seed", range(3))
def test_reid_equals_scikit_learn_query_by_query(seed):
    rng = np.random.default_rng(seed)
    ql, gl = rng.integers(1, 12, 30), rng.integers(-1, 10, 200)
    qc, gc = rng.integers(0, 3, 30), rng.integers(0, 3, 200)
    both = clusters(rng, np.concatenate([ql, np.maximum(gl, 0)]))
    similarity = (both[:30] @ both[30:].T).numpy()
    precision, first = [], []
    for i in range(30):
        searched = (gl != -1) & ~((gl == ql[i]) & (gc == qc[i]))
        match = (gl == ql[i])[searched]
        if match.any():
            scores = similarity[i][searched]
            precision.append(average_precision_score(match, scores))
            first.append(1 + (scores > scores[match].max()).sum())
    ranks = positive_ranks(both[:30], ql, both[30:], gl, query_cameras=qc, gallery_cameras=gc)
    ours = reid_metrics(ranks)
    assert ranks.left_out == 30 - len(precision) > 0
    assert ours["map"] == pytest.approx(np.mean(precision), abs=1e-6)
    for k in (1, 5, 10):
        assert ours[f"cmc@{k}"] == pytest.approx(np.mean(np.array(first) <= k))
    assert 0.1 < ours["cmc@1"] < ours["cmc@10"]


def test_values_by_hand():
    """Two queries with 3 and 1 positives, and one without."""
    ranks = Ranks(torch.tensor([[2, 3, 9], [1, 0, 0], [0, 0, 0]]), torch.tensor([3, 1, 0]))
    assert retrieval_metrics(ranks) == pytest.approx(
        {
            "recall@1": 1 / 2,
            "recall@2": 1,
            "recall@4": 1,
            "recall@8": 1,
            "r_precision": (2 / 3 + 1) / 2,
            "map@r": ((1 / 2 + 2 / 3) / 3 + 1) / 2,
        }
    )
    average = ((1 / 2 + 2 / 3 + 3 / 9) / 3 + 1) / 2
    assert reid_metrics(ranks) == pytest.approx(
        {"cmc@1": 0.5, "cmc@5": 1, "cmc@10": 1, "map": average}
    )


def test_a_perfect_and_a_collapsed_model():
    labels = np.repeat(np.arange(5), 4)
    perfect = retrieval_metrics(positive_ranks(torch.eye(5)[labels], labels))
    assert perfect == dict.fromkeys(perfect, 1.0)
    collapsed = retrieval_metrics(positive_ranks(torch.ones(20, 8), labels))
    assert collapsed == dict.fromkeys(collapsed, 0.0)


def test_undefined_metrics_are_errors():
    nothing = Ranks(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
    for metric in (retrieval_metrics, reid_metrics):
        with pytest.raises(ValueError, match="none of 2 queries has a match"):
            metric(nothing)
    with pytest.raises(ValueError, match="k must be"):
        recall_at_k(nothing, 0)


@pytest.mark.parametrize("module", [retrieval, reid])
def test_examples_in_the_documentation(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed

"""Metrics against pytorch-metric-learning, torchmetrics, scikit-learn, and values by hand."""

import doctest

import numpy as np
import pytest
import torch
from metric_oracles import assert_reid_equals_oracles, assert_retrieval_equals_oracles
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

from benchmark.evaluation import (
    REID,
    RETRIEVAL,
    per_query,
    positive_ranks,
    recall_at_k,
    reid,
    retrieval,
)
from benchmark.evaluation.ranking.ranks import Ranks


def retrieval_metrics(*blocks):
    return per_query(blocks, RETRIEVAL).means()


def reid_metrics(*blocks):
    return per_query(blocks, REID).means()


def clusters(rng, labels, elements=16, noise=1.5):
    """Features [N, D] around one centre a label; a negative label has one too."""
    centres = rng.normal(size=(labels.max() + 2, elements))
    return centres[labels] + noise * rng.normal(size=(len(labels), elements))


def tied(rng, labels, distance):
    """Features whose similarities are exact in float32 and often equal."""
    if distance == "cosine":
        return rng.choice([-1.0, 1.0], size=(len(labels), 4))
    return rng.integers(-2, 3, size=(len(labels), 2)).astype(float)


def negative(rng, labels):
    """Features near two opposite poles, with every class at both: many cosines are near -1."""
    pole = rng.choice([-1.0, 1.0], size=(len(labels), 1))
    return pole * (3 + clusters(rng, labels, noise=0.5))


FEATURES = {
    "clusters": lambda rng, labels, distance: clusters(rng, labels),
    "ties": tied,
    "negative": lambda rng, labels, distance: negative(rng, labels),
}


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", list(FEATURES))
@pytest.mark.parametrize("seed", range(4))
def test_retrieval(seed, kind, distance):
    """Classes of 1 to many images: single images are queries without a match."""
    rng = np.random.default_rng(seed)
    labels = np.minimum(rng.geometric(0.05, 120), 45)
    x = FEATURES[kind](rng, labels, distance).astype(np.float32)
    found = assert_retrieval_equals_oracles(x, labels, distance)
    assert found.left_out > 0


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("cameras", [0, 1, 4])
@pytest.mark.parametrize("kind", list(FEATURES))
@pytest.mark.parametrize("seed", range(2))
def test_reid(seed, kind, cameras, distance):
    """With junk, distractors, and identities of queries that the gallery hasn't."""
    rng = np.random.default_rng(seed)
    ql, gl = rng.integers(1, 15, 40), rng.integers(-1, 12, 160)
    qc, gc = (rng.integers(0, cameras, n) if cameras else None for n in (40, 160))
    both = FEATURES[kind](rng, np.concatenate([ql, gl]), distance).astype(np.float32)
    if cameras == 1:
        ranks = positive_ranks(
            *(torch.from_numpy(both[:40]), ql, torch.from_numpy(both[40:]), gl),
            query_cameras=qc,
            gallery_cameras=gc,
            distance=distance,
        )
        assert per_query([ranks], REID).left_out == 40
        with pytest.raises(ValueError, match="none of 40 queries has a match"):
            reid_metrics(ranks)
        return
    found = assert_reid_equals_oracles(both[:40], ql, both[40:], gl, qc, gc, distance)
    assert 0 < found.left_out < 40


@pytest.mark.parametrize("seed", range(3))
def test_retrieval_equals_pytorch_metric_learning_from_features(seed):
    """Its own search as well as its metrics, where nothing is tied."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 40, 150)
    x = clusters(rng, labels)
    x = torch.from_numpy(x / np.linalg.norm(x, axis=1, keepdims=True)).float()
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
    assert ours["map"] == pytest.approx(theirs["mean_average_precision"], abs=1e-6)


def test_values_by_hand():
    """Two queries with 3 and 1 positives, and one without."""
    ranks = Ranks(torch.tensor([[2, 3, 9], [1, 0, 0], [0, 0, 0]]), torch.tensor([3, 1, 0]))
    average = ((1 / 2 + 2 / 3 + 3 / 9) / 3 + 1) / 2
    assert retrieval_metrics(ranks) == pytest.approx(
        {
            "recall@1": 1 / 2,
            "recall@2": 1,
            "recall@4": 1,
            "recall@8": 1,
            "r_precision": (2 / 3 + 1) / 2,
            "map@r": ((1 / 2 + 2 / 3) / 3 + 1) / 2,
            "map": average,
        }
    )
    assert reid_metrics(ranks) == pytest.approx(
        {"cmc@1": 0.5, "cmc@5": 1, "cmc@10": 1, "map": average, "minp": (3 / 9 + 1) / 2}
    )


def test_values_per_query_by_hand():
    """In two blocks, of which one is wider than the other."""
    blocks = [
        Ranks(torch.tensor([[2, 3, 9], [0, 0, 0]]), torch.tensor([3, 0])),
        Ranks(torch.tensor([[1]]), torch.tensor([1])),
    ]
    found = per_query(blocks, RETRIEVAL)
    assert (found.positives.tolist(), found.left_out) == ([3, 0, 1], 1)
    expected = {
        "recall@1": [0, None, 1],
        "recall@2": [1, None, 1],
        "map@r": [(1 / 2 + 2 / 3) / 3, None, 1],
        "r_precision": [2 / 3, None, 1],
        "map": [(1 / 2 + 2 / 3 + 3 / 9) / 3, None, 1],
    }
    for name, values in expected.items():
        exact = [float("nan") if value is None else value for value in values]
        assert found.values[name].tolist() == pytest.approx(exact, nan_ok=True)
    assert per_query(blocks, REID).values["minp"].tolist()[::2] == pytest.approx([3 / 9, 1])


def test_a_perfect_and_a_collapsed_model():
    labels = np.repeat(np.arange(5), 4)
    perfect = retrieval_metrics(positive_ranks(torch.eye(5)[labels], labels))
    assert perfect == dict.fromkeys(perfect, 1.0)
    collapsed = retrieval_metrics(positive_ranks(torch.ones(20, 8), labels))
    # The three positives come last, in places 17 to 19.
    worst = pytest.approx((1 / 17 + 2 / 18 + 3 / 19) / 3)
    assert collapsed == dict.fromkeys(collapsed, 0.0) | {"map": worst}


def test_undefined_metrics_are_errors():
    for width in (0, 2):
        nothing = Ranks(torch.zeros(2, width, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
        for metric in (retrieval_metrics, reid_metrics):
            with pytest.raises(ValueError, match="none of 2 queries has a match"):
                metric(nothing)
    with pytest.raises(ValueError, match="k must be"):
        recall_at_k(nothing, 0)


@pytest.mark.parametrize("module", [retrieval, reid])
def test_examples_in_the_documentation(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed

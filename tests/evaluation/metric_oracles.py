"""Independent answers: a sort in float64, judged by other packages and by loops.

The sort follows the stated policy for ties, other labels first, so that the packages, which each
break ties in a way of their own, are given a list without any.
"""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.metrics import average_precision_score
from torchmetrics.retrieval import RetrievalHitRate

from benchmark.evaluation import REID, RETRIEVAL, per_query, positive_ranks


def similarities(q, g, distance):
    q, g = q.astype(np.float64), g.astype(np.float64)
    if distance == "cosine":
        q, g = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, g))
        return q @ g.T
    return np.stack([-np.square(row - g).sum(1) for row in q])


def found_lists(similarity, match, searched):
    """For each query: which gallery images are found, best first, and whether each is a match."""
    lists = []
    for row, own, inside in zip(similarity, match, searched, strict=True):
        order = np.lexsort((own, -row.round(12)))
        order = order[inside[order]]
        lists.append((order, own[order]))
    return lists


def hit_rate(lists, k):
    """torchmetrics' Recall@K, from falling scores that end below 0."""
    rate = RetrievalHitRate(empty_target_action="skip", top_k=k)
    lengths = [len(own) for _, own in lists]
    scores = torch.cat([0.5 - torch.arange(length) / length for length in lengths])
    queries = torch.arange(len(lists)).repeat_interleave(torch.tensor(lengths))
    matches = torch.from_numpy(np.concatenate([own for _, own in lists]))
    return float(rate(scores, matches, indexes=queries))


def average_precision(lists):
    """scikit-learn's, query by query."""
    return np.mean(
        [average_precision_score(own, -np.arange(len(own))) for _, own in lists if own.any()]
    )


def inverse_negative_penalty(lists):
    values = []
    for _, own in lists:
        matches, last = 0, 0
        for place, is_match in enumerate(own, start=1):
            if is_match:
                matches, last = matches + 1, place
        if matches:
            values.append(matches / last)
    return np.mean(values)


def accuracy(x, labels, lists):
    """pytorch-metric-learning's metrics of the lists, each query searched among the others."""

    def search(query, k, reference, ref_includes_query):
        assert ref_includes_query and k == len(x) - 1
        order = np.stack([order for order, _ in lists])
        return torch.zeros(order.shape), torch.from_numpy(order)

    names = ("precision_at_1", "r_precision", "mean_average_precision_at_r")
    calculator = AccuracyCalculator(
        include=(*names, "mean_average_precision"),
        k=None,
        device=torch.device("cpu"),
        knn_func=search,
    )
    return calculator.get_accuracy(torch.from_numpy(x), torch.from_numpy(labels))


def assert_retrieval_equals_oracles(x, labels, distance="cosine"):
    """All retrieval metrics of float32 features [N, D], to 1e-6; returns the values per query."""
    ranks = positive_ranks(torch.from_numpy(x), labels, distance=distance)
    found = per_query([ranks], RETRIEVAL)
    ours = found.means()
    match = labels[:, None] == labels
    lists = found_lists(similarities(x, x, distance), match, ~np.eye(len(x), dtype=bool))
    assert found.left_out == sum(not own.any() for _, own in lists)
    theirs = accuracy(x, labels, lists)
    expected = {f"recall@{k}": hit_rate(lists, k) for k in (1, 2, 4, 8)} | {
        "r_precision": theirs["r_precision"],
        "map@r": theirs["mean_average_precision_at_r"],
        "map": theirs["mean_average_precision"],
    }
    assert ours == pytest.approx(expected, abs=1e-6)
    assert ours["recall@1"] == pytest.approx(theirs["precision_at_1"], abs=1e-6)
    assert ours["map"] == pytest.approx(average_precision(lists), abs=1e-6)
    return found


def assert_reid_equals_oracles(q, ql, g, gl, qc, gc, distance="cosine"):
    """All re-identification metrics of float32 features, to 1e-6; returns the values per query."""
    ranks = positive_ranks(
        *(torch.from_numpy(q), ql, torch.from_numpy(g), gl),
        query_cameras=qc,
        gallery_cameras=gc,
        distance=distance,
    )
    match = ql[:, None] == gl
    same_camera = False if qc is None else qc[:, None] == gc
    searched = (gl != -1) & ~(match & same_camera)
    lists = found_lists(similarities(q, g, distance), match, searched)
    found = per_query([ranks], REID)
    assert found.left_out == sum(not own.any() for _, own in lists)
    expected = {f"cmc@{k}": hit_rate(lists, k) for k in (1, 5, 10)} | {
        "map": average_precision(lists),
        "minp": inverse_negative_penalty(lists),
    }
    assert found.means() == pytest.approx(expected, abs=1e-6)
    return found

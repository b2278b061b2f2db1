"""Statistics of single elements, against loops over all pairs and embeddings of known quality."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from benchmark.analysis.elements import (
    recall_without_best,
    single_element_recall,
    variance_ratio,
    well_trained,
)


def loop(features, labels):
    """Recall@1 of each element, with equal shares where several samples are nearest."""
    found = []
    for values in features.T.tolist():
        hits = []
        for i, own in enumerate(values):
            gaps = {j: abs(own - other) for j, other in enumerate(values) if j != i}
            nearest = [j for j, gap in gaps.items() if gap == min(gaps.values())]
            hits.append(np.mean([labels[j] == labels[i] for j in nearest]))
        found.append(np.mean(hits))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_recall_of_single_elements_equals_a_loop(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    labels = rng.integers(-2, 6, n)
    # Whole numbers for ties, of places and of distances; normal ones without.
    features = np.concatenate([rng.integers(0, 9, (n, 4)), rng.normal(size=(n, 3))], 1)
    found = single_element_recall(torch.from_numpy(features), labels)
    assert found.dtype == torch.float64
    assert found.tolist() == pytest.approx(loop(features, labels), abs=1e-12)


def test_recall_of_elements_of_known_quality():
    labels = np.repeat(np.arange(5), 20)
    rng = np.random.default_rng(0)
    perfect, noise = labels + 0.01 * rng.normal(size=100), rng.normal(size=100)
    found = single_element_recall(torch.tensor(np.stack([perfect, noise, 0 * noise], 1)), labels)
    assert found[0] == 1
    assert found[1] == pytest.approx(0.2, abs=0.12)
    assert found[2] == pytest.approx(19 / 99)


def test_variance_ratio_is_the_statistic_of_the_analysis_of_variance():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 80)
    features = rng.normal(size=(80, 5)) + rng.normal(size=(7, 5))[labels]
    expected = [
        stats.f_oneway(*(column[labels == c] for c in range(7))).statistic for column in features.T
    ]
    ratios = variance_ratio(torch.from_numpy(features), labels)
    assert ratios.tolist() == pytest.approx(expected, rel=1e-10)
    for threshold in (1.0, float(np.median(expected)), 1e9):
        count = well_trained(torch.from_numpy(features), labels, threshold)
        assert count == sum(value >= threshold for value in expected)


def test_without_the_best_elements_only_noise_is_left():
    labels = np.repeat(np.arange(10), 10)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 12))
    features[:, :3] += 20 * rng.normal(size=(10, 3))[labels]
    found = recall_without_best(torch.from_numpy(features), labels, [0, 3])
    assert found[0] > 0.9 and found[1] < 0.35
    cosines = F.normalize(torch.from_numpy(features)) @ F.normalize(torch.from_numpy(features)).T
    nearest = cosines.fill_diagonal_(-2).argmax(1).numpy()
    assert found[0] == (labels[nearest] == labels).mean()
    with pytest.raises(ValueError, match="12 of 12 elements can't be removed"):
        recall_without_best(torch.from_numpy(features), labels, [12])

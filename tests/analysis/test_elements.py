"""Element statistics against loops and eigenvalues in float64."""

import numpy as np
import pytest
import torch

from benchmark.analysis import effective_dimension, fisher_ratio


def naive_fisher(features, labels):
    sizes = {c: (labels == c).sum() for c in set(labels.tolist())}
    kept = [i for i in range(len(labels)) if sizes[labels[i]] > 1]
    ratios = []
    for k in range(features.shape[1]):
        x = {i: float(features[i, k]) for i in kept}
        mean = sum(x.values()) / len(x)
        between = within = 0.0
        for c, size in sizes.items():
            if size > 1:
                own = [x[i] for i in kept if labels[i] == c]
                centre = sum(own) / size
                between += size * (centre - mean) ** 2
                within += sum((value - centre) ** 2 for value in own)
        ratios.append(between / within)
    return ratios


@pytest.mark.parametrize("seed", range(5))
def test_fisher_ratio_equals_a_loop(seed):
    rng = np.random.default_rng(seed)
    n, elements = int(rng.integers(20, 90)), int(rng.integers(1, 9))
    labels = rng.integers(-1, 12, n)
    labels[0] = 99  # a class with a single sample
    features = rng.normal(size=(n, elements)) + rng.normal(size=(101, elements))[labels] + 50
    ratios = fisher_ratio(torch.from_numpy(features), labels)
    assert ratios.dtype == torch.float64
    assert ratios.tolist() == pytest.approx(naive_fisher(features, labels), rel=1e-9)


def test_fisher_ratio_finds_the_element_that_tells_classes_apart():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 50)
    features = rng.normal(size=(500, 6))
    features[:, 3] += 3 * labels
    ratios = fisher_ratio(torch.from_numpy(features).float(), labels)
    assert ratios.argmax() == 3 and ratios[3] > 50 * ratios.sort().values[-2]


def test_elements_without_variance():
    """Constant: 0. Constant within each class: infinite. No difference of class means: 0."""
    labels = np.array([0, 0, 0, 1, 1, 1])
    columns = [[0.1] * 6, [0.1] * 3 + [0.7] * 3, [1.0, 2.0, 3.0] * 2]
    features = torch.tensor(columns).T
    assert fisher_ratio(features, labels).tolist() == [0.0, float("inf"), 0.0]


def test_single_samples_change_nothing():
    rng = np.random.default_rng(0)
    labels, features = np.repeat(np.arange(4), 5), torch.from_numpy(rng.normal(size=(20, 3)))
    more = torch.cat([features, 100 * torch.ones(2, 3)])
    assert torch.equal(
        fisher_ratio(more, np.append(labels, [8, 9])), fisher_ratio(features, labels)
    )


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 1, 2]])
def test_too_few_classes_are_an_error(labels):
    with pytest.raises(ValueError, match="two classes with at least two samples"):
        fisher_ratio(torch.randn(4, 2), np.array(labels))


@pytest.mark.parametrize(("n", "elements"), [(50, 8), (5, 30), (200, 1)])
def test_effective_dimension_equals_its_eigenvalues(n, elements):
    rng = np.random.default_rng(n)
    features = 1e4 + 1e-3 * rng.normal(size=(n, elements)) * rng.uniform(0.1, 3, elements)
    values = np.linalg.eigvalsh(np.cov(features.T).reshape(elements, elements))
    expected = values.sum() ** 2 / (values**2).sum()
    assert effective_dimension(torch.from_numpy(features)) == pytest.approx(expected, rel=1e-6)


def test_effective_dimension_of_known_shapes():
    axes = torch.cat([torch.eye(7), -torch.eye(7)])
    assert effective_dimension(axes) == pytest.approx(7.0)
    assert effective_dimension(axes[:, :3] @ torch.ones(3, 5)) == pytest.approx(1.0)
    assert effective_dimension(torch.full((9, 4), 0.1)) == 0.0


def test_broken_features_are_an_error():
    features = torch.ones(4, 2)
    features[1, 1] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinite"):
        effective_dimension(features)
    with pytest.raises(ValueError, match="NaN or infinite"):
        fisher_ratio(features, np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="labels"):
        fisher_ratio(torch.ones(4, 2), np.array([0, 0, 1]))
    with pytest.raises(ValueError, match=r"\[samples, elements\]"):
        effective_dimension(torch.ones(4))

"""Kept sets of class pairs against loops over pairs and elements."""

import numpy as np
import pytest
import torch

from benchmark.analysis.selection import (
    class_pairs,
    discriminativeness,
    kept_elements,
    kept_share,
)
from benchmark.dam import proxy_similarity

SHARES = (0.05, 0.3, 0.8, 1.0)


def draw(seed, ties=False):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 9)), int(rng.integers(1, 20))
    values = rng.integers(-2, 3, size) if ties else rng.normal(size=size)
    return torch.from_numpy(values.astype(np.float64))


def naive_set(proxies, a, b, rule, keep):
    """The kept indices of one pair by Python's own sort, which is stable."""
    difference = [abs(float(x) - float(y)) for x, y in zip(proxies[a], proxies[b], strict=True)]
    elements = range(len(difference))
    if rule == "all":
        return set(elements)
    if rule == "mean":
        mean = sum(difference) / len(difference)
        return {k for k in elements if difference[k] <= mean}
    sign = -1 if rule == "inverse" else 1
    count = max(1, round(keep * len(difference)))
    return set(sorted(elements, key=lambda k: sign * difference[k])[:count])


@pytest.mark.parametrize("rule", ["quantile", "inverse", "mean", "all"])
@pytest.mark.parametrize("seed", range(6))
def test_kept_sets_equal_a_loop(rule, seed):
    # Whole numbers tie at the threshold; their mean is not exact, so the mean rule gets none.
    proxies = draw(seed, ties=seed % 2 == 1 and rule != "mean")
    pairs = class_pairs(len(proxies))
    for keep in SHARES:
        kept = kept_elements(proxies, pairs, rule, keep)
        found = [set(row.nonzero().flatten().tolist()) for row in kept]
        assert found == [naive_set(proxies, a, b, rule, keep) for a, b in pairs.tolist()]


@pytest.mark.parametrize("rule", ["quantile", "inverse", "mean", "random", "all"])
@pytest.mark.parametrize("block", [1, 7, 40, 1 << 20])
def test_the_share_is_the_mean_of_the_sets_whatever_the_block(rule, block):
    for seed in range(6):
        proxies = draw(seed, ties=seed % 2 == 1)
        kept = kept_elements(proxies, class_pairs(len(proxies)), rule, 0.6, seed=seed)
        share = kept_share(proxies, rule, 0.6, seed=seed, block=block)
        assert share.tolist() == kept.double().mean(0).tolist()


def test_no_more_pairs_are_held_than_the_block_allows(monkeypatch):
    held = []

    def counting(proxies, pairs, *args, **options):
        held.append(pairs.shape[0] * proxies.shape[1])
        return kept_elements(proxies, pairs, *args, **options)

    monkeypatch.setattr("benchmark.analysis.selection.kept_elements", counting)
    kept_share(torch.randn(30, 8), block=40)
    assert max(held) == 40 and sum(held) == 30 * 29 / 2 * 8


@pytest.mark.parametrize("rule", ["quantile", "inverse", "mean", "random"])
def test_these_are_the_sets_that_the_method_uses(rule):
    """Feature e_k sees a margin in S_dam just where element k is kept."""
    proxies = torch.randn(4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features = torch.eye(9, dtype=torch.float64)
    for a, b in class_pairs(4).tolist():
        labels = torch.full((9,), a)
        S = proxy_similarity(features, proxies, labels, rule, 0.4, seed=3)
        kept = kept_elements(proxies, torch.tensor([[a, b]]), rule, 0.4, seed=3)[0]
        assert torch.equal(S[:, a] != S[:, b], kept)


def test_pairs_and_differences():
    assert class_pairs(4).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    proxies = torch.tensor([[0.0, 1.0], [2.0, -1.0], [0.5, 0.0]], requires_grad=True)
    difference = discriminativeness(proxies, torch.tensor([[0, 1], [2, 0]]))
    assert difference.tolist() == [[2.0, 2.0], [0.5, 1.0]]
    assert not difference.requires_grad


def test_random_is_drawn_by_its_seed():
    proxies = torch.randn(5, 30, generator=torch.Generator().manual_seed(0))
    draws = [kept_elements(proxies, class_pairs(5), "random", 0.5, seed=s) for s in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_wrong_input_is_an_error():
    with pytest.raises(ValueError, match="two classes"):
        kept_share(torch.ones(1, 4))
    with pytest.raises(ValueError, match="unknown rule"):
        kept_share(torch.ones(3, 4), "median")
    with pytest.raises(ValueError, match="keep must be"):
        kept_elements(torch.ones(3, 4), class_pairs(3), keep=0)

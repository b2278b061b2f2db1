"""Both ways to count what is nearer than a positive, against the definition."""

import numpy as np
import pytest
import torch

from benchmark.evaluation.ranking.counting import Block, count_in_loops, count_in_torch
from benchmark.evaluation.ranking.distance import Products, compare

WAYS = [count_in_loops, count_in_torch]


def some_block(kind, dtype, seed=0, images=200, queries=30):
    """Queries of a gallery with up to 40 positives each; row 3 has none, image 5 doesn't count."""
    rng = np.random.default_rng(seed)
    features = {
        "far": lambda: 100 + 0.01 * rng.normal(size=(images, 6)),
        "plain": lambda: rng.normal(size=(images, 6)),
        "ties": lambda: rng.integers(0, 2, (images, 6)).astype(float) + 1,
        "equal": lambda: np.ones((images, 6)),
    }[kind]()
    x = torch.from_numpy(features).float()
    comparison = compare(x[:queries], x, "euclidean")
    rows = torch.arange(queries)
    similarities = torch.empty(queries, images, dtype=dtype)
    window = Products(comparison).fill(rows, similarities)
    counts = torch.from_numpy(rng.integers(1, 41, queries))
    counts[3] = 0
    images_of = torch.from_numpy(rng.permuted(np.tile(np.arange(6, images), (queries, 1)), axis=1))
    same = similarities.gather(1, images_of[:, :40])
    same[torch.arange(40) >= counts[:, None]] = -torch.inf
    thresholds, order = same.sort(1, descending=True)
    positives = images_of[:, :40].gather(1, order)
    for row, own, count in zip(similarities, positives, counts, strict=True):
        row[own[:count]] = -torch.inf
    similarities[:, 5] = -torch.inf
    block = Block(rows, similarities, positives, thresholds, counts, window)
    distances = torch.cdist(
        x[:queries].double(), x.double(), compute_mode="donot_use_mm_for_euclid_dist"
    )
    others = distances.where(similarities > -torch.inf, torch.inf)
    expected = [
        [int((others[row] <= distances[row, own] * (1 + 1e-12)).sum()) for own in owns[:count]]
        for row, (owns, count) in enumerate(zip(positives, counts, strict=True))
    ]
    return comparison, block, expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["far", "plain", "ties", "equal"])
def test_counts_equal_the_definition(kind, dtype, way):
    comparison, block, expected = some_block(kind, dtype)
    nearer, settled = way(comparison, block, 10**9)
    assert settled.all()
    found = [row[:count].tolist() for row, count in zip(nearer, block.counts, strict=True)]
    assert found == expected


@pytest.mark.parametrize("way", WAYS)
def test_a_row_that_would_take_too_many_comparisons_is_not_settled(way):
    comparison, block, _ = some_block("ties", torch.float32)
    settled = way(comparison, block, 0)[1]
    assert settled.tolist() == [not count for count in block.counts]
    comparison, block, _ = some_block("equal", torch.float32)
    assert way(comparison, block, 0)[1].all()


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_share_the_rows(threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        comparison, block, expected = some_block("plain", torch.float32)
        nearer, _ = count_in_loops(comparison, block, 10**9)
    finally:
        torch.set_num_threads(before)
    assert [r[:c].tolist() for r, c in zip(nearer, block.counts, strict=True)] == expected

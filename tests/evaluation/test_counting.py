"""Counts of similarities that reach thresholds, on the CPU and as other devices make them."""

import numpy as np
import pytest
import torch

from benchmark.evaluation import counting
from benchmark.evaluation.counting import at_least, by_sorting


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("share", [1e9, 0.0], ids=["all rows sorted", "none sorted"])
@pytest.mark.parametrize("seed", range(4))
def test_counts_equal_the_definition(seed, share, dtype, monkeypatch):
    monkeypatch.setattr(counting, "SORT", share)
    rng = np.random.default_rng(seed)
    rows = rng.integers(-3, 4, size=(13, 90)).astype(dtype) / 4
    rows[rng.random(rows.shape) < 0.1] = -np.inf
    thresholds = -np.sort(-rng.integers(-4, 5, size=(13, 6)) / 4).astype(dtype)
    rows[0], thresholds[0] = np.where(rng.random(90) < 0.5, -0.0, 0.0), 0.0
    counts = rng.integers(0, 7, 13)
    expected = (rows[:, None] >= thresholds[:, :, None]).sum(2)
    there = np.arange(6) < counts[:, None]
    found = at_least(*map(torch.from_numpy, (rows, thresholds, counts)))
    assert found.dtype == torch.int64
    assert np.array_equal(found.numpy()[there], expected[there])
    sorted_instead = by_sorting(torch.from_numpy(rows), torch.from_numpy(thresholds))
    assert np.array_equal(sorted_instead.numpy(), expected)

"""The selected numbers against a sort, whatever their sign and type."""

import pytest
import torch

from benchmark.dam.kernels.torch_order_statistics import (
    CHUNK,
    _by_numpy,
    _by_sorting,
    order_statistics,
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("select", [order_statistics, _by_numpy, _by_sorting])
def test_equals_a_sort(select, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    for dim, rows in ((2, 9), (17, 40), (512, 3 * CHUNK // 512 + 5)):
        scores = torch.randn(rows, dim, generator=generator, dtype=dtype).abs()
        scores[::3] = scores[::3].mul(2).round()  # ties and zeros
        scores[::2] *= -1  # negative rows, with -0 in them
        scores[::5, ::2] *= -1  # rows of both signs
        scores[1, 0] = torch.inf
        for count in {1, dim // 2, dim - 1} - {0}:
            threshold, following = select(scores, count)
            ordered = scores.sort(-1).values
            assert torch.equal(threshold, ordered[:, count - 1])
            assert torch.equal(following, ordered[:, count])

"""The selected numbers against a sort, whatever the sign, the type, the threads or the way."""

from collections.abc import Iterator

import pytest
import torch

from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.order_statistics import CHUNK, _by_numpy, _kth_values, order_statistics


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("way", [order_statistics, _by_numpy, _kth_values])
@pytest.mark.usefixtures("two_threads")
def test_equals_a_sort(way, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    for dim, rows in ((2, 9), (17, 40), (512, 3 * CHUNK // 512 + 5)):
        scores = torch.randn(rows, dim, generator=generator, dtype=dtype).abs()
        scores[::3] = scores[::3].mul(2).round()  # ties and zeros
        scores[::2] *= -1  # negative rows, with -0 in them
        scores[1, 0] = torch.inf
        for count in {1, dim // 2, dim - 1} - {0}:
            threshold, following = way(scores, count)
            ordered = scores.sort(-1).values
            assert torch.equal(threshold, ordered[:, count - 1])
            assert torch.equal(following, ordered[:, count])


@pytest.mark.usefixtures("two_threads")
def test_repeats_bit_for_bit_with_two_threads() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 256, generator=generator).requires_grad_()
    proxies = torch.randn(50, 256, generator=generator).requires_grad_()
    labels = torch.arange(60) % 37
    for S in (
        lambda: proxy_similarity(features, proxies, labels),
        lambda: pair_similarity(features, labels),
    ):
        runs = [(s := S(), *torch.autograd.grad(s.square().sum(), features)) for _ in range(4)]
        for run in runs[1:]:
            assert all(torch.equal(a, b) for a, b in zip(run, runs[0], strict=True))

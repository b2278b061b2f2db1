from collections.abc import Iterator

import pytest
import torch

from benchmark.dam.kernels import numba_functions, use


@pytest.fixture(params=["numba", "torch"])
def technology(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What serves on a CPU: loops compiled by numba, in two threads, or torch by blocks."""
    threads = torch.get_num_threads()
    if request.param == "numba":
        pytest.importorskip("numba")
        monkeypatch.setattr(numba_functions, "SHARE", 1)
        torch.set_num_threads(2)
    with use(request.param):
        yield request.param
    torch.set_num_threads(threads)

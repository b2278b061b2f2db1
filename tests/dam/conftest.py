from collections.abc import Iterator

import pytest
import torch

from benchmark.dam.kernels import numba_functions as compiled


@pytest.fixture(params=["compiled", "blocks"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The two ways of the CPU: loops compiled by numba, in two threads, and blocks in torch."""
    threads = torch.get_num_threads()
    if request.param == "compiled":
        monkeypatch.setattr(compiled, "SHARE", 1)
        torch.set_num_threads(2)
    else:
        monkeypatch.setattr(compiled, "available", lambda features: False)
    yield request.param
    torch.set_num_threads(threads)

"""Which technology serves, and that it can be fixed."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.kernels import serving, technology, use
from benchmark.dam.kernels.technology import BLOCK, WIDEST


@pytest.fixture(autouse=True)
def _nothing_is_fixed() -> Iterator[None]:
    with use(None):
        yield


def serving_with(
    monkeypatch: pytest.MonkeyPatch,
    installed: tuple[str, ...] = ("triton", "numba"),
    capability: tuple[int, int] = (8, 0),
    **features: Any,
) -> str:
    """What serves features of such a kind; on a GPU, unless they say otherwise."""
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(technology, "is_installed", lambda package: package in installed)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    kind = {"is_cuda": True, "dtype": torch.float32, "shape": (2, WIDEST)} | features
    device = SimpleNamespace(type="cuda" if kind["is_cuda"] else "cpu")
    return serving(SimpleNamespace(device=device, **kind))


@pytest.mark.parametrize(
    ("kind", "served_by"),
    [
        ({}, "triton"),
        ({"dtype": torch.float64}, "torch"),
        ({"dtype": torch.float16}, "torch"),
        ({"shape": (2, WIDEST + 1)}, "torch"),
        ({"capability": (6, 1)}, "torch"),
        ({"installed": ("numba",)}, "torch"),
        ({"is_cuda": False}, "numba"),
        ({"is_cuda": False, "dtype": torch.float64}, "numba"),
        ({"is_cuda": False, "installed": ("triton",)}, "torch"),
        ({"is_cuda": False, "installed": ()}, "torch"),
    ],
)
def test_what_serves_by_itself(
    kind: dict[str, Any], served_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving_with(monkeypatch, **kind) == served_by


@pytest.mark.parametrize(
    ("chosen", "on_gpu", "on_cpu"),
    [("torch", "torch", "torch"), ("numba", "torch", "numba"), ("triton", "triton", "torch")],
)
def test_what_serves_when_it_is_fixed(
    chosen: Any, on_gpu: str, on_cpu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(technology, "is_installed", lambda package: True)
    with use(chosen):
        assert serving_with(monkeypatch) == on_gpu
        assert serving_with(monkeypatch, is_cuda=False) == on_cpu
    assert serving_with(monkeypatch) == "triton"


def test_use_as_a_function_and_as_a_context_manager() -> None:
    assert (use.technology, use.block) == (None, BLOCK)
    with use("torch", 50):
        assert (use.technology, use.block) == ("torch", 50)
        with use("torch"):
            assert (use.technology, use.block) == ("torch", BLOCK)
        assert use.block == 50
        use("torch", 7)
        assert use.block == 7
    assert (use.technology, use.block) == (None, BLOCK)


def test_what_is_fixed_computes() -> None:
    pytest.importorskip("numba")
    features = torch.randn(6, 9, requires_grad=True)
    labels = torch.arange(6) % 4
    for chosen, names in (
        ("numba", ("MarginsBackward", "SquaresBackward")),
        ("torch", ("_BlocksBackward", "_BlocksBackward")),
    ):
        with use(chosen):
            computed = [
                proxy_similarity(features, features.detach()[:4], labels),
                pair_similarity(features, labels),
            ]
        for S, name in zip(computed, names, strict=True):
            nodes, found = [S.grad_fn], set()
            while nodes:
                node = nodes.pop()
                found.add(type(node).__name__)
                nodes += [parent for parent, _ in node.next_functions if parent is not None]
            assert name in found


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="unknown technology 'jax'; known: triton, numba, torch"):
        use("jax")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="block must be at least 1"):
        use("torch", 0)
    monkeypatch.setattr(technology, "is_installed", lambda package: False)
    with pytest.raises(RuntimeError, match="numba is not installed"):
        use("numba")
    assert (use.technology, use.block) == (None, BLOCK)

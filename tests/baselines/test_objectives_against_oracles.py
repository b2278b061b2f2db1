"""Each objective, through its baseline loss module, against pytorch-metric-learning.

Value and gradient, over random sizes with absent classes and classes of a single sample.
"""

from collections.abc import Callable

import pytest
import torch
from pytorch_metric_learning import losses as oracle
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.miners import BatchHardMiner, MultiSimilarityMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from baselines.pair import MultiSimilarity, Triplet
from baselines.proxy import NormSoftmax, ProxyAnchor
from benchmark.losses import PairLoss, ProxyLoss

CASES = 200
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def draw(case: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, int]:
    generator = torch.Generator().manual_seed(case)
    B, D, C = (int(torch.randint(low, 16, (), generator=generator)) for low in (4, 2, 2))
    labels = torch.randint(0, C, (B,), generator=generator)
    labels[:2] = torch.tensor([0, 1])
    features = torch.randn(B, D, generator=generator, dtype=torch.float64)
    return features.to(dtype), labels, C


def close(found: Tensor, expected: Tensor, dtype: torch.dtype) -> None:
    tolerance = TOLERANCE[dtype]
    scale = max(1.0, float(expected.detach().abs().max()))
    torch.testing.assert_close(found, expected, atol=tolerance * scale, rtol=0)


PROXY: dict[str, tuple[nn.Module, Callable[[int, int], nn.Module], str]] = {
    "norm_softmax": (
        NormSoftmax(),
        lambda C, D: oracle.NormalizedSoftmaxLoss(C, D, temperature=0.05),
        "W",
    ),
    "proxy_anchor": (
        ProxyAnchor(),
        lambda C, D: oracle.ProxyAnchorLoss(C, D, margin=0.1, alpha=32),
        "proxies",
    ),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", PROXY)
def test_proxy_objective(name: str, dtype: torch.dtype) -> None:
    objective, make, attribute = PROXY[name]
    for case in range(CASES):
        features, labels, C = draw(case, dtype)
        D = features.shape[1]
        ours = ProxyLoss(objective, C, D).to(dtype)
        theirs = make(C, D).to(dtype)
        weight = getattr(theirs, attribute)
        with torch.no_grad():
            weight.copy_(ours.proxies.T if attribute == "W" else ours.proxies)
        a = features.clone().requires_grad_()
        b = features.clone().requires_grad_()
        found, expected = ours(a, labels), theirs(b, labels)
        close(found, expected, dtype)
        found.backward()
        expected.backward()
        close(a.grad, b.grad, dtype)
        proxies = weight.grad.T if attribute == "W" else weight.grad
        close(ours.proxies.grad, proxies, dtype)


def multi_similarity(features: Tensor, labels: Tensor) -> Tensor | None:
    pairs = MultiSimilarityMiner(epsilon=0.1)(features, labels)
    if all(len(indices) <= 1 for indices in pairs):
        return None  # the oracle gives 0 for a single mined pair, instead of its loss
    return oracle.MultiSimilarityLoss(alpha=2, beta=40, base=0.5)(features, labels, pairs)


def triplet(features: Tensor, labels: Tensor) -> Tensor:
    distance = LpDistance(normalize_embeddings=False)
    triplets = BatchHardMiner(distance=distance)(features, labels)
    loss = oracle.TripletMarginLoss(margin=0.3, distance=distance, reducer=MeanReducer())
    return loss(features, labels, triplets)


PAIR: dict[str, tuple[nn.Module, Callable[[Tensor, Tensor], Tensor | None]]] = {
    "multi_similarity": (MultiSimilarity(), multi_similarity),
    "triplet": (Triplet(), triplet),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", PAIR)
def test_pair_objective(name: str, dtype: torch.dtype) -> None:
    objective, oracle_loss = PAIR[name]
    compared = 0
    for case in range(CASES):
        features, labels, _ = draw(case, dtype)
        sizes = labels.bincount()
        if not (sizes > 1).any() or (sizes > 0).sum() < 2:
            continue  # no positive pair, or no negative: tested below
        ours = PairLoss(objective)
        a = features.clone().requires_grad_()
        b = features.clone().requires_grad_()
        found, expected = ours(a, labels), oracle_loss(b, labels)
        if expected is None:
            continue
        compared += 1
        close(found, expected, dtype)
        found.backward()
        expected.backward()
        close(a.grad, b.grad, dtype)
    assert compared > CASES / 2


@pytest.mark.parametrize("objective", [MultiSimilarity(), Triplet()])
@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_without_partners_the_loss_is_zero_and_finite(
    objective: nn.Module, labels: list[int]
) -> None:
    features = torch.randn(3, 4, requires_grad=True)
    loss = PairLoss(objective)(features, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(features.grad, torch.zeros(3, 4))


def test_ties_leave_gradients_finite() -> None:
    features = torch.ones(6, 4, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    for objective in (MultiSimilarity(), Triplet()):
        PairLoss(objective)(features, labels).backward()
    for objective in (NormSoftmax(), ProxyAnchor()):
        ProxyLoss(objective, 3, 4)(features, labels).backward()
    assert torch.isfinite(features.grad).all()

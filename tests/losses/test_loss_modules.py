"""The loss modules: what DAM exchanges, what it leaves alone, and what is refused."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.pair import MultiSimilarity, Triplet
from baselines.proxy import NormSoftmax, ProxyAnchor
from benchmark.dam import PairDAM, ProxyDAM, pair_similarity, proxy_similarity
from benchmark.losses import PairLoss, ProxyLoss, without_self

FEATURES = torch.randn(12, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(12) % 4


def step(loss: nn.Module, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    features = FEATURES.to(dtype, copy=True).requires_grad_()
    value = loss(features, LABELS)
    value.backward()
    assert features.grad is not None
    return value.detach(), features.grad


def proxy_loss(objective: nn.Module, dam: ProxyDAM | None = None) -> ProxyLoss:
    torch.manual_seed(0)
    return ProxyLoss(objective, 5, 16, dam)


@pytest.mark.parametrize("objective", [NormSoftmax(), ProxyAnchor()])
def test_proxy_loss_all_is_the_baseline_bit_for_bit(objective: nn.Module) -> None:
    plain, mapped = proxy_loss(objective), proxy_loss(objective, ProxyDAM(rule="all", joint=0.3))
    for found, expected in zip(step(mapped), step(plain), strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(mapped.proxies.grad, plain.proxies.grad)
    assert mapped.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize("objective", [MultiSimilarity(), Triplet()])
def test_pair_loss_all_is_the_baseline_bit_for_bit(objective: nn.Module) -> None:
    mapped = PairLoss(objective, PairDAM(rule="all", joint=0.3))
    for found, expected in zip(step(mapped), step(PairLoss(objective)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("objective", [NormSoftmax(), ProxyAnchor(), MultiSimilarity(), Triplet()])
def test_keeping_all_is_the_baseline_to_rounding(objective: nn.Module) -> None:
    if isinstance(objective, NormSoftmax | ProxyAnchor):
        plain, mapped = proxy_loss(objective), proxy_loss(objective, ProxyDAM(keep=1.0))
    else:
        plain, mapped = PairLoss(objective), PairLoss(objective, PairDAM(keep=1.0))
    for found, expected in zip(step(mapped), step(plain), strict=True):
        torch.testing.assert_close(found, expected, atol=2e-6, rtol=1e-5)


def test_dam_changes_the_loss() -> None:
    assert step(proxy_loss(NormSoftmax(), ProxyDAM()))[0] != step(proxy_loss(NormSoftmax()))[0]
    assert step(PairLoss(Triplet(), PairDAM()))[0] != step(PairLoss(Triplet()))[0]


def test_joint_weighs_mapped_and_plain() -> None:
    positive = LABELS.unsqueeze(1) == torch.arange(5)
    loss = proxy_loss(NormSoftmax(), ProxyDAM(keep=0.5, joint=0.25))
    features, proxies = F.normalize(FEATURES), F.normalize(loss.proxies)
    mapped = NormSoftmax()(proxy_similarity(features, proxies, LABELS, keep=0.5), positive)
    plain = NormSoftmax()(features @ proxies.T, positive)
    torch.testing.assert_close(step(loss)[0], ((mapped + 0.25 * plain) / 1.25).detach())

    positive = without_self(LABELS.unsqueeze(1) == LABELS)
    mapped = Triplet()(
        without_self(pair_similarity(FEATURES, LABELS, keep=0.5, metric="euclidean")), positive
    )
    plain = Triplet()(without_self(-torch.cdist(FEATURES, FEATURES)), positive)
    found = step(PairLoss(Triplet(), PairDAM(keep=0.5, joint=3.0)))[0]
    torch.testing.assert_close(found, (mapped + 3 * plain) / 4)


def test_random_is_drawn_anew_each_step_and_the_same_for_a_seed() -> None:
    def losses(seed: int) -> list[float]:
        torch.manual_seed(1)
        loss = ProxyLoss(NormSoftmax(), 5, 16, ProxyDAM(rule="random", keep=0.5), seed=seed)
        return [loss(FEATURES, LABELS).item() for _ in range(4)]

    assert losses(0) == losses(0)
    assert len(set(losses(0))) == 4
    assert losses(0) != losses(1)


def test_random_goes_on_from_a_stored_state() -> None:
    dam = PairDAM(rule="random", keep=0.5)
    through = PairLoss(MultiSimilarity(), dam, seed=3)
    expected = [through(FEATURES, LABELS).item() for _ in range(5)][3:]
    first, second = (PairLoss(MultiSimilarity(), dam, seed=3) for _ in range(2))
    for _ in range(3):
        first(FEATURES, LABELS)
    second.load_state_dict(first.state_dict())
    assert [second(FEATURES, LABELS).item() for _ in range(2)] == expected


def test_random_leaves_torch_generator_alone() -> None:
    loss = PairLoss(MultiSimilarity(), PairDAM(rule="random"))
    before = torch.get_rng_state()
    loss(FEATURES, LABELS)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_features_give_a_float32_loss(dtype: torch.dtype) -> None:
    for loss in (
        proxy_loss(NormSoftmax(), ProxyDAM()),
        proxy_loss(ProxyAnchor()),
        PairLoss(MultiSimilarity(), PairDAM()),
        PairLoss(Triplet()),
    ):
        value, gradient = step(loss, dtype)
        assert value.dtype == torch.float32
        assert gradient.dtype == dtype
        assert torch.isfinite(value)
        assert torch.isfinite(gradient).all()
        exact = loss(FEATURES.to(dtype).float(), LABELS)
        torch.testing.assert_close(value, exact.detach(), rtol=1e-5, atol=1e-6)


def test_without_self() -> None:
    matrix = torch.arange(16).view(4, 4)
    expected = torch.stack([torch.cat([row[:i], row[i + 1 :]]) for i, row in enumerate(matrix)])
    assert torch.equal(without_self(matrix), expected)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="label 5 is outside the 5 proxies"):
        proxy_loss(NormSoftmax())(FEATURES, LABELS + 4)
    with pytest.raises(ValueError, match=r"must be \[B, D\] with labels \[B\]"):
        PairLoss(Triplet())(FEATURES, LABELS[:3])
    with pytest.raises(ValueError, match="at least 2 samples"):
        PairLoss(Triplet())(FEATURES[:1], LABELS[:1])
    with pytest.raises(ValueError, match="masked_cosine has no meaning"):
        PairLoss(Triplet(), PairDAM(similarity="masked_cosine"))
    with pytest.raises(ValueError, match="not an objective on proxies"):
        ProxyLoss(Triplet(), 5, 16)
    with pytest.raises(ValueError, match="joint must be at least 0"):
        ProxyDAM(joint=-1)
    with pytest.raises(ValueError, match="unknown select 'some'"):
        PairDAM(select="some")


@pytest.mark.parametrize("objective", [NormSoftmax(), ProxyAnchor(), MultiSimilarity(), Triplet()])
def test_a_feature_that_is_no_number_shows_in_the_loss(objective: nn.Module) -> None:
    features = torch.full_like(FEATURES, float("nan"))
    if isinstance(objective, NormSoftmax | ProxyAnchor):
        losses = [proxy_loss(objective), proxy_loss(objective, ProxyDAM())]
    else:
        losses = [PairLoss(objective), PairLoss(objective, PairDAM())]
    for loss in losses:
        assert torch.isnan(loss(features, LABELS))

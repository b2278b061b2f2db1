"""The loss modules: what DAM exchanges, what it leaves alone, and what is refused."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.objective import ProxyObjective
from baselines.pair import Margin, MultiSimilarity, NPair, Triplet
from baselines.proxy import NormSoftmax, ProxyAnchor, Softmax, SoftTriple
from benchmark.dam import PairDAM, ProxyDAM, pair_similarity, proxy_similarity
from benchmark.losses import JointLoss, PairLoss, ProxyLoss, without_self

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
    with pytest.raises(ValueError, match=r"labels must be \[12\], one class each, not \[3\]"):
        PairLoss(Triplet())(FEATURES, LABELS[:3])
    with pytest.raises(ValueError, match="at least 2 samples"):
        PairLoss(Triplet())(FEATURES[:1], LABELS[:1])
    with pytest.raises(ValueError, match="masked_cosine' has no form for euclidean"):
        PairLoss(Triplet(), PairDAM(similarity="masked_cosine"))
    with pytest.raises(ValueError, match="Triplet is not an objective on proxies"):
        ProxyLoss(Triplet(), 5, 16)
    with pytest.raises(ValueError, match="NormSoftmax is not an objective on pairs"):
        PairLoss(NormSoftmax())
    with pytest.raises(ValueError, match="needs features of unit length"):
        ProxyLoss(Softmax(), 5, 16, ProxyDAM(mapping="naive_both"))
    with pytest.raises(ValueError, match="has no form for 10 centres a class"):
        ProxyLoss(SoftTriple(), 5, 16, ProxyDAM(mapping="margin_cosine"))
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
        losses = [PairLoss(objective, dam) for dam in (None, PairDAM(), PairDAM(joint=0))]
    for loss in losses:
        assert torch.isnan(loss(features, LABELS))


def test_joint_loss_is_the_weighted_sum_and_the_pair_part_is_before_the_neck() -> None:
    proxy, pair = proxy_loss(NormSoftmax(), ProxyDAM()), PairLoss(Triplet(), PairDAM())
    joint = JointLoss(proxy, pair, (0.5, 2.0))
    before = 3 * FEATURES.roll(1, 0)
    expected = 0.5 * proxy(FEATURES, LABELS) + 2 * pair(before, LABELS)
    torch.testing.assert_close(joint(FEATURES, LABELS, before), expected)
    expected = 0.5 * proxy(FEATURES, LABELS) + 2 * pair(FEATURES, LABELS)
    torch.testing.assert_close(joint(FEATURES, LABELS), expected)
    assert joint.metric == "cosine"


def test_start_waits_for_its_share_of_training() -> None:
    late = proxy_loss(NormSoftmax(), ProxyDAM(start=0.3))
    with pytest.raises(ValueError, match=r"set loss\.progress"):
        late(FEATURES, LABELS)
    plain, mapped = proxy_loss(NormSoftmax()), proxy_loss(NormSoftmax(), ProxyDAM())
    for progress, like in ((0.0, plain), (0.29, plain), (0.3, mapped), (1.0, mapped)):
        late.progress = progress
        assert torch.equal(late(FEATURES, LABELS), like(FEATURES, LABELS))
    joint = JointLoss(late, PairLoss(Triplet(), PairDAM(start=0.5)))
    joint.progress = 0.4
    assert (late.progress, joint.pair.progress, joint.progress) == (0.4, 0.4, 0.4)


@pytest.mark.parametrize("dam", [None, PairDAM(joint=0.5)])
@pytest.mark.parametrize("objective", [MultiSimilarity(), Triplet()])
def test_memory_adds_past_features_as_references(objective: nn.Module, dam: PairDAM | None) -> None:
    """The loss of a batch with a memory, against one similarity of batch and memory together."""
    loss = PairLoss(objective, dam, memory=20, dim=16)
    batches = torch.randn(4, 12, 16, generator=torch.Generator().manual_seed(3))
    past, past_labels = torch.empty(0, 16), torch.empty(0, dtype=torch.int64)
    for batch in batches:
        features = batch.clone().requires_grad_()
        prepared = F.normalize(features) if objective.normalise else features
        everything = torch.cat([prepared, past])
        labels = torch.cat([LABELS, past_labels])
        positive = without_own(labels.unsqueeze(1) == labels)
        plain = objective(without_own(similarities(everything, objective.metric)), positive)
        expected = plain
        if dam is not None:
            mapped = pair_similarity(everything, labels, metric=objective.metric)
            expected = (objective(without_own(mapped), positive) + 0.5 * plain) / 1.5
        expected.backward()
        again = batch.clone().requires_grad_()
        found = loss(again, LABELS)
        found.backward()
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(again.grad, features.grad)
        past = torch.cat([past, prepared.detach()])[-20:]
        past_labels = torch.cat([past_labels, LABELS])[-20:]
    assert torch.equal(loss.memory, past)
    assert torch.equal(loss.memory_labels, past_labels)
    loss.eval()
    loss(batches[0], LABELS)
    assert torch.equal(loss.memory, past)


@pytest.mark.parametrize("dam", [None, PairDAM()])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_memory_takes_features_of_any_precision(dam: PairDAM | None, dtype: torch.dtype) -> None:
    loss = PairLoss(Triplet(), dam, memory=20, dim=16)
    for moved in (loss, loss.double()):
        for _ in range(2):
            features = FEATURES.detach().to(dtype).requires_grad_()
            value = moved(features, LABELS)
            value.backward()
            assert value.dtype == (dtype if dtype == torch.float64 else torch.float32)
            assert features.grad.isfinite().all()


def test_memory_refuses_the_label_of_an_empty_place() -> None:
    with pytest.raises(ValueError, match="label -1: a memory takes labels from 0"):
        PairLoss(Triplet(), memory=20, dim=16)(FEATURES, LABELS - 1)


def similarities(features: Tensor, metric: str) -> Tensor:
    if metric == "cosine":
        return features @ features.T
    return -(features.unsqueeze(1) - features).square().sum(-1).clamp_min(1e-30).sqrt()


def without_own(matrix: Tensor) -> Tensor:
    """The rows of the batch's 12 samples, each without the sample itself."""
    others = ~torch.eye(len(matrix), dtype=torch.bool)[:12]
    return matrix[:12][others].view(12, -1)


def test_memory_joins_after_its_start_and_needs_a_size() -> None:
    loss = PairLoss(Triplet(), memory=50, dim=16, memory_start=0.5)
    loss.progress = 0.0
    plain = PairLoss(Triplet())(FEATURES, LABELS)
    loss(FEATURES.flip(0), LABELS)
    assert torch.equal(loss(FEATURES, LABELS), plain)
    loss.progress = 0.5
    assert loss(FEATURES, LABELS) > plain
    with pytest.raises(ValueError, match="number of elements: dim"):
        PairLoss(Triplet(), memory=50)


def test_centres_are_rows_of_a_class_side_by_side_and_regularised_once() -> None:
    class Nearest(ProxyObjective):
        centres = 3

        def forward(self, S: Tensor, positive: Tensor) -> Tensor:
            assert S.shape == positive.shape == (12, 15)
            assert torch.equal(positive[:, ::3].int().argmax(1), LABELS)
            best = self.to_class(S.view(12, 5, 3))
            return F.cross_entropy(best, positive[:, ::3].int().argmax(1))

        def to_class(self, S: Tensor) -> Tensor:
            return S.amax(-1)

        def regulariser(self, proxies: Tensor) -> Tensor:
            assert proxies.shape == (15, 16)
            return proxies.square().sum()

    loss = proxy_loss(Nearest())
    assert loss.proxies.shape == (15, 16)
    best = (F.normalize(FEATURES) @ F.normalize(loss.proxies).T).view(12, 5, 3).amax(2)
    torch.testing.assert_close(loss(FEATURES, LABELS), F.cross_entropy(best, LABELS) + 15)
    mapped = proxy_loss(Nearest(), ProxyDAM(keep=1.0, joint=1.0))
    torch.testing.assert_close(mapped(FEATURES, LABELS), loss(FEATURES, LABELS))


@pytest.mark.parametrize("make", [lambda: proxy_loss(NormSoftmax()), lambda: PairLoss(Triplet())])
def test_autocast_leaves_the_loss_in_float32(make: Callable[[], nn.Module]) -> None:
    expected = make()(FEATURES, LABELS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(make()(FEATURES, LABELS), expected)


def test_inner_products_keep_their_form_under_dam() -> None:
    """All kept, the mapping is the inner product; a masked negative is never less similar."""
    plain, mapped = PairLoss(NPair()), PairLoss(NPair(), PairDAM(keep=1.0))
    for found, expected in zip(step(mapped), step(plain), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    S = pair_similarity(FEATURES, LABELS, keep=0.5, metric="inner_product")
    positive = LABELS.unsqueeze(1) == LABELS
    further = S - FEATURES @ FEATURES.T
    assert (further[~positive] > -1e-5).all() and (further[positive] < 1e-5).all()
    assert (further.abs() > 0.1).any()
    with pytest.raises(ValueError, match="masked_cosine' has no form for inner_product"):
        PairLoss(NPair(), PairDAM(similarity="masked_cosine"))


@pytest.mark.parametrize("objective", [Triplet(), Margin()])
def test_an_objective_that_draws_draws_alike_in_both_arms(objective: nn.Module) -> None:
    sampled = type(objective)(mining="distance_weighted", dim=16, normalise=True)
    plain, mapped = PairLoss(sampled), PairLoss(sampled, PairDAM(keep=1.0))
    for _ in range(3):
        state = torch.get_rng_state()
        torch.testing.assert_close(step(mapped)[0], step(plain)[0], atol=1e-5, rtol=1e-5)
        assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("loss", "metric"),
    [
        (PairLoss(Triplet()), "euclidean"),
        (PairLoss(Margin()), "cosine"),
        (PairLoss(NPair()), "cosine"),
        (ProxyLoss(Softmax(), 2, 2), "cosine"),
        (ProxyLoss(NormSoftmax(), 2, 2), "cosine"),
    ],
)
def test_features_are_compared_afterwards_as_in_training(loss: nn.Module, metric: str) -> None:
    assert loss.metric == metric

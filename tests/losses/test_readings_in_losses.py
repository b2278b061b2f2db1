"""Settings that act in the loss modules: steps with and without the mapping, running means."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.pair import MultiSimilarity
from baselines.proxy import NormSoftmax, SoftTriple
from benchmark.dam import PairDAM, ProxyDAM
from benchmark.losses import JointLoss, PairLoss, ProxyLoss

FEATURES = torch.randn(12, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(12) % 4


def proxy_loss(dam: ProxyDAM | None, seed: int = 0) -> ProxyLoss:
    torch.manual_seed(0)
    return ProxyLoss(NormSoftmax(), 5, 16, dam, seed)


def pair_loss(dam: PairDAM | None, seed: int = 0) -> PairLoss:
    return PairLoss(MultiSimilarity(), dam, seed)


def mapped_steps(loss: ProxyLoss | PairLoss, steps: int) -> list[bool]:
    """Which steps are mapped, by the loss's value; every step is either plain or mapped."""
    make = proxy_loss if isinstance(loss, ProxyLoss) else pair_loss
    kind = ProxyDAM if isinstance(loss, ProxyLoss) else PairDAM
    plain, mapped = (make(dam)(FEATURES, LABELS).item() for dam in (None, kind()))
    values = [loss(FEATURES, LABELS).item() for _ in range(steps)]
    assert set(values) <= {plain, mapped}
    return [value == mapped for value in values]


@pytest.mark.parametrize(("make", "kind"), [(proxy_loss, ProxyDAM), (pair_loss, PairDAM)])
def test_probability_is_the_share_of_mapped_steps(make, kind) -> None:
    found = mapped_steps(make(kind(probability=0.3)), 200)
    assert 40 <= sum(found) <= 80
    assert mapped_steps(make(kind(probability=0.3)), 200) == found
    assert mapped_steps(make(kind(probability=0.3), seed=1), 200) != found
    # A run that goes on from its stored state goes on with the same steps.
    first, second = make(kind(probability=0.3)), make(kind(probability=0.3))
    mapped_steps(first, 77)
    second.load_state_dict(first.state_dict())
    assert mapped_steps(second, 123) == found[77:]
    assert all(mapped_steps(make(kind()), 5))


def test_the_draw_leaves_torch_generator_alone() -> None:
    before = torch.get_rng_state()
    mapped_steps(pair_loss(PairDAM(probability=0.5)), 3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("make", "kind"), [(proxy_loss, ProxyDAM), (pair_loss, PairDAM)])
def test_alternating_steps(make, kind) -> None:
    assert mapped_steps(make(kind(alternate=True)), 6) == [True, False] * 3


def test_both_parts_of_a_joint_loss_are_mapped_in_the_same_steps() -> None:
    joint = JointLoss(proxy_loss(ProxyDAM(probability=0.5)), pair_loss(PairDAM(probability=0.5)))
    alone = mapped_steps(proxy_loss(ProxyDAM(probability=0.5)), 20)
    assert mapped_steps(pair_loss(PairDAM(probability=0.5)), 20) == alone
    values = {joint(FEATURES, LABELS).item() for _ in range(20)}
    assert len(values) == 2


def test_start_comes_before_probability() -> None:
    loss = proxy_loss(ProxyDAM(alternate=True, start=0.5))
    loss.progress = 0.4
    assert mapped_steps(loss, 3) == [False] * 3
    loss.progress = 0.5
    assert mapped_steps(loss, 3) == [False, True, False]  # steps 4 to 6


def running(batches: list[tuple[Tensor, Tensor]], momentum: float, classes: int) -> Tensor:
    """The running means by a loop."""
    means = torch.full((classes, batches[0][0].shape[1]), torch.nan)
    for features, labels in batches:
        for c in labels.unique().tolist():
            mean = features[labels == c].mean(0)
            seen = not means[c].isnan().any()
            means[c] = momentum * means[c] + (1 - momentum) * mean if seen else mean
    return means


def test_running_means_select() -> None:
    """The sets of each step follow from the means so far, this batch's included."""
    dam = ProxyDAM(keep=0.5, difference="running_means", momentum=0.7)
    loss = proxy_loss(dam)
    generator = torch.Generator().manual_seed(1)
    batches = []
    for step in range(4):
        features = F.normalize(torch.randn(6, 16, generator=generator))
        batches.append((features, torch.arange(6) % (2 + step % 3)))
        found = loss(*batches[-1])
        means = running(batches, 0.7, 5)
        torch.testing.assert_close(loss.running_means.means, means, equal_nan=True)
        proxies = F.normalize(loss.proxies)
        S = dam(*(batches[-1][0], proxies, batches[-1][1]), 0, means=means)
        torch.testing.assert_close(found, F.cross_entropy(20 * S, batches[-1][1]))
    assert means[4].isnan().all()

    again = proxy_loss(dam)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(loss(FEATURES, LABELS), again(FEATURES, LABELS))
    loss.eval()
    before = loss.running_means.means.clone()
    loss(FEATURES.flip(1), LABELS)
    assert torch.equal(loss.running_means.means.nan_to_num(), before.nan_to_num())


def test_running_means_are_kept_from_the_first_step_on() -> None:
    loss = proxy_loss(ProxyDAM(difference="running_means", start=0.5))
    loss.progress = 0.0
    loss(FEATURES, LABELS)
    assert loss.running_means.means[:4].isfinite().all()


def test_running_means_with_several_centres_and_in_double_precision() -> None:
    dam = ProxyDAM(difference="running_means")
    loss = ProxyLoss(SoftTriple(centres=2), 5, 16, dam).double()
    features = FEATURES.double().requires_grad_()
    for _ in range(2):
        loss(features, LABELS).backward()
    assert features.grad.isfinite().all()
    assert loss.running_means.means.dtype == torch.float64


@pytest.mark.parametrize(
    "dam",
    [
        ProxyDAM(mapping="masked_distance"),
        ProxyDAM(mapping="masked_distance", select="both", rule="soft", joint=1.0),
        ProxyDAM(mapping="contributions", nearest=2),
        ProxyDAM(mapping="shrunk", own=False),
        ProxyDAM(rule="soft"),
    ],
)
def test_readings_train(dam: ProxyDAM) -> None:
    """A step against the gradient lowers the loss."""
    loss = proxy_loss(dam)
    features = FEATURES.clone().requires_grad_()
    before = loss(features, LABELS)
    before.backward()
    with torch.no_grad():
        loss.proxies -= 1e-3 * loss.proxies.grad
        after = loss(features - 1e-3 * features.grad, LABELS)
    assert after < before

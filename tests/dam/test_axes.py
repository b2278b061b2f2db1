"""What the paper leaves open: each setting against its definition, and what must hold of it."""

import math
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.proxy import SoftTriple
from benchmark.dam import PairDAM, ProxyDAM, pair_similarity, proxy_similarity
from benchmark.dam.definition import pair_similarity as pair_definition
from benchmark.dam.kernels import use
from benchmark.dam.naive import NAIVE, class_masks
from benchmark.dam.readings import class_means, margin, margin_cosine, masked_cosine, naive
from benchmark.dam.selection import Selection
from benchmark.losses import ProxyLoss

pytestmark = pytest.mark.usefixtures("technology")
RULES = ["quantile", "mean", "random", "inverse"]
BLOCKS = (20, 1 << 18)
SOFT = SoftTriple(gamma=0.3).to_class


def draw(case: int, centres: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Unit features [B, D] and proxies [C K, D] with gradients, float64, and labels [B]."""
    generator = torch.Generator().manual_seed(case)
    B, C, D = (int(torch.randint(2, 14, (), generator=generator)) for _ in range(3))
    features = torch.randn(B, D, generator=generator, dtype=torch.float64)
    proxies = torch.randn(C * centres, D, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, C, (B,), generator=generator)
    return F.normalize(features).requires_grad_(), F.normalize(proxies).requires_grad_(), labels


def assert_same(found: Tensor, expected: Tensor, *inputs: Tensor) -> None:
    """Values and gradients."""
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0)).to(expected)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
    )


def together(centres: int) -> dict[str, Any]:
    """What several centres a class need."""
    return {"to_class": SOFT} if centres > 1 else {}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("centres", [1, 3])
def test_centres_and_difference_equal_their_definition(rule: str, centres: int) -> None:
    for case, own, difference in product(range(6), (True, False), ("proxies", "class_means")):
        features, proxies, labels = draw(case, centres)
        means = proxies.unflatten(0, (-1, centres)).mean(1)
        table = class_means(features, labels, means) if difference == "class_means" else None
        for block in BLOCKS:
            expected = margin(
                features, proxies, labels, Selection(rule, 0.6, case),
                own=own, centres=centres, table=table, **together(centres),
            )  # fmt: skip
            with use(use.technology, block):
                found = proxy_similarity(
                    features, proxies, labels, rule, 0.6, own=own, centres=centres,
                    difference=difference, seed=case, **together(centres),
                )  # fmt: skip
            assert_same(found, expected, features, proxies)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("mapping", ["margin_cosine", *NAIVE])
def test_mapping_equals_its_definition(rule: str, mapping: str) -> None:
    for case, block in product(range(6), BLOCKS):
        features, proxies, labels = draw(case)
        selection = Selection(rule, 0.6, case)
        if mapping in NAIVE:
            expected = naive(mapping, features, proxies, labels, selection)
        else:
            expected = margin_cosine(features, proxies, labels, selection)
        with use(use.technology, block):
            found = proxy_similarity(
                features, proxies, labels, rule, 0.6, mapping=mapping, seed=case
            )
        assert_same(found, expected, features, proxies)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("similarity", ["masked_distance", "masked_cosine"])
def test_references_equal_the_definition(rule: str, similarity: str) -> None:
    for case, block in product(range(6), BLOCKS):
        features, references, labels = draw(case)
        of_references = torch.arange(len(references)) % 3
        define = masked_cosine if similarity == "masked_cosine" else pair_definition
        expected = define(features, labels, Selection(rule, 0.6, case), references, of_references)
        with use(use.technology, block):
            found = pair_similarity(
                features, labels, rule, 0.6, similarity, seed=case,
                references=references, reference_labels=of_references,
            )  # fmt: skip
        assert_same(found, expected, features, references)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("select", ["both", "negatives", "positives"])
def test_the_batch_as_references_is_the_batch(metric: str, select: str) -> None:
    """A memory without gradient, of the batch itself: the same values, half of the gradient."""
    features, _, labels = draw(3)
    square = pair_similarity(features, labels, metric=metric, select=select)
    memory = pair_similarity(
        features, labels, metric=metric, select=select,
        references=features.detach(), reference_labels=labels,
    )  # fmt: skip
    torch.testing.assert_close(memory, square)
    weights = torch.randn(square.shape, dtype=torch.float64)
    weights = weights + weights.T
    whole, half = (torch.autograd.grad((S * weights).sum(), features)[0] for S in (square, memory))
    torch.testing.assert_close(2 * half, whole)


def test_settings_reach_the_mappings() -> None:
    features, proxies, labels = draw(1, centres=2)
    dam = ProxyDAM(keep=0.5, difference="class_means", own=False)
    found = dam(features, proxies, labels, 0, 2, SOFT)
    expected = proxy_similarity(
        features, proxies, labels, keep=0.5, difference="class_means", own=False, centres=2,
        to_class=SOFT,
    )  # fmt: skip
    assert_same(found, expected, features, proxies)
    features, proxies, labels = draw(1)
    found = ProxyDAM(mapping="naive_both")(features, proxies, labels, 0)
    assert_same(found, proxy_similarity(features, proxies, labels, mapping="naive_both"), features)
    found = PairDAM(keep=0.5)(features, labels, "cosine", 0, proxies, torch.arange(len(proxies)))
    expected = pair_similarity(
        features, labels, keep=0.5, references=proxies, reference_labels=torch.arange(len(proxies))
    )
    assert_same(found, expected, features, proxies)


@pytest.mark.parametrize("mapping", ["margin_cosine", *NAIVE])
def test_keeping_all_is_plain(mapping: str) -> None:
    for case in range(8):
        features, proxies, labels = draw(case)
        found = proxy_similarity(features, proxies, labels, keep=1.0, mapping=mapping)
        torch.testing.assert_close(found, features @ proxies.T)


def test_keeping_all_of_several_centres_is_plain() -> None:
    for case in range(8):
        features, proxies, labels = draw(case, centres=3)
        found = proxy_similarity(features, proxies, labels, keep=1.0, centres=3, to_class=SOFT)
        assert_same(found, features @ proxies.T, features, proxies)


def test_own_decides_whether_the_own_class_is_pulled_through_other_columns() -> None:
    features, proxies, labels = draw(2)
    i, y = 0, int(labels[0])
    j = (y + 1) % len(proxies)
    kept = proxy_similarity(features, proxies, labels, keep=0.5)
    cut = proxy_similarity(features, proxies, labels, keep=0.5, own=False)
    torch.testing.assert_close(cut, kept)
    missing = [torch.autograd.grad(S[i, j], features, retain_graph=True)[0] for S in (kept, cut)]
    torch.testing.assert_close((missing[0] - missing[1])[i], proxies[y])
    direct = torch.autograd.grad(cut[i, y], features)[0]
    torch.testing.assert_close(direct[i], proxies[y])


def test_class_means_select_and_pass_no_gradient_to_the_set() -> None:
    """Moving the proxies leaves the sets as they are where all classes are in the batch."""
    features, proxies, _ = draw(4)
    features = F.normalize(torch.randn(2 * len(proxies), proxies.shape[1]).double())
    labels = torch.arange(len(proxies)).repeat(2)
    moved = torch.randn_like(proxies)
    settings = {"keep": 0.5, "difference": "class_means"}
    there = proxy_similarity(features, proxies.detach(), labels, **settings)
    back = proxy_similarity(features, moved, labels, **settings)
    both = proxy_similarity(features, proxies.detach() + moved, labels, **settings)
    torch.testing.assert_close(there + back, both)  # linear in the proxies: one set for all


def lowest_loss(steps: int, **settings: object) -> tuple[float, float]:
    """The lowest softmax loss of equal features with any proxies that are found, and log C."""
    generator = torch.Generator().manual_seed(0)
    C, D = 6, 32
    feature = torch.randn(1, D, generator=generator, dtype=torch.float64).requires_grad_()
    proxies = torch.randn(C, D, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.arange(C).repeat(2)
    optimiser = torch.optim.Adam([feature, proxies], lr=0.03)
    losses = []
    for step in range(steps):
        S = proxy_similarity(
            F.normalize(feature).expand(len(labels), -1), F.normalize(proxies), labels,
            keep=0.5, seed=step, **settings,
        )  # fmt: skip
        loss = F.cross_entropy(20 * S, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return min(losses), math.log(C)


@pytest.mark.parametrize("mapping", NAIVE)
def test_naive_mappings_leak_the_label(mapping: str) -> None:
    """All features are equal, and yet the loss falls: what these mappings are kept to show."""
    lowest, chance = lowest_loss(40, mapping=mapping)
    assert lowest < 0.8 * chance


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mapping": "margin_cosine"},
        {"difference": "class_means"},
        {"own": False},
        {"rule": "random"},
    ],
)
def test_margins_do_not_leak_the_label(settings: dict[str, object]) -> None:
    lowest, chance = lowest_loss(40, **settings)
    assert lowest >= chance - 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_centres_do_not_leak_the_label(rule: str) -> None:
    """All features are equal, and the classes' centres are free to spread in any elements."""
    C, D = 6, 32
    torch.manual_seed(0)
    objective = SoftTriple(centres=3, margin=0.0, tau=0.0)
    loss = ProxyLoss(objective, C, D, ProxyDAM(rule=rule, keep=0.5)).double()
    feature = torch.randn(1, D, dtype=torch.float64).requires_grad_()
    optimiser = torch.optim.Adam([feature, *loss.parameters()], lr=0.03)
    for _ in range(60):
        value = loss(feature.expand(2 * C, -1), torch.arange(C).repeat(2))
        assert value.item() >= math.log(C) - 1e-9
        optimiser.zero_grad()
        value.backward()
        optimiser.step()


def test_class_masks_equal_a_loop() -> None:
    table = torch.randint(-3, 4, (7, 9), generator=torch.Generator().manual_seed(0)).double()
    found = class_masks(table, Selection("quantile", 0.5))
    for c in range(7):
        gaps = [sum(abs(float(table[c, k] - w)) for w in table[:, k]) for k in range(9)]
        kept = sorted(range(9), key=lambda k: (gaps[k], k))[:4]
        assert found[c].nonzero().flatten().tolist() == sorted(kept)


def test_refusals() -> None:
    features, proxies, labels = draw(0)
    for settings, message in [
        ({"mapping": "naive"}, "unknown mapping 'naive'"),
        ({"difference": "samples"}, "unknown difference 'samples'"),
        ({"own": False, "mapping": "naive_both"}, "own=False needs a margin"),
        ({"start": 1.5}, "start must be a share of training"),
        ({"joint": -1.0}, "joint must be at least 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            ProxyDAM(**settings)
    with pytest.raises(ValueError, match="start must be a share of training"):
        PairDAM(start=-0.1)
    with pytest.raises(ValueError, match="has no form for 2 centres a class; use margin"):
        proxy_similarity(
            features,
            proxies.repeat(2, 1),
            labels,
            mapping="margin_cosine",
            centres=2,
            to_class=SOFT,
        )
    with pytest.raises(ValueError, match="2 centres a class need to_class"):
        proxy_similarity(features, proxies.repeat(2, 1), labels, centres=2)
    with pytest.raises(ValueError, match="can't be 5 centres for each class"):
        proxy_similarity(features, torch.ones(7, features.shape[1]).double(), labels, centres=5)
    with pytest.raises(ValueError, match="must be given together"):
        pair_similarity(features, labels, references=proxies)
    with pytest.raises(ValueError, match=r"reference_labels must be \[\d+\]"):
        pair_similarity(features, labels, references=proxies, reference_labels=labels[:1])
    with pytest.raises(ValueError, match=r"references \(torch.float32\) must both be"):
        pair_similarity(features, labels, references=proxies.float(), reference_labels=labels)

"""Both mappings against their definition and a loop, over random sizes, ties and blocks."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.dam import definition, pair_similarity, proxy_similarity
from benchmark.dam.kernels import use
from benchmark.dam.readings import masked_cosine
from benchmark.dam.selection import Selection

pytestmark = pytest.mark.usefixtures("technology")
RULES = ["quantile", "mean", "random", "inverse"]


def sizes(case: int) -> tuple[torch.Generator, int, int, int]:
    generator = torch.Generator().manual_seed(case)
    numbers = torch.randint(1, 14, (3,), generator=generator).tolist()
    return generator, numbers[0] + 1, numbers[1], numbers[2]


def gradients(similarity: Tensor, weights: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad((similarity * weights).sum(), inputs)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rescale", [True, False])
def test_proxy_mapping_equals_its_definition(rule: str, rescale: bool) -> None:
    for case in range(30):
        generator, B, D, C = sizes(case)
        # Whole numbers make ties, at the threshold and at zero.
        if case % 3:
            features = torch.randn(B, D, generator=generator, dtype=torch.float64)
            proxies = torch.randn(C, D, generator=generator, dtype=torch.float64)
        else:
            features = torch.randint(-2, 3, (B, D), generator=generator).double()
            proxies = torch.randint(-1, 2, (C, D), generator=generator).double()
        labels = torch.randint(0, C, (B,), generator=generator)
        keep = 0.05 + 0.95 * torch.rand((), generator=generator).item()
        weights = torch.randn(B, C, generator=generator, dtype=torch.float64)
        features.requires_grad_()
        proxies.requires_grad_()
        expected = definition.proxy_similarity(
            features, proxies, labels, Selection(rule, keep, case, rescale)
        )
        wanted = gradients(expected, weights, features, proxies)
        for block in (7, 60, 1 << 18):
            with use(use.technology, block):
                found = proxy_similarity(
                    features, proxies, labels, rule, keep, rescale=rescale, seed=case
                )
            torch.testing.assert_close(found, expected)
            torch.testing.assert_close(gradients(found, weights, features, proxies), wanted)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("similarity", ["masked_distance", "masked_cosine"])
def test_pair_mapping_equals_its_definition(rule: str, similarity: str) -> None:
    for case in range(30):
        generator, B, D, C = sizes(case)
        features = torch.randn(B, D, generator=generator, dtype=torch.float64)
        if case % 3 == 0:
            # Halves make ties; no element is zero, where a masked cosine is undefined.
            features = features.mul(2).round().add(0.5)
        labels = torch.randint(0, C, (B,), generator=generator)
        keep = 0.05 + 0.95 * torch.rand((), generator=generator).item()
        weights = torch.randn(B, B, generator=generator, dtype=torch.float64)
        features.requires_grad_()
        define = masked_cosine if similarity == "masked_cosine" else definition.pair_similarity
        expected = define(features, labels, Selection(rule, keep, case))
        wanted = gradients(expected, weights, features)
        for block in (7, 60, 1 << 18):
            with use(use.technology, block):
                found = pair_similarity(features, labels, rule, keep, similarity, seed=case)
            torch.testing.assert_close(found, expected)
            torch.testing.assert_close(gradients(found, weights, features), wanted)


def naive_kept(differences: list[float], keep: float, highest: bool) -> set[int]:
    """The rule as a sentence: sort by difference, then by index; take max(1, round(r D))."""
    order = sorted(
        range(len(differences)),
        key=lambda k: (-differences[k] if highest else differences[k], k),
    )
    return set(order[: max(1, round(keep * len(differences)))])


def test_proxy_mapping_equals_a_loop() -> None:
    for case in range(30):
        generator, B, D, C = sizes(case)
        features = torch.randint(-3, 4, (B, D), generator=generator).double()
        proxies = torch.randint(-2, 3, (C, D), generator=generator).double()
        labels = torch.randint(0, C, (B,), generator=generator)
        found = proxy_similarity(features, proxies, labels, keep=0.6)
        f, w, y = features.tolist(), proxies.tolist(), labels.tolist()
        for i in range(B):
            own = sum(a * b for a, b in zip(f[i], w[y[i]], strict=True))
            for j in range(C):
                gaps = [abs(a - b) for a, b in zip(w[y[i]], w[j], strict=True)]
                kept = naive_kept(gaps, 0.6, highest=False)
                margin = sum(f[i][k] * (w[y[i]][k] - w[j][k]) for k in kept)
                expected = own if j == y[i] else own - D / len(kept) * margin
                assert found[i, j].item() == pytest.approx(expected, abs=1e-12)


def test_pair_mapping_equals_a_loop() -> None:
    for case in range(30):
        generator, B, D, C = sizes(case)
        features = torch.randint(-3, 4, (B, D), generator=generator).double()
        labels = torch.randint(0, C, (B,), generator=generator)
        found = pair_similarity(features, labels, keep=0.6, metric="euclidean")
        f, y = features.tolist(), labels.tolist()
        for i in range(B):
            for j in range(B):
                gaps = [abs(a - b) for a, b in zip(f[i], f[j], strict=True)]
                kept = naive_kept(gaps, 0.6, highest=y[i] == y[j])
                square = D / len(kept) * sum(gaps[k] ** 2 for k in kept)
                assert found[i, j].item() == pytest.approx(-math.sqrt(square), abs=1e-12)


@pytest.mark.parametrize("select", ["negatives", "positives"])
def test_select_maps_one_kind_of_pair(select: str) -> None:
    features = torch.nn.functional.normalize(torch.randn(9, 16, dtype=torch.float64))
    labels = torch.arange(9) // 3
    both = pair_similarity(features, labels)
    found = pair_similarity(features, labels, select=select)
    positive = labels.unsqueeze(1) == labels
    mapped = positive if select == "positives" else ~positive
    torch.testing.assert_close(found[mapped], both[mapped])
    torch.testing.assert_close(found[~mapped], (features @ features.T)[~mapped])


def test_gradcheck() -> None:
    features = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    proxies = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 3, 1, 3, 3])
    with use(use.technology, 20):
        assert torch.autograd.gradcheck(
            lambda f, w: proxy_similarity(f, w, labels), (features, proxies)
        )
        for similarity in ("masked_distance", "masked_cosine"):
            assert torch.autograd.gradcheck(
                lambda f, s=similarity: pair_similarity(f, labels, similarity=s), (features,)
            )


def test_float32_follows_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.nn.functional.normalize(torch.randn(40, 64, generator=generator))
    proxies = torch.nn.functional.normalize(torch.randn(30, 64, generator=generator))
    labels = torch.arange(40) % 30
    single = proxy_similarity(features, proxies, labels)
    double = proxy_similarity(features.double(), proxies.double(), labels)
    torch.testing.assert_close(single.double(), double, atol=1e-6, rtol=0)
    single = pair_similarity(features, labels)
    double = pair_similarity(features.double(), labels)
    torch.testing.assert_close(single.double(), double, atol=1e-6, rtol=0)


def test_same_point_has_no_gradient_in_euclidean_pairs() -> None:
    features = torch.ones(4, 8, requires_grad=True)
    pair_similarity(features, torch.tensor([0, 0, 1, 1]), metric="euclidean").sum().backward()
    assert features.grad is not None
    assert torch.equal(features.grad, torch.zeros(4, 8))


def test_refusals() -> None:
    features, proxies = torch.randn(3, 4), torch.randn(2, 4)
    labels = torch.tensor([0, 1, 1])
    with pytest.raises(ValueError, match="label 2 is outside the 2 proxies"):
        proxy_similarity(features, proxies, torch.tensor([0, 2, 1]))
    with pytest.raises(ValueError, match="label -1 is outside"):
        proxy_similarity(features, proxies, torch.tensor([0, -1, 1]))
    with pytest.raises(ValueError, match="unknown rule 'quartile'"):
        proxy_similarity(features, proxies, labels, rule="quartile")
    with pytest.raises(ValueError, match="keep must be above 0"):
        pair_similarity(features, labels, keep=0.0)
    with pytest.raises(ValueError, match=r"convert half precision with \.float"):
        proxy_similarity(features.half(), proxies.half(), labels)
    with pytest.raises(ValueError, match="unknown similarity"):
        pair_similarity(features, labels, similarity="cosine")
    with pytest.raises(ValueError, match="masked_cosine' has no form for euclidean"):
        pair_similarity(features, labels, similarity="masked_cosine", metric="euclidean")

"""Other readings of the paper: each against its definition, in value and gradient."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from random_cases import draw
from torch import Tensor

from baselines.proxy import SoftTriple
from benchmark.dam import definition, pair_similarity, proxy_similarity, readings
from benchmark.dam.kernels import use
from benchmark.dam.selection import Selection

pytestmark = pytest.mark.usefixtures("technology")
RULES = ["quantile", "mean", "random", "inverse", "soft"]
SAFE_RULES = ["quantile", "mean", "random", "soft"]
BLOCKS = (20, 1 << 18)
SOFT = SoftTriple(gamma=0.3).to_class


def assert_same(
    expected: Tensor,
    inputs: tuple[Tensor, ...],
    function: Callable[..., Tensor],
    *arguments: Any,
    **settings: Any,
) -> None:
    """Values and gradients, whatever torch holds at a time."""
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0)).to(expected)
    gradients = torch.autograd.grad((expected * weights).sum(), inputs)
    for block in BLOCKS:
        with use(use.technology, block):
            S = function(*arguments, **settings)
            torch.testing.assert_close(S, expected)
            torch.testing.assert_close(torch.autograd.grad((S * weights).sum(), inputs), gradients)


@pytest.mark.parametrize(
    ("mapping", "rule"),
    [
        *product(["masked_distance", "contributions"], SAFE_RULES),
        *product(["shrunk"], RULES),
        *product(["margin", "margin_cosine"], ["soft"]),
    ],
)
def test_proxy_mapping_equals_its_definition(mapping: str, rule: str) -> None:
    define = getattr(readings, mapping)
    for case in range(6):
        features, proxies, labels = draw(case)
        rescale = case != 2 or mapping == "margin_cosine"
        settings = {"rescale": rescale, "mapping": mapping, "seed": case}
        selection = Selection(rule, 0.6, case, rescale)
        expected = define(features, proxies, labels, selection)
        inputs = (features, proxies)
        assert_same(expected, inputs, proxy_similarity, *inputs, labels, rule, 0.6, **settings)


@pytest.mark.parametrize("rule", SAFE_RULES)
def test_the_own_class_by_its_highest_differences(rule: str) -> None:
    for case in range(6):
        features, proxies, labels = draw(case)
        inputs, settings = (features, proxies), {"mapping": "masked_distance", "select": "both"}
        selection = Selection(rule, 0.6, case)
        assert_same(
            readings.masked_distance(*inputs, labels, selection, select="both"),
            inputs, proxy_similarity, *inputs, labels, rule, 0.6, seed=case, **settings,
        )  # fmt: skip


@pytest.mark.parametrize(("mapping", "rule"), [("margin", "soft"), *product(["shrunk"], RULES)])
def test_several_centres_equal_the_definition(mapping: str, rule: str) -> None:
    define = getattr(readings, mapping)
    for case in range(4):
        features, proxies, labels = draw(case, centres=3)
        of_centres = {"centres": 3, "to_class": SOFT}
        settings = {"mapping": mapping, "seed": case} | of_centres
        inputs = (features, proxies)
        expected = define(*inputs, labels, Selection(rule, 0.6, case), **of_centres)
        assert_same(expected, inputs, proxy_similarity, *inputs, labels, rule, 0.6, **settings)


@pytest.mark.parametrize("mapping", ["margin", "contributions", "masked_distance", "shrunk"])
@pytest.mark.parametrize("nearest", [1, 3, 100])
def test_nearest_maps_mutually_near_classes_alone(mapping: str, nearest: int) -> None:
    define = getattr(readings, mapping)
    for case in range(6):
        features, proxies, labels = draw(case)
        near = readings.mutually_nearest(proxies.detach(), nearest)[labels]

        plain = features @ proxies.T
        if mapping == "shrunk":  # as hard as the mapped part
            own = plain.gather(1, labels.unsqueeze(1))
            hard = (own - readings.margin(features, proxies, labels))[near].sum().item()
            total = (own - plain)[near].sum().item()
            ratio = min(max(hard / total, 0.05), 2.0) if total > 0 else 1.0
            mapped = own - ratio * (own - plain)
        else:
            mapped = define(features, proxies, labels)
        inputs, settings = (features, proxies), {"mapping": mapping, "nearest": nearest}
        expected = torch.where(near, mapped, plain)
        assert_same(expected, inputs, proxy_similarity, *inputs, labels, **settings)
        if nearest >= len(proxies) - 1:
            others = labels.unsqueeze(1) != torch.arange(len(proxies))
            assert torch.equal(near, others)


@pytest.mark.parametrize("similarity", ["masked_distance", "masked_cosine", "shrunk"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("beside", [False, True])
def test_pair_similarity_equals_its_definition(similarity: str, rule: str, beside: bool) -> None:
    define = {
        "masked_distance": definition.pair_similarity,
        "masked_cosine": readings.masked_cosine,
        "shrunk": readings.shrunk_pairs,
    }[similarity]
    for case in range(6):
        features, references, labels = draw(case)
        others = (references, torch.arange(len(references)) % 3) if beside else (None, None)
        inputs = (features, references) if beside else (features,)
        settings = {"references": others[0], "reference_labels": others[1], "seed": case}
        expected = define(features, labels, Selection(rule, 0.6, case), *others)
        assert_same(
            expected, inputs, pair_similarity, features, labels, rule, 0.6, similarity, **settings
        )

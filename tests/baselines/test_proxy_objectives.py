"""Proxy objectives, through their baseline loss module, against independent oracles.

Value and gradients, over random sizes with absent classes and classes of a single sample; then the
edges: one class, ties, cosines of 1 and -1, half precision, options, symmetries.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines import proxy
from baselines.proxy import (
    ArcFace,
    CosFace,
    NormSoftmax,
    ProxyAnchor,
    ProxyNca,
    ProxyNcaPlus,
    Softmax,
    SoftTriple,
)
from benchmark.bench.conformance.agreement import CASES, largest_differences, value_and_gradients
from benchmark.bench.conformance.cases_proxy import against_formula, against_library, baseline, draw
from benchmark.bench.conformance.formulas_proxy import FORMULAS
from benchmark.bench.conformance.oracles_proxy import LIBRARY, WITHOUT_LIBRARY
from benchmark.registry import snake_case

FEW = CASES // 4  # `bench conformance` takes all of them
OBJECTIVES: dict[str, Callable[..., Any]] = {
    snake_case(name): getattr(proxy, name) for name in proxy.__all__
}


def compare(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    assert (largest_differences(found, expected) <= tolerance).all()


def test_every_objective_has_a_formula_and_a_library_or_a_reason() -> None:
    assert set(FORMULAS) == set(OBJECTIVES)
    assert set(FORMULAS) - set(LIBRARY) == set(WITHOUT_LIBRARY) == {"softmax", "proxy_nca"}


def test_cases_have_absent_classes_and_single_samples() -> None:
    absent = single = 0
    for case in range(CASES):
        _, proxies, labels = draw(case, torch.float32)
        sizes = labels.bincount(minlength=len(proxies))
        absent += bool((sizes == 0).any())
        single += bool((sizes == 1).any())
    assert min(absent, single) > CASES / 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("against", "name"),
    [(against_formula, name) for name in FORMULAS] + [(against_library, name) for name in LIBRARY],
)
def test_equals_its_oracles(against: Callable[..., Any], name: str, dtype: torch.dtype) -> None:
    found = against(name, dtype, FEW)
    assert found.agrees, found
    assert found.cases == found.nonzero == FEW
    assert set(found.gradients) == {"features", "proxies"}


OPTIONS = [
    ("arc_face", {"margin": 1.3, "scale": 7.0}),
    ("cos_face", {"margin": 0.7, "scale": 7.0}),
    ("norm_softmax", {"scale": 3.0}),
    ("proxy_anchor", {"margin": 0.3, "scale": 5.0}),
    ("proxy_nca", {"scale": 3.0}),
    ("proxy_nca_plus", {"scale": 2.0}),
    ("soft_triple", {"centres": 3, "scale": 5.0, "gamma": 0.4, "margin": 0.2, "tau": 0.7}),
    ("soft_triple", {"centres": 1}),
    ("softmax", {"scale": 0.5, "smoothing": 0.1}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_options_equal_the_formula(name: str, options: dict[str, Any]) -> None:
    for case in range(20):
        batch = draw(case, torch.float64, options.get("centres", 1))
        found = value_and_gradients(baseline(OBJECTIVES[name](**options)), *batch)
        expected = value_and_gradients(lambda *b: FORMULAS[name](*b, **options), *batch)
        compare(found, expected, 1e-10)


def test_softmax_is_the_cross_entropy_of_a_layer_without_bias() -> None:
    features, proxies, labels = draw(0, torch.float64)
    layer = nn.Linear(proxies.shape[1], len(proxies), bias=False, dtype=torch.float64)
    layer.weight.data.copy_(proxies)
    for smoothing in (0.0, 0.1, 0.6):
        expected = nn.CrossEntropyLoss(label_smoothing=smoothing)(layer(features), labels)
        found = baseline(Softmax(smoothing=smoothing))(features, proxies, labels)
        torch.testing.assert_close(found, expected.detach())


def test_what_the_objectives_become_without_their_margin() -> None:
    for case in range(20):
        batch = draw(case, torch.float64)
        for objective, scale in (
            (CosFace(margin=0.0), 64.0),
            (ArcFace(margin=0.0), 64.0),
            (SoftTriple(centres=1, margin=0.0), 20.0),
            (ProxyNcaPlus(), 18.0),
        ):
            found = value_and_gradients(baseline(objective), *batch)
            expected = value_and_gradients(baseline(NormSoftmax(scale)), *batch)
            compare(found, expected, 1e-10)


@pytest.mark.parametrize(
    "objective",
    [Softmax(smoothing=0.1), NormSoftmax(), CosFace(), ArcFace(), ProxyNcaPlus()],
)
def test_one_class_leaves_nothing_to_learn(objective: nn.Module) -> None:
    batch = torch.randn(3, 4), torch.randn(1, 4), torch.zeros(3, dtype=torch.int64)
    for found in value_and_gradients(baseline(objective), *batch):
        assert not found.any()


def test_one_class_where_it_has_a_meaning_or_none() -> None:
    labels = torch.zeros(3, dtype=torch.int64)
    for name, centres in (("proxy_anchor", 1), ("soft_triple", 10)):
        batch = torch.randn(3, 4).double(), torch.randn(centres, 4).double(), labels
        found = value_and_gradients(baseline(OBJECTIVES[name]()), *batch)
        compare(found, value_and_gradients(FORMULAS[name], *batch), 1e-10)
    with pytest.raises(ValueError, match="at least 2 classes"):
        baseline(ProxyNca())(torch.randn(3, 4), torch.randn(1, 4), labels)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Softmax(), math.log(5)),
        (Softmax(smoothing=0.2), math.log(5)),
        (NormSoftmax(), math.log(5)),
        (CosFace(), 64 * 0.35 + math.log(4 + math.exp(-64 * 0.35))),
        (ArcFace(), 64 * (1 - math.cos(0.5)) + math.log(4 + math.exp(64 * (math.cos(0.5) - 1)))),
        (ProxyNca(), math.log(4)),
        (ProxyNcaPlus(), math.log(5)),
        (ProxyAnchor(), math.log(1 + 2 * math.exp(-28.8)) + math.log(1 + 8 * math.exp(35.2))),
        (SoftTriple(), 20 * 0.01 + math.log(4 + math.exp(-20 * 0.01))),
    ],
)
def test_equal_rows(objective: nn.Module, expected: float) -> None:
    """All features and proxies are one unit vector: every cosine is 1. 5 classes of 2 samples."""
    centres = getattr(objective, "centres", 1)
    vector = torch.full((1, 4), 0.5)
    batch = vector.repeat(10, 1), vector.repeat(5 * centres, 1), torch.arange(10) % 5
    value, *gradients = value_and_gradients(baseline(objective), *batch)
    assert value.item() == pytest.approx(expected, rel=1e-5)
    for gradient in gradients:
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_cosines_of_one_and_minus_one(name: str, sign: int, dtype: torch.dtype) -> None:
    """Each sample is its own class's proxy, or the opposite of it."""
    objective = OBJECTIVES[name]()
    proxies = torch.eye(4, dtype=dtype).repeat_interleave(getattr(objective, "centres", 1), 0)
    batch = sign * torch.eye(4, dtype=dtype), proxies, torch.arange(4)
    found = value_and_gradients(baseline(objective), *batch)
    assert all(torch.isfinite(part).all() for part in found)
    expected = FORMULAS[name](*(part.double() for part in batch[:2]), batch[2])
    # At 1 the loss is near 0: what is left are sums of tiny exponentials.
    torch.testing.assert_close(found[0].double(), expected, atol=1e-6, rtol=1e-6)


def test_arc_face_has_a_slope_near_the_ends() -> None:
    """Where acos(S) is ill-conditioned, in float32, against float64 of the same numbers."""
    cosines = torch.tensor([1 - 2**-k for k in range(3, 24)])
    cosines = torch.cat([-cosines, cosines]).requires_grad_()
    S = torch.stack([cosines, cosines.detach() - 0.1], 1)
    positive = torch.tensor([True, False]).expand_as(S)
    (found,) = torch.autograd.grad(ArcFace(scale=2.0)(S, positive), cosines)

    exact = cosines.detach().double().requires_grad_()
    angle = exact.acos()
    near = torch.where(angle <= math.pi - 0.5, (angle + 0.5).cos(), exact - 0.5 * math.sin(0.5))
    other = (cosines.detach() - 0.1).double()
    loss = F.softplus(2.0 * (other - near)).mean()
    (expected,) = torch.autograd.grad(loss, exact)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=0)


def test_arc_face_falls_with_the_cosine() -> None:
    cosines = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    losses = torch.stack(
        [
            ArcFace(scale=1.0)(
                torch.stack([cosine, cosine * 0])[None], torch.tensor([[True, False]])
            )
            for cosine in cosines
        ]
    )
    assert (losses.diff() < 0).all()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_similarities_outside_the_unit_interval_are_finite(name: str) -> None:
    """A mapping or rounding may put them there."""
    S = torch.linspace(-3, 3, 40).view(4, 10).requires_grad_()
    objective = OBJECTIVES[name](**({"centres": 2} if name == "soft_triple" else {}))
    classes = torch.arange(10) // getattr(objective, "centres", 1)
    loss = objective(S, torch.tensor([4, 0, 2, 1])[:, None] == classes)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(S.grad).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_half_precision_features_give_a_float32_loss(name: str, dtype: torch.dtype) -> None:
    objective = OBJECTIVES[name]()
    features, proxies, labels = draw(0, torch.float32, getattr(objective, "centres", 1))
    features = features.to(dtype)
    value, *gradients = value_and_gradients(baseline(objective), features, proxies, labels)
    assert value.dtype == torch.float32
    assert gradients[0].dtype == dtype
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    exact = FORMULAS[name](features.double(), proxies.double(), labels)
    torch.testing.assert_close(value.double(), exact, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_order_of_classes_and_samples_does_not_matter(name: str) -> None:
    objective = OBJECTIVES[name]()
    centres = getattr(objective, "centres", 1)
    for case in range(10):
        features, proxies, labels = draw(case, torch.float64, centres)
        generator = torch.Generator().manual_seed(case)
        samples = torch.randperm(len(labels), generator=generator)
        classes = torch.randperm(len(proxies) // centres, generator=generator)
        within = torch.randperm(centres, generator=generator)
        columns = (classes[:, None] * centres + within).flatten()
        found = value_and_gradients(
            baseline(objective),
            features[samples],
            proxies[columns],
            classes.argsort()[labels[samples]],
        )
        value, to_features, to_proxies = value_and_gradients(
            baseline(objective), features, proxies, labels
        )
        compare(found, (value, to_features[samples], to_proxies[columns]), 1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_length_of_features_and_proxies(name: str) -> None:
    """Where vectors are normalised it does not matter; for softmax it is a scale."""
    objective = OBJECTIVES[name]()
    features, proxies, labels = draw(1, torch.float64, getattr(objective, "centres", 1))
    found = baseline(objective)(3 * features, proxies / 2, labels)
    same = objective if objective.normalise else Softmax(scale=1.5)
    torch.testing.assert_close(found, baseline(same)(features, proxies, labels))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_feature_that_is_no_number_shows_in_the_loss(name: str) -> None:
    objective = OBJECTIVES[name]()
    features, proxies, labels = draw(1, torch.float32, getattr(objective, "centres", 1))
    features[0, 0] = float("nan")
    assert torch.isnan(baseline(objective)(features, proxies, labels))


def test_soft_triple_regulariser_of_merged_centres() -> None:
    centres = F.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)))
    merged = centres.repeat_interleave(5, 0).requires_grad_()
    value = SoftTriple(centres=5).regulariser(merged)
    value.backward()
    assert value.item() == 0
    assert torch.equal(merged.grad, torch.zeros(20, 8))
    # Two classes of two opposite centres: each pair is 2 apart, and there is one a class.
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert SoftTriple(centres=2, tau=0.3).regulariser(opposite).item() == pytest.approx(0.3)


def test_refusals() -> None:
    S = torch.zeros(2, 6)
    with pytest.raises(ValueError, match="6 references are not classes of 4 centres"):
        SoftTriple(centres=4)(S, S > 0)
    with pytest.raises(ValueError, match="must stand side by side"):
        SoftTriple(centres=3)(S, torch.tensor([0, 1])[:, None] == torch.arange(6))
    with pytest.raises(ValueError, match="centres must be at least 1 a class, not 0"):
        SoftTriple(centres=0)
    with pytest.raises(ValueError, match=r"smoothing must be at least 0 and below 1, not 1\.0"):
        Softmax(smoothing=1.0)
    with pytest.raises(ValueError, match=r"in radians, from 0 to below pi, not 28\.6"):
        ArcFace(margin=28.6)

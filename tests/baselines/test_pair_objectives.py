"""Pair objectives against independent oracles, and what must hold for each of them.

Value and gradient through the baseline loss module against the library, and on rows with a memory
behind the batch against the formulas; then the edges: missing partners, ties, satisfied margins,
half precision, order, sampling.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.distances import DotProductSimilarity
from pytorch_metric_learning.losses import NPairsLoss
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from baselines import pair
from baselines.pair import Margin, NPair, Triplet
from baselines.pair.distance_weighted import draw_negatives
from benchmark.bench.conformance.agreement import CASES
from benchmark.bench.conformance.cases_pair import (
    against_formula,
    against_library,
    draw,
    make,
    rows,
)
from benchmark.bench.conformance.formulas_pair import FORMULAS, entry
from benchmark.bench.conformance.oracles_pair import LIBRARY
from benchmark.entries import Entry
from benchmark.losses import PairLoss, without_self
from benchmark.registry import PAIR_OBJECTIVES, build, names, snake_case

FEW = CASES // 4  # `bench conformance` takes all of them
DRAWING = [key for key in FORMULAS if key.endswith("distance_weighted")]
ON_DISTANCES = [
    key for key in FORMULAS if key.split()[0] not in ("circle", "multi_similarity", "npair")
]
ONLY_TRIPLETS = [key for key in FORMULAS if key != "contrastive"]


def test_every_objective_has_both_oracles() -> None:
    assert set(FORMULAS) == set(LIBRARY)
    exported = {snake_case(name) for name in pair.__all__}
    assert {key.split()[0] for key in FORMULAS} == exported == set(names(PAIR_OBJECTIVES))


def test_cases_have_single_samples_and_one_class() -> None:
    sizes = [draw(case, torch.float32)[1].bincount() for case in range(CASES)]
    assert sum(bool((s == 1).any()) for s in sizes) > CASES / 2
    assert sum(int((s > 0).sum()) == 1 for s in sizes) >= 10
    assert sum(bool((s <= 1).all()) for s in sizes) >= 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("against", [against_library, against_formula])
@pytest.mark.parametrize("key", FORMULAS)
def test_equals_its_oracles(key: str, against: Callable[..., Any], dtype: torch.dtype) -> None:
    """The formula with a memory."""
    found = against(key, dtype, FEW)
    assert found.agrees, found
    assert found.cases == FEW
    assert found.nonzero > 0.5 * FEW
    assert ("beta" in found.gradients) == key.startswith("margin")


@pytest.mark.parametrize("key", FORMULAS)
def test_equals_its_formula_with_ties_and_rows_of_one_kind(key: str) -> None:
    objective = make(key).double()
    for case in range(50):
        generator = torch.Generator().manual_seed(case)
        S = torch.randint(-3, 1, (6, 9), generator=generator).double() / 2
        positive = torch.rand(6, 9, generator=generator) < 0.5
        positive[0], positive[1] = True, False
        torch.manual_seed(case)
        found = objective(S, positive)
        torch.manual_seed(case)
        # A boundary of 1.2 is stored in float32.
        torch.testing.assert_close(found, FORMULAS[key](S, positive), atol=1e-7, rtol=1e-9)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("circle", {"margin": 0.25, "scale": 32.0}),
        ("contrastive", {"positive_margin": 0.4, "negative_margin": 1.3}),
        ("lifted_structure", {"margin": 0.2}),
        ("margin", {"alpha": 0.05, "beta": 0.8}),
        ("multi_similarity", {"alpha": 1.0, "beta": 10.0, "base": 0.3, "epsilon": 0.4}),
        ("triplet", {"margin": 0.05}),
        ("triplet batch_all", {"margin": 1.0}),
        ("triplet semi_hard", {"margin": 1.0}),
    ],
)
def test_options_do_what_the_formula_says(key: str, options: dict[str, float]) -> None:
    described = Entry.model_validate(entry(key) | options)
    objective = build(PAIR_OBJECTIVES, described, "objective").double()
    changed = 0
    for case in range(20):
        S, positive = rows(objective, case, torch.float64)
        expected = FORMULAS[key](S, positive, **options)
        # The boundary is stored in float32.
        torch.testing.assert_close(objective(S, positive), expected, atol=1e-6, rtol=0)
        changed += bool((expected - FORMULAS[key](S, positive)).abs() > 1e-4)
    assert changed > 10


@pytest.mark.parametrize("key", ONLY_TRIPLETS)
@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_without_partners_the_loss_and_gradients_are_zero(key: str, labels: list[int]) -> None:
    features = torch.randn(3, 4, requires_grad=True)
    loss = PairLoss(make(key))(features, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(features.grad, torch.zeros(3, 4))


def test_contrastive_takes_pairs_of_either_kind_alone() -> None:
    S = -torch.tensor([[0.2, 0.6], [0.2, 0.9], [0.6, 0.9]])
    contrastive = make("contrastive")
    assert contrastive(S, S < 0).item() == pytest.approx((0.2 + 0.6 + 0.9) / 3)
    assert contrastive(S, S > 0).item() == pytest.approx((0.8 + 0.4 + 0.1) / 3)


@pytest.mark.parametrize("key", FORMULAS)
@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 3], [0] * 6, list(range(6))])
def test_equal_features_leave_loss_and_gradients_finite(key: str, labels: list[int]) -> None:
    features = torch.ones(6, 4, requires_grad=True)
    loss = PairLoss(make(key))(features, torch.tensor(labels))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize("key", ON_DISTANCES)
def test_satisfied_margins_leave_nothing_to_learn(key: str) -> None:
    labels = torch.arange(12) // 3
    features = 10 * F.one_hot(labels).float()
    features.requires_grad_()
    loss = PairLoss(make(key))(features, labels)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(features.grad, torch.zeros(12, 4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("key", FORMULAS)
def test_half_precision_features_give_a_float32_loss(key: str, dtype: torch.dtype) -> None:
    exact, labels = 3 * torch.randn(24, 8, generator=torch.Generator().manual_seed(0)), None
    labels = torch.arange(24) // 4
    features = exact.to(dtype).requires_grad_()
    value = PairLoss(make(key))(features, labels)
    value.backward()
    assert value.dtype == torch.float32
    assert features.grad.dtype == dtype
    assert torch.isfinite(features.grad).all()
    assert value.item() == PairLoss(make(key))(features.detach().float(), labels).item() > 0


@pytest.mark.parametrize("key", [key for key in FORMULAS if key not in DRAWING])
def test_the_order_of_samples_and_of_the_memory_does_not_matter(key: str) -> None:
    objective = make(key)
    for case in range(3, 40, 4):
        S, positive = rows(objective, case, torch.float64)
        expected = objective(S, positive)
        generator = torch.Generator().manual_seed(case)
        first = torch.randperm(len(S), generator=generator)
        second = torch.randperm(S.shape[1], generator=generator)
        found = objective(S[first][:, second], positive[first][:, second])
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("key", FORMULAS)
def test_a_similarity_that_is_no_number_shows(key: str) -> None:
    S = torch.full((6, 5), float("nan"))
    positive = without_self(torch.arange(6).unsqueeze(1) // 2 == torch.arange(6) // 2)
    assert torch.isnan(make(key)(S, positive))


class Largest(TorchDispatchMode):
    """Notes the largest number of elements that any operation returns."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return result


@pytest.mark.parametrize("key", FORMULAS)
def test_nothing_larger_than_the_similarities_is_held(key: str) -> None:
    objective = make(key)
    S = -torch.rand(20, 60, generator=torch.Generator().manual_seed(0)).requires_grad_()
    positive = torch.arange(20).unsqueeze(1) // 4 == torch.arange(60) // 4 % 5
    with Largest() as largest:
        objective(S, positive).backward()
    assert S.numel() <= largest.elements <= S.numel() + 60


def test_circle_weights_carry_no_gradient() -> None:
    S = torch.tensor([[0.6, 0.3]], requires_grad=True)
    pair.Circle(margin=0.25, scale=1.0)(S, torch.tensor([[True, False]])).backward()
    pull, push = 1.25 - 0.6, 0.3 + 0.25
    share = torch.sigmoid(torch.tensor(push * (0.3 - 0.25) + pull * (0.75 - 0.6)))
    expected = share * torch.tensor([[-pull, push]])
    torch.testing.assert_close(S.grad, expected)


def test_npair_on_anchors_and_positives_is_the_multi_class_form() -> None:
    generator = torch.Generator().manual_seed(0)
    anchors, positives = torch.randn(2, 7, 5, generator=generator, dtype=torch.float64)
    own = torch.eye(7, dtype=torch.bool)
    labels = torch.arange(7)
    pairs = labels, labels + 7, labels[:0], labels[:0]
    library = NPairsLoss(distance=DotProductSimilarity(normalize_embeddings=False))
    expected = library(torch.cat([anchors, positives]), labels.repeat(2), pairs)
    torch.testing.assert_close(NPair()(anchors @ positives.T, own), expected)


def test_the_boundary_is_a_parameter_of_the_loss() -> None:
    loss = PairLoss(Margin(beta=0.7))
    assert [name for name, _ in loss.named_parameters()] == ["objective.beta"]
    features = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))
    loss(features, torch.arange(12) // 3).backward()
    assert loss.objective.beta.grad.item() != 0


# ---- distance-weighted sampling


def test_negatives_are_drawn_by_the_inverse_density() -> None:
    dim, count = 6, 200_000
    distances = torch.tensor([0.2, 0.4, 0.7, 1.0, 1.3, 1.39, 1.41, 1.9, 0.3])
    positive = torch.tensor([[False] * 8 + [True]])
    torch.manual_seed(0)
    drawn = draw_negatives(-distances.unsqueeze(0), positive, dim, count)
    weights = []
    for distance in distances[:6].tolist():
        d = max(distance, 0.5)
        weights.append(1 / (d ** (dim - 2) * (1 - d * d / 4) ** ((dim - 3) / 2)))
    expected = torch.tensor([*weights, 0, 0, 0]) / sum(weights)
    found = drawn.flatten().bincount(minlength=9) / count
    spread = 5 * (expected * (1 - expected) / count).sqrt()
    assert ((found - expected).abs() <= spread).all()


def test_far_negatives_are_drawn_alike_where_there_is_no_near_one() -> None:
    S = -torch.tensor([[1.5, 1.41, 1.9, 0.1]])
    positive = torch.tensor([[False, False, False, True]])
    torch.manual_seed(0)
    found = draw_negatives(S, positive, 128, 30_000).flatten().bincount(minlength=4) / 30_000
    torch.testing.assert_close(found, torch.tensor([1 / 3, 1 / 3, 1 / 3, 0]), atol=0.015, rtol=0)


def test_high_dimensions_do_not_underflow() -> None:
    S = -torch.tensor([[1.39, 1.38, 0.2], [0.5, 1.39, 0.2]])
    positive = torch.tensor([[False, False, True]] * 2)
    drawn = draw_negatives(S, positive, 2048, 1000)
    assert set(drawn[0].tolist()) == {0, 1}
    assert set(drawn[1].tolist()) == {0}


@pytest.mark.parametrize("key", DRAWING)
def test_draws_follow_from_the_generator_whatever_the_similarities(key: str) -> None:
    objective = make(key)
    positive = without_self(torch.arange(24).unsqueeze(1) // 4 == torch.arange(24) // 4)
    first, second = -0.5 - torch.rand(2, 24, 23)
    torch.manual_seed(7)
    value = objective(first, positive)
    state = torch.get_rng_state()
    others = {objective(first, positive).item() for _ in range(5)}
    assert others != {value.item()}
    torch.manual_seed(7)
    assert objective(first, positive) == value
    torch.manual_seed(7)
    objective(second, positive)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("key", DRAWING)
def test_a_seed_fixes_the_draws_and_leaves_the_generator_alone(key: str) -> None:
    objective = make(key)
    positive = without_self(torch.arange(24).unsqueeze(1) // 4 == torch.arange(24) // 4)
    S = -0.5 - torch.rand(24, 23)
    state = torch.get_rng_state()
    values = []
    for seed in (3, 3, 4):
        objective.seed = seed
        values.append(objective(S, positive).item())
    assert values[0] == values[1] != values[2]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", [Triplet, Margin])
def test_refusals(kind: Callable[..., nn.Module]) -> None:
    with pytest.raises(ValueError, match="unknown mining 'hard'; known: "):
        kind(mining="hard")
    with pytest.raises(ValueError, match="needs dim, the number of elements of an embedding"):
        kind(mining="distance_weighted", normalise=True)
    with pytest.raises(ValueError, match="needs features of unit length: normalise=True"):
        kind(mining="distance_weighted", dim=8, normalise=False)

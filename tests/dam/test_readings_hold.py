"""What must hold of the other readings: invariants, no leak, hardness, and contradictions."""

import math
import subprocess
import sys
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from random_cases import draw

from baselines.proxy import SoftTriple
from benchmark.dam import PairDAM, ProxyDAM, pair_similarity, proxy_similarity

pytestmark = pytest.mark.usefixtures("technology")
RULES = ["quantile", "mean", "random", "inverse", "soft"]
SOFT = SoftTriple(gamma=0.3).to_class


@pytest.mark.parametrize("mapping", ["masked_distance", "contributions", "shrunk"])
def test_keeping_all_is_plain(mapping: str) -> None:
    for case in range(6):
        features, proxies, labels = draw(case)
        found = proxy_similarity(features, proxies, labels, keep=1.0, mapping=mapping)
        torch.testing.assert_close(found, features @ proxies.T)
        S = proxy_similarity(features, proxies, labels, rule="all", mapping=mapping)
        assert torch.equal(S, features @ proxies.T)


@pytest.mark.parametrize("rule", ["quantile", "mean", "soft"])
def test_no_mapped_loss_is_below_the_plain_one(rule: str) -> None:
    """Under these two mappings, negatives only come closer; and so do all soft pairs."""
    for case in range(12):
        features, proxies, labels = draw(case)
        plain = features @ proxies.T
        own = labels.unsqueeze(1) == torch.arange(len(proxies))
        for mapping, keep in product(("masked_distance", "contributions"), (0.1, 0.5, 0.8)):
            S = proxy_similarity(features, proxies, labels, rule, keep, mapping=mapping)
            assert (plain - 1e-12 <= S).all()
            torch.testing.assert_close(S[own], plain[own])
        S = proxy_similarity(
            features, proxies, labels, rule, 0.5, mapping="masked_distance", select="both"
        )
        assert (S[own] <= plain[own] + 1e-12).all()
        pairs = pair_similarity(features, labels, rule, 0.5)
        positive = labels.unsqueeze(1) == labels
        further = pairs - features @ features.T
        assert (further[~positive] >= -1e-12).all()
        assert (further[positive] <= 1e-12).all()


def test_erased_elements_get_exactly_zero_gradient() -> None:
    for case in range(6):
        features, proxies, labels = draw(case)
        i, j = 0, (int(labels[0]) + 1) % len(proxies)
        y = int(labels[i])
        dim = features.shape[1]
        terms = features[i] * (proxies[y] - proxies[j])
        for mapping, scores in (
            ("contributions", terms),
            ("masked_distance", (features[i] - proxies[j]).abs()),
        ):
            order = scores.argsort(stable=True)
            erased = order[max(1, round(0.5 * dim)) :]
            S = proxy_similarity(features, proxies, labels, keep=0.5, mapping=mapping)
            value = S[i, y] - S[i, j] if mapping == "contributions" else S[i, j]
            for gradient, row in zip(
                torch.autograd.grad(value, (features, proxies)), (i, j), strict=True
            ):
                assert torch.equal(gradient[row][erased], torch.zeros(len(erased)).double())
                assert (gradient[row] != 0).any()


@pytest.mark.parametrize(
    "settings",
    [
        {"mapping": "masked_distance"},
        {"mapping": "masked_distance", "select": "both"},
        {"mapping": "contributions"},
        {"mapping": "shrunk"},
        {"rule": "soft"},
        {"rule": "soft", "mapping": "contributions"},
        {"nearest": 2},
        {"nearest": 2, "mapping": "shrunk"},
        {"difference": "class_means", "nearest": 2},
    ],
    ids=str,
)
def test_permuting_permutes(settings: dict[str, Any]) -> None:
    for case in (1, 2, 4, 5):
        features, proxies, labels = draw(case)
        generator = torch.Generator().manual_seed(case)
        elements = torch.randperm(features.shape[1], generator=generator)
        classes = torch.randperm(len(proxies), generator=generator)
        samples = torch.randperm(len(features), generator=generator)
        S = proxy_similarity(features, proxies, labels, keep=0.6, **settings)
        found = proxy_similarity(
            features[samples][:, elements], proxies[classes][:, elements],
            classes.argsort()[labels[samples]], keep=0.6, **settings,
        )  # fmt: skip
        torch.testing.assert_close(found, S[samples][:, classes])


@pytest.mark.parametrize(
    "settings",
    [
        {"mapping": "masked_distance"},
        {"mapping": "masked_distance", "select": "both"},
        {"mapping": "masked_distance", "rule": "mean"},
        {"mapping": "contributions"},
        {"mapping": "contributions", "rule": "soft"},
        {"mapping": "shrunk"},
        {"mapping": "shrunk", "rule": "inverse"},
        {"rule": "soft"},
        {"nearest": 2},
        {"nearest": 2, "mapping": "shrunk"},
        {"nearest": 2, "rule": "inverse"},
        {"difference": "running_means"},
    ],
    ids=str,
)
def test_no_reading_leaks_the_label(settings: dict[str, Any]) -> None:
    """All features are equal, and feature and proxies are free to lower the softmax loss."""
    generator = torch.Generator().manual_seed(0)
    C, D = 6, 32
    feature = torch.randn(1, D, generator=generator, dtype=torch.float64).requires_grad_()
    proxies = torch.randn(C, D, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.arange(C).repeat(2)
    means = None
    if "difference" in settings:  # any at all
        means = torch.randn(C, D, generator=generator, dtype=torch.float64)
        means[2] = torch.nan
    optimiser = torch.optim.Adam([feature, proxies], lr=0.03)
    for _ in range(40):
        S = proxy_similarity(
            F.normalize(feature).expand(len(labels), -1), F.normalize(proxies), labels,
            **{"keep": 0.5, "means": means} | settings,
        )  # fmt: skip
        loss = F.cross_entropy(20 * S, labels)
        assert loss.item() >= math.log(C) - 1e-9
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("keep", [0.3, 0.8])
def test_shrunk_is_as_hard_as_dam(rule: str, keep: float) -> None:
    """The mean margin of the batch is DAM's, and that of no pair's share of it is singled out."""
    for case in range(1, 20):
        features, proxies, labels = draw(case)
        dam = proxy_similarity(features, proxies, labels, rule, keep, seed=case)
        found = proxy_similarity(features, proxies, labels, rule, keep, mapping="shrunk", seed=case)
        plain = features @ proxies.T
        rows = torch.arange(len(labels))
        of_dam, of_shrunk, of_plain = (
            S[rows, labels].unsqueeze(1) - S for S in (dam, found, plain)
        )
        if of_plain.sum() <= 0 or not 0.05 < of_dam.sum() / of_plain.sum() < 2:
            continue
        torch.testing.assert_close(of_shrunk.mean(), of_dam.mean())
        torch.testing.assert_close(of_shrunk, of_plain * of_dam.sum() / of_plain.sum())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("metric", ["cosine", "euclidean", "inner_product"])
def test_shrunk_pairs_are_as_hard_as_dam(rule: str, metric: str) -> None:
    for case in range(1, 8):
        features, references, labels = draw(case)
        if metric == "inner_product":
            features, references = 2 * features, 3 * references
        of_references = torch.arange(len(references)) % 3
        lengths = features.square().sum(1).unsqueeze(1) + references.square().sum(1)
        settings = {
            "metric": metric, "seed": case, "references": references,
            "reference_labels": of_references,
        }  # fmt: skip
        squares = []
        for similarity in ("masked_distance", "shrunk"):
            S = pair_similarity(features, labels, rule, 0.4, similarity, **settings)
            squares.append(S.square() if metric == "euclidean" else lengths - 2 * S)
        positive = labels.unsqueeze(1) == of_references
        plain = torch.cdist(features, references).square()
        for pairs in (positive, ~positive):
            if pairs.any():
                torch.testing.assert_close(squares[1][pairs].mean(), squares[0][pairs].mean())
                ratio = squares[0][pairs].sum() / plain[pairs].sum()
                torch.testing.assert_close(squares[1][pairs], ratio * plain[pairs])


def test_shrunk_where_there_is_nothing_to_shrink() -> None:
    """Ratios are bounded, and 1 where the plain margins are not above 0 on the mean."""
    features, proxies, labels = draw(1)
    proxies = proxies.detach().clone()
    proxies[:, 0] *= 1e-4  # the element that differs least by far
    own = proxies[labels]
    for sign, scale in ((-1, None), (1, 0.05)):
        # With features along or against the own proxy, margins have one sign.
        f = sign * own
        # That element alone, and not brought to the size of all.
        S = proxy_similarity(f, proxies, labels, keep=1e-9, mapping="shrunk", rescale=False, seed=0)
        plain = f @ proxies.T
        margins = [(one.gather(1, labels.unsqueeze(1)) - one) for one in (S, plain)]
        if scale is None:
            torch.testing.assert_close(S, plain)
        else:
            torch.testing.assert_close(margins[0], scale * margins[1])
    same = features[:1].expand(4, -1)
    S = pair_similarity(same, torch.tensor([0, 0, 1, 1]), similarity="shrunk")
    torch.testing.assert_close(S, torch.ones(4, 4).double())


def test_contradictions_are_refused() -> None:
    for settings, message in [
        ({"select": "both"}, "select='both' needs mapping='masked_distance'"),
        ({"select": "positives"}, "unknown select 'positives'"),
        (
            {"mapping": "contributions", "difference": "class_means"},
            "difference='class_means' need",
        ),
        (
            {"mapping": "masked_distance", "difference": "running_means"},
            "running_means' needs sets",
        ),
        (
            {"mapping": "naive_feature_proxy", "difference": "class_means"},
            "class_means' needs sets",
        ),
        ({"mapping": "masked_distance", "own": False}, "own=False needs a margin"),
        ({"mapping": "margin_cosine", "rescale": False}, "rescale=False has no meaning"),
        ({"mapping": "masked_distance", "rule": "inverse"}, "rule='inverse' .* leak the label"),
        ({"mapping": "contributions", "rule": "inverse"}, "rule='inverse' .* leak the label"),
        ({"mapping": "naive_both", "rule": "soft"}, "rule='soft' has no form"),
        ({"mapping": "naive_both", "nearest": 3}, "nearest has no form"),
        ({"nearest": -1}, "nearest must be a number of classes"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1"),
        ({"probability": 0.0}, "probability must be above 0"),
        ({"probability": 0.5, "alternate": True}, "alternate=True fixes which steps"),
    ]:
        with pytest.raises(ValueError, match=message):
            ProxyDAM(**settings)
    for settings, message in [
        ({"similarity": "masked_cosine", "rescale": False}, "rescale=False has no meaning"),
        ({"probability": 1.5}, "probability must be above 0 and at most 1"),
        (
            {"rule": "hard"},
            "unknown rule 'hard'; known: quantile, mean, random, inverse, soft, all",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            PairDAM(**settings)
    features, proxies, labels = draw(1)
    with pytest.raises(ValueError, match="probability is a setting of the loss"):
        proxy_similarity(features, proxies, labels, probability=0.5)
    with pytest.raises(ValueError, match="joint is a setting of the loss"):
        pair_similarity(features, labels, joint=1.0)
    with pytest.raises(ValueError, match=r"running_means' needs means \[\d+, \d+\]"):
        proxy_similarity(features, proxies, labels, difference="running_means")
    for mapping in ("masked_distance", "contributions", "margin_cosine", "naive_both"):
        with pytest.raises(ValueError, match="has no form for 2 centres a class"):
            proxy_similarity(
                features, proxies.repeat(2, 1), labels, mapping=mapping, centres=2, to_class=SOFT
            )


def test_no_tensor_of_b_c_d_numbers_is_held(technology: str) -> None:
    """B C D would be 105 MB here."""
    code = f"""
import resource, torch
from benchmark.dam import proxy_similarity
from benchmark.dam.kernels import use
torch.set_num_threads(1)
use("{technology}")
few = torch.randn(2, 8, requires_grad=True)

def step(features, proxies, labels):
    for settings in (
        {{"mapping": "contributions"}}, {{"mapping": "masked_distance"}}, {{"mapping": "shrunk"}},
        {{"rule": "soft"}}, {{"nearest": 5}},
    ):
        proxy_similarity(features, proxies, labels, **settings).square().sum().backward()

step(few, few.detach(), torch.arange(2))
f, w = torch.randn(160, 1024, requires_grad=True), torch.randn(160, 1024, requires_grad=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
step(f, w, torch.arange(160) // 4)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    unit = 1024 if sys.platform == "darwin" else 1
    assert float(answer.stdout) / unit < 70

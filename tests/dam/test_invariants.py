"""The seven things that must hold of the method, numbered as in benchmark/dam/__init__.py."""

import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.definition import weights
from benchmark.dam.kernels import use
from benchmark.dam.selection import Selection

pytestmark = pytest.mark.usefixtures("technology")
CASES = range(12)


def draw(case: int) -> tuple[Tensor, Tensor, Tensor]:
    """Features [B, D], proxies [C, D] of unit length, and labels [B]; float64."""
    generator = torch.Generator().manual_seed(case)
    B, C, D = (int(torch.randint(2, 20, (), generator=generator)) for _ in range(3))
    features = F.normalize(torch.randn(B, D, generator=generator, dtype=torch.float64))
    proxies = F.normalize(torch.randn(C, D, generator=generator, dtype=torch.float64))
    return features, proxies, torch.randint(0, C, (B,), generator=generator)


def with_gradients(function, *inputs: Tensor) -> tuple[Tensor, ...]:
    inputs = tuple(tensor.detach().requires_grad_() for tensor in inputs)
    value = function(*inputs)
    upstream = torch.randn(value.shape, generator=torch.Generator().manual_seed(0)).to(value)
    return value.detach(), *torch.autograd.grad((value * upstream).sum(), inputs)


def kept_set(scores: Tensor, keep: float) -> Tensor:
    """The kept sets of the rule `quantile`."""
    return weights(scores, Selection("quantile", keep)) > 0


def test_1_all_is_the_plain_similarity_bit_for_bit() -> None:
    for case in CASES:
        features, proxies, labels = draw(case)
        assert torch.equal(
            proxy_similarity(features, proxies, labels, rule="all"), features @ proxies.T
        )
        assert torch.equal(pair_similarity(features, labels, rule="all"), features @ features.T)


def test_1_keeping_all_through_the_masked_path_is_plain_to_rounding() -> None:
    for case in CASES:
        features, proxies, labels = draw(case)
        torch.testing.assert_close(
            with_gradients(
                lambda f, w, y=labels: proxy_similarity(f, w, y, keep=1.0), features, proxies
            ),
            with_gradients(lambda f, w: f @ w.T, features, proxies),
        )
        for similarity in ("masked_distance", "masked_cosine"):
            # On the sphere, where 1 - d^2 / 2 is the cosine, gradients included.
            torch.testing.assert_close(
                with_gradients(
                    lambda f, y=labels, s=similarity: pair_similarity(
                        F.normalize(f), y, keep=1.0, similarity=s
                    ),
                    features,
                ),
                with_gradients(lambda f: F.normalize(f) @ F.normalize(f).T, features),
            )


def test_2_erased_elements_get_exactly_zero_gradient() -> None:
    for case in CASES:
        features, proxies, labels = draw(case)
        i, j = 0, (int(labels[0]) + 1) % len(proxies)
        y = int(labels[i])
        features.requires_grad_()
        proxies.requires_grad_()
        S = proxy_similarity(features, proxies, labels, keep=0.5)
        # Differences of two entries of a row cancel the own-class term, which keeps everything.
        to_features, to_proxies = torch.autograd.grad(S[i, y] - S[i, j], (features, proxies))
        kept = kept_set((proxies[y] - proxies[j]).abs().detach(), 0.5)
        assert torch.equal(to_features[i][~kept], torch.zeros(int((~kept).sum())).double())
        assert torch.equal(to_proxies[j][~kept], torch.zeros(int((~kept).sum())).double())
        if len(proxies) > 1:
            assert (to_proxies[j][kept] != 0).any()

        S = pair_similarity(features, labels, keep=0.5)
        to_features = torch.autograd.grad(S[0, 1], features)[0]
        gap = (features[0] - features[1]).abs().detach()
        kept = kept_set(-gap if labels[0] == labels[1] else gap, 0.5)
        assert torch.equal(to_features[:2][:, ~kept], torch.zeros(2, int((~kept).sum())).double())
        assert (to_features[0][kept] != 0).any()


def test_2_the_kept_set_carries_no_gradient() -> None:
    """Scores are made from values only: with the set frozen, the gradient is the same."""
    for case in CASES:
        features, proxies, labels = draw(case)
        gap = (proxies[labels].unsqueeze(1) - proxies).abs()
        kept = kept_set(gap, 0.7)
        scale = proxies.shape[1] / kept.sum(-1).double()

        def frozen(f: Tensor, w: Tensor, y=labels, kept=kept, scale=scale) -> Tensor:
            own = (f * w[y]).sum(-1, keepdim=True)
            return own - scale * (f.unsqueeze(1) * (w[y].unsqueeze(1) - w) * kept).sum(-1)

        torch.testing.assert_close(
            with_gradients(
                lambda f, w, y=labels: proxy_similarity(f, w, y, keep=0.7), features, proxies
            ),
            with_gradients(frozen, features, proxies),
        )


def test_3_sets_are_symmetric_in_the_class_pair() -> None:
    for case in CASES:
        _, proxies, _ = draw(case)
        for rule in ("quantile", "mean", "random", "inverse"):
            selection = Selection(rule, 0.6, seed=case)
            a, b = torch.cartesian_prod(*[torch.arange(len(proxies))] * 2).unbind(1)
            there = selection.scores((proxies[a] - proxies[b]).abs(), a, b, None)
            back = selection.scores((proxies[b] - proxies[a]).abs(), b, a, None)
            assert torch.equal(there, back)


@pytest.mark.parametrize("rule", ["quantile", "mean", "inverse"])
def test_3_permuting_permutes(rule: str) -> None:
    for case in CASES:
        features, proxies, labels = draw(case)
        generator = torch.Generator().manual_seed(case)
        elements = torch.randperm(features.shape[1], generator=generator)
        classes = torch.randperm(len(proxies), generator=generator)
        samples = torch.randperm(len(features), generator=generator)
        S = proxy_similarity(features, proxies, labels, rule, 0.6)
        place = classes.argsort()
        found = proxy_similarity(
            features[samples][:, elements], proxies[classes][:, elements], place[labels[samples]],
            rule, 0.6,
        )  # fmt: skip
        torch.testing.assert_close(found, S[samples][:, classes])
        P = pair_similarity(features, labels, rule, 0.6)
        found = pair_similarity(features[samples][:, elements], place[labels[samples]], rule, 0.6)
        torch.testing.assert_close(found, P[samples][:, samples])


@pytest.mark.parametrize("rule", ["quantile", "mean", "random", "inverse"])
def test_4_a_feature_that_ignores_the_image_stays_above_log_c(rule: str) -> None:
    for case in CASES:
        _, proxies, _ = draw(case)
        C, D = proxies.shape
        labels = torch.arange(C).repeat(3)
        generator = torch.Generator().manual_seed(case)
        feature = torch.randn(1, D, generator=generator, dtype=torch.float64).requires_grad_()
        proxies = proxies.clone().requires_grad_()
        optimiser = torch.optim.Adam([feature, proxies], lr=0.05)
        for step in range(15):
            S = proxy_similarity(
                F.normalize(feature).expand(len(labels), -1), F.normalize(proxies), labels,
                rule, 0.5, seed=step,
            )  # fmt: skip
            loss = F.cross_entropy(20 * S, labels)
            assert loss.item() >= math.log(C) - 1e-9
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


@pytest.mark.parametrize("rule", ["quantile", "mean"])
def test_5_negatives_come_closer_and_positives_move_apart(rule: str) -> None:
    for case in CASES:
        features, _, labels = draw(case)
        for keep in (0.1, 0.5, 0.8, 1.0):
            mapped = pair_similarity(features, labels, rule, keep)
            plain = features @ features.T
            positive = labels.unsqueeze(1) == labels
            assert (mapped[~positive] >= plain[~positive] - 1e-12).all()
            assert (mapped[positive] <= plain[positive] + 1e-12).all()


@pytest.mark.parametrize("rule", ["quantile", "mean", "random", "inverse"])
def test_6_blocking_does_not_change_the_result(rule: str) -> None:
    for case in CASES:
        features, proxies, labels = (t.float() if t.is_floating_point() else t for t in draw(case))
        whole = []
        for block in (40, 300, 1 << 18):
            with use(use.technology, block):
                whole.append(
                    with_gradients(
                        lambda f, w, y=labels: proxy_similarity(f, w, y, rule, 0.6, seed=1),
                        features,
                        proxies,
                    )
                    + with_gradients(
                        lambda f, y=labels: pair_similarity(f, y, rule, 0.6, seed=1), features
                    )
                )
        for other in whole[1:]:
            torch.testing.assert_close(other, whole[0], atol=2e-6, rtol=1e-5)


def test_6_ties_are_resolved_by_index() -> None:
    features = torch.tensor([[1.0, 2.0, 4.0, 8.0]])
    proxies = torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    S = proxy_similarity(features, proxies, torch.tensor([0]), keep=0.5)
    assert S[0, 1].item() == 15 - 2 * (1 + 2)


def test_7_no_tensor_of_size_b_c_d_is_held(technology: str) -> None:
    """B C D, B^2 D and B N D would be 200 MB or more here; a fresh process stays far below."""
    code = f"""
import resource, torch
from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.kernels import use
torch.set_num_threads(1)
use("{technology}")
if "{technology}" == "numba":  # its loops are loaded
    few = torch.randn(2, 8, requires_grad=True)
    pair_similarity(few, torch.arange(2)).sum().backward()
    proxy_similarity(few, few.detach(), torch.arange(2)).sum().backward()
B = C = 224
D = 1024
f = torch.randn(B, D, requires_grad=True)
w = torch.randn(C, D, requires_grad=True)
memory = torch.randn(1024, 256)
y = torch.arange(B) % 8
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for rule in ("quantile", "mean"):
    proxy_similarity(f, w, torch.arange(B) // 4 * 4, rule).square().sum().backward()
    pair_similarity(f, y, rule).square().sum().backward()
    S = pair_similarity(
        f[:, :256], y, rule, references=memory, reference_labels=torch.arange(1024) % 8
    )
    S.square().sum().backward()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    unit = 1024 if sys.platform == "darwin" else 1
    assert float(answer.stdout) / unit < 120

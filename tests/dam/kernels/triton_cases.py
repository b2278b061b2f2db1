"""The Triton kernels against the definition: on a GPU, or interpreted with TRITON_INTERPRET=1.

`test_triton.py` runs this file, in a process of its own: Triton decides at its first import whether
kernels are interpreted.
"""

import pytest
import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from benchmark.dam import definition, pair_similarity, proxy_similarity
from benchmark.dam.kernels import serving, triton_selection, use
from benchmark.dam.kernels.triton_selection import is_kept, keys_of, select
from benchmark.dam.readings import class_means, margin, masked_cosine
from benchmark.dam.selection import Selection

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RULES = ["quantile", "mean", "random", "inverse"]


def with_rules(cases: int) -> list[tuple[str, int]]:
    """Each rule with each case on a GPU; interpreted, which is slow, with half of the cases."""
    whole = [(number, case) for number in range(len(RULES)) for case in range(cases)]
    return [
        (RULES[number], case) for number, case in whole if DEVICE == "cuda" or (number + case) % 2
    ]


@triton.jit(do_not_specialize=["D", "count", "seed"])
def sets_kernel(
    left, right, first, second, flips, kept, sizes, D, count, seed,
    RULE: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0)
    element = tl.arange(0, WIDTH)
    one = tl.load(left + row * D + element, element < D, 0.0)
    other = tl.load(right + row * D + element, element < D, 0.0)
    flip = tl.load(flips + row) != 0
    keys = keys_of(
        one, other, element, tl.load(first + row), tl.load(second + row), seed, flip, RULE
    )
    threshold, last, size = select(one, other, keys, element, D, count, flip, RULE)
    mask = is_kept(keys, threshold, last, element).to(tl.int32)
    tl.store(kept + row * D + element, mask, element < D)
    tl.store(sizes + row, size)


@pytest.fixture(autouse=True)
def _in_small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    assert serving(torch.zeros(1, 1, device=DEVICE)) == "triton"
    monkeypatch.setitem(triton_selection.TILE, "ROWS", 4)
    monkeypatch.setitem(triton_selection.TILE, "COLUMNS", 16)


def rows_to_select(rule: str) -> tuple[Tensor, Tensor]:
    """Pairs of rows [n, 21] with ties, zeros, and differences over the whole range of floats."""
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(3, 21, generator=generator)
    scales = 10.0 ** torch.randint(-44, 38, (4, 21), generator=generator)
    whole = torch.randint(-2, 3, (4, 21), generator=generator).float()
    # The mean of equal numbers may be rounded to either side of them.
    equal = torch.rand(12, 1, generator=generator).expand(-1, 21)
    left, right = torch.cat([whole, equal]), torch.cat([whole.roll(1, 0), torch.zeros(12, 21)])
    if rule != "mean":  # other sums depend on their order
        left = torch.cat([draws, scales, left[:8]])
        right = torch.cat([draws.roll(1, 0), torch.zeros(4, 21), right[:8]])
    return left, right


@pytest.mark.parametrize(
    ("rule", "keep"),
    [(rule, keep) for rule in RULES for keep in (0.05, 0.6, 1.0) if rule != "mean" or keep == 0.6],
)
def test_sets_are_those_of_the_selection_bit_for_bit(rule: str, keep: float) -> None:
    left, right = rows_to_select(rule)
    rows, dim = left.shape
    first = torch.arange(rows) * 7919
    second = torch.arange(rows).flip(0) * 104729
    positive = torch.arange(rows) % 2 == 0
    selection = Selection(rule, keep, seed=123456789)
    scores = selection.scores((left - right).abs(), first, second, positive)
    expected = definition.weights(scores, selection) > 0
    kept = torch.zeros(rows, dim, dtype=torch.int32, device=DEVICE)
    sizes = torch.zeros(rows, dtype=torch.int32, device=DEVICE)
    flips = (positive != (rule == "inverse")).int()
    tensors = [tensor.to(DEVICE) for tensor in (left, right, first, second, flips)]
    sets_kernel[(rows,)](
        *tensors, kept, sizes, dim, **triton_selection.settings(selection, dim), WIDTH=32
    )
    assert torch.equal(kept.cpu() == 1, expected)
    assert torch.equal(sizes.cpu().long(), expected.sum(-1))


def with_gradients(S: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    weights = torch.randn(S.shape, generator=torch.Generator().manual_seed(0))
    gradients = torch.autograd.grad((S * weights.to(S.device)).sum(), inputs)
    return S.detach().cpu(), *(gradient.cpu() for gradient in gradients)


def on_device(*tensors: Tensor) -> list[Tensor]:
    return [
        t.detach().to(DEVICE).requires_grad_() if t.is_floating_point() else t.to(DEVICE)
        for t in tensors
    ]


@pytest.mark.parametrize(("rule", "case"), with_rules(4))
def test_proxy_mapping_equals_its_definition(rule: str, case: int) -> None:
    generator = torch.Generator().manual_seed(case)
    C, D = [(3, 37), (4, 5), (5, 16), (1, 1)][case]
    features = torch.randn(5, D, generator=generator)
    proxies = torch.randn(C, D, generator=generator)
    if case == 2:  # ties, at the threshold and at zero
        features, proxies = features.round(), proxies.round()
    # Classes with several samples, with one, and with none.
    labels = torch.tensor([2, 0, 2, 2, 1]).clamp_max(C - 1)
    settings = {"rescale": case != 1, "own": case != 0}
    difference = "class_means" if case == 1 else "proxies"
    features.requires_grad_()
    proxies.requires_grad_()
    table = None
    if difference == "class_means":
        table = class_means(features, labels, proxies)
    selection = Selection(rule, 0.6, case, settings["rescale"])
    expected = margin(features, proxies, labels, selection, table=table, own=settings["own"])
    f, w, y = on_device(features, proxies, labels)
    found = proxy_similarity(f, w, y, rule, 0.6, seed=case, difference=difference, **settings)
    torch.testing.assert_close(
        with_gradients(found, f, w),
        with_gradients(expected, features, proxies),
        atol=3e-6,
        rtol=1e-5,
    )


@pytest.mark.parametrize("similarity", ["masked_distance", "masked_cosine"])
@pytest.mark.parametrize(("rule", "case"), with_rules(3))
def test_pair_mapping_equals_its_definition(rule: str, similarity: str, case: int) -> None:
    generator = torch.Generator().manual_seed(case)
    D = [37, 16, 2][case]
    features = torch.randn(3, D, generator=generator)
    references = torch.randn(5, D, generator=generator)
    labels, reference_labels = torch.tensor([0, 1, 0]), torch.tensor([1, 1, 0, 3, 0])
    if case == 1:  # ties; no element is zero, where a masked cosine is undefined
        features, references = features.round() + 0.5, references.round() + 0.5
    features.requires_grad_()
    references.requires_grad_()
    others = {} if case == 0 else {"references": references, "reference_labels": reference_labels}
    inputs = [features] if case == 0 else [features, references]
    cosines = similarity == "masked_cosine"
    define = masked_cosine if cosines else definition.pair_similarity
    rescale = case != 2 or cosines
    expected = define(features, labels, Selection(rule, 0.6, case, rescale), **others)
    moved = dict(zip(others, on_device(*others.values()), strict=True))
    f, y = on_device(features, labels)
    found = pair_similarity(f, y, rule, 0.6, similarity, seed=case, rescale=rescale, **moved)
    places = [f] if case == 0 else [f, moved["references"]]
    torch.testing.assert_close(
        with_gradients(found, *places),
        with_gradients(expected, *inputs),
        atol=1e-5,
        rtol=1e-5,
    )


@pytest.mark.parametrize("labels", [torch.arange(12)[::3] // 2, torch.ones(1).long().expand(4)])
def test_labels_may_have_strides(labels: Tensor) -> None:
    features, references = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(0))
    proxies = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    f, r, w = on_device(features, references, proxies)
    found = [
        [
            *with_gradients(proxy_similarity(f, w, y), f, w),
            *with_gradients(pair_similarity(f, y, references=r, reference_labels=y), f, r),
            *with_gradients(pair_similarity(f, y, similarity="masked_cosine"), f),
        ]
        for y in (labels.to(DEVICE), labels.contiguous().to(DEVICE))
    ]
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_euclidean_metric_and_a_memory_without_gradient() -> None:
    features, memory = F.normalize(torch.randn(2, 4, 20), dim=-1)
    labels = torch.tensor([0, 1, 0, 1])
    f, m, y = on_device(features, memory, labels)
    m = m.detach()
    found = pair_similarity(
        f, y, references=m, reference_labels=y, metric="euclidean", select="negatives"
    )
    features = features.double().requires_grad_()
    expected = pair_similarity(
        features, labels, references=memory.double(), reference_labels=labels,
        metric="euclidean", select="negatives",
    )  # fmt: skip
    assert serving(features) != "triton"  # double precision is not for the kernels
    value, gradient = with_gradients(found, f)
    wanted, wanted_gradient = with_gradients(expected, features)
    torch.testing.assert_close(value.double(), wanted, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(gradient.double(), wanted_gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_a_nan_shows(rule: str) -> None:
    generator = torch.Generator().manual_seed(0)
    features, proxies = torch.randn(3, 8, generator=generator), torch.randn(4, 8)
    proxies[3, 5] = torch.nan
    labels = torch.tensor([0, 1, 0])
    f, w, y = on_device(features, proxies, labels)
    S = proxy_similarity(f, w, y, rule, 0.25, seed=0)
    features[2, 5] = torch.nan
    P = pair_similarity(features.to(DEVICE), y, rule, 0.25, seed=0)
    # A random set is drawn without a look at the values.
    if rule != "random":
        assert S[:, 3].isnan().all()
        assert P[2].isnan().all()
        assert P[:, 2].isnan().all()
    assert not S[:, :3].isnan().any()
    assert not P[:2, :2].isnan().any()


def mapped(f: Tensor, r: Tensor, w: Tensor, y: Tensor) -> list[Tensor]:
    """Whatever the kernels compute, of features and references [4, D] and proxies [6, D]."""
    return [
        proxy_similarity(f, w, y),
        pair_similarity(f, y),
        pair_similarity(f, y, references=r, reference_labels=y),
        pair_similarity(f, y, similarity="masked_cosine", references=r, reference_labels=y),
    ]


def test_memory_order_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(n, 8, generator=generator) for n in (4, 4, 6)]
    labels = torch.tensor([0, 5, 5, 1], device=DEVICE)
    found = []
    for ordered in (
        lambda t: t,
        lambda t: t.T.contiguous().T,
        lambda t: t.repeat_interleave(2, 1)[:, ::2],
    ):
        inputs = on_device(*tensors)
        S = mapped(*(ordered(t) for t in inputs), labels)
        upstream = [torch.arange(part.numel()).view(part.T.shape).to(part).T for part in S]
        gradients = torch.autograd.grad(S, inputs, upstream)
        found.append([*S, *gradients])
    torch.testing.assert_close(found[1], found[0])
    torch.testing.assert_close(found[2], found[0])
    assert all(gradient.abs().max() > 0.1 for gradient in found[0][4:])


def test_second_order_is_refused() -> None:
    inputs = on_device(*(torch.randn(n, 8) for n in (4, 4, 6)))
    for S in mapped(*inputs, torch.tensor([0, 5, 5, 1], device=DEVICE)):
        with pytest.raises(RuntimeError, match="DAM has no second-order gradients"):
            torch.autograd.grad(S.sum(), inputs[0], create_graph=True)


@pytest.mark.skipif(DEVICE == "cpu", reason="needs a GPU")
@pytest.mark.parametrize("size", [(180, 100, 512), (64, 1041, 2048)])
def test_real_sizes_on_a_gpu_repeat_and_agree_with_torch(
    size: tuple[int, int, int],
) -> None:
    B, C, D = size
    generator = torch.Generator().manual_seed(0)
    features = F.normalize(torch.randn(B, D, generator=generator))
    proxies = F.normalize(torch.randn(C, D, generator=generator))
    f, w, y = on_device(features, proxies, torch.randint(0, C, (B,), generator=generator))
    once, twice = (
        with_gradients(proxy_similarity(f, w, y), f, w)
        + with_gradients(pair_similarity(f, y % 20), f)
        for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))
    with use("torch"):
        blocked = with_gradients(proxy_similarity(f, w, y), f, w) + with_gradients(
            pair_similarity(f, y % 20), f
        )
    torch.testing.assert_close(once, blocked, atol=1e-5, rtol=1e-5)

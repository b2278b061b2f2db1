"""The loops that numba compiles: their sets against a sort, and what only they have to hold."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from benchmark.dam import pair_similarity, proxy_similarity
from benchmark.dam.definition import weights
from benchmark.dam.kernels import numba_loops, numba_selection
from benchmark.dam.kernels.numba_functions import arrays, rules
from benchmark.dam.selection import Rule, Selection

RULES = ["quantile", "mean", "random", "inverse", "soft"]


def rows_of_differences(dtype: torch.dtype) -> Tensor:
    """Differences [n, 21] with ties, zeros, infinity, and over the whole range of floats."""
    generator = torch.Generator().manual_seed(0)
    tiny, huge = torch.finfo(dtype).tiny, torch.finfo(dtype).max
    draws = torch.rand(6, 21, generator=generator, dtype=dtype)
    scales = draws * 2.0 ** torch.randint(-100, 100, draws.shape, generator=generator)
    whole = draws.mul(4).round()
    ends = torch.tensor([0, tiny / 4, tiny, 1, huge, torch.inf, 1], dtype=dtype).repeat(1, 3)
    return torch.cat([draws, scales, whole, ends, torch.ones(1, 21, dtype=dtype)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_sets_equal_a_sort(rule: str, positive: bool, dtype: torch.dtype) -> None:
    rows = rows_of_differences(dtype)
    if rule == "mean":
        rows = rows[rows.isfinite().all(1) & (rows < 100).all(1)].mul(64).round()  # exact sums
    first, second = torch.arange(len(rows)), torch.arange(len(rows)).flip(0)
    for keep in (0.05, 0.3, 0.6, 0.95, 1.0):
        selection = Selection(rule, keep, seed=2**40 + 7)
        flags = torch.full((len(rows),), positive)
        scores = selection.scores(rows.clone(), first, second, flags)
        expected = weights(scores, selection)
        given = rules(rows, selection)
        keys = torch.empty(21, dtype=torch.int32 if dtype == torch.float32 else torch.int64)
        mask = torch.empty(21, dtype=dtype)
        limit = arrays(keys)[0][0] * 0
        for n, row in enumerate(rows):
            keys_, mask_, row_ = arrays(keys, mask, row.clone())
            flip = positive != given.inverse
            numba_selection.fill_keys(keys_, row_, int(first[n]), int(second[n]), flip, given)
            limit, last = numba_selection.select(keys_, row_, flip, given, limit)
            numba_selection.fill_weights(mask_, keys_, limit, last, given)
            mask_ *= numba_selection.scale_of(mask_, given)
            torch.testing.assert_close(mask, expected[n].to(dtype), msg=str((keep, row)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rule", ["quantile", "mean", "random", "soft"])
def test_sets_of_signed_scores_equal_a_sort(rule: Rule, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(8, 21, generator=generator, dtype=dtype).mul(2).round()
    rows[1::2] += torch.randn(4, 21, generator=generator)
    rows[0, 0], rows[1, 0], rows[2] = -torch.inf, torch.inf, -3
    rows[5] *= torch.finfo(dtype).max / 16
    rows = rows[[2, 3, 4, 6, 7]] if rule == "mean" else rows
    numbers = torch.arange(len(rows))
    for keep in (0.05, 0.3, 0.6, 0.95, 1.0):
        selection = Selection(rule, keep, seed=5)
        scores = selection.scores(rows.clone(), numbers, numbers + 1, None)
        expected = weights(scores, selection)
        given = rules(rows, selection)
        integer = torch.int32 if dtype == torch.float32 else torch.int64
        limit = arrays(torch.zeros(1, dtype=integer))[0][0]
        for n, row in enumerate(rows):
            keys, mask, row_ = arrays(
                torch.empty(21, dtype=integer), torch.empty_like(row), row + 0.0
            )
            numba_selection.fill_signed_keys(keys, row_, n, n + 1, given)
            limit, last = numba_selection.select(keys, row_, False, given, limit)
            numba_selection.fill_weights(mask, keys, limit, last, given)
            mask *= numba_selection.scale_of(mask, given)
            torch.testing.assert_close(torch.from_numpy(mask), expected[n])


def test_kept_machine_code_is_of_all_the_files_that_it_comes_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """numba looks at the file of the called loop alone, and the sets lie in another one."""
    folder = Path(numba_selection.__file__).parent
    written = {
        name: (folder / name).read_bytes() for name in ("numba_selection.py", "numba_loops.py")
    }
    compiler = SimpleNamespace(magic_tuple=lambda: ())
    found = set()
    for changed in (None, *written):
        numba_selection._sources.cache_clear()
        read = lambda file, of=changed: written[file.name] + b"#" * (file.name == of)  # noqa: E731
        with monkeypatch.context() as patch:
            patch.setattr(Path, "glob", lambda *_: [folder / name for name in written])
            patch.setattr(Path, "read_bytes", read)
            found.add(numba_loops.squares._cache._index_key((), compiler))
    numba_selection._sources.cache_clear()
    assert len(found) == 3


@pytest.mark.usefixtures("technology")
def test_repeats_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 256, generator=generator).requires_grad_()
    proxies = torch.randn(50, 256, generator=generator).requires_grad_()
    labels = torch.arange(60) % 37
    for S in (
        lambda: proxy_similarity(features, proxies, labels),
        lambda: pair_similarity(features, labels),
    ):
        runs = [(s := S(), *torch.autograd.grad(s.square().sum(), features)) for _ in range(4)]
        for run in runs[1:]:
            assert all(torch.equal(a, b) for a, b in zip(run, runs[0], strict=True))


@pytest.mark.usefixtures("technology")
def test_a_nan_shows() -> None:
    features, proxies = torch.randn(6, 9), torch.randn(4, 9)
    labels = torch.arange(6) % 4
    proxies[1, 3] = torch.nan
    S = proxy_similarity(features, proxies, labels, keep=0.3)
    assert S[:, 1].isnan().all()
    assert S[labels == 1].isnan().all()
    features[2, 5] = torch.nan
    S = pair_similarity(features, labels, keep=0.3)
    others = torch.arange(6) != 2
    assert S[2, others].isnan().all()
    assert S[others, 2].isnan().all()
    assert S[others][:, others].isfinite().all()


@pytest.mark.usefixtures("technology")
def test_a_nan_shows_in_distances() -> None:
    features = torch.randn(6, 9)
    features[2, 5] = torch.nan
    S = pair_similarity(features, torch.arange(6) % 2, metric="euclidean", keep=0.3)
    others = torch.arange(6) != 2
    assert S[2, others].isnan().all()
    assert S[others][:, others].isfinite().all()


@pytest.mark.usefixtures("technology")
def test_what_is_changed_before_the_backward_pass_is_refused() -> None:
    features, proxies = (torch.randn(n, 9).requires_grad_() for n in (6, 4))
    labels = torch.arange(6) % 4
    for S in (proxy_similarity(features, proxies, labels), pair_similarity(features, labels)):
        with torch.no_grad():
            features.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            S.sum().backward()


@pytest.mark.usefixtures("technology")
@pytest.mark.parametrize("similarity", ["masked_distance", "masked_cosine"])
def test_autocast_changes_nothing(similarity: str) -> None:
    features, proxies = (torch.randn(n, 32).requires_grad_() for n in (6, 4))
    labels = torch.arange(6) % 4
    found = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            S = [
                pair_similarity(features, labels, similarity=similarity, select="negatives"),
                proxy_similarity(features, proxies, labels),
                proxy_similarity(features, proxies, labels, mapping="margin_cosine"),
            ]
        total = sum(part.square().sum() for part in S)
        found.append([*S, *torch.autograd.grad(total, (features, proxies))])
    for plain, cast in zip(*found, strict=True):
        assert cast.dtype == torch.float32
        torch.testing.assert_close(cast, plain)


@pytest.mark.usefixtures("technology")
@pytest.mark.parametrize("samples", [0, 3])
@pytest.mark.parametrize("rule", RULES)
def test_nothing_to_compare(samples: int, rule: str) -> None:
    features, none = torch.randn(samples, 8).requires_grad_(), torch.randn(0, 8)
    labels = torch.arange(samples)
    S = [
        pair_similarity(
            features, labels, rule, references=none, reference_labels=none[:, 0].long()
        ),
        pair_similarity(
            features, labels, rule, similarity="masked_cosine", references=none,
            reference_labels=none[:, 0].long(),
        ),
        proxy_similarity(features, torch.randn(3, 8), labels, rule),
    ]  # fmt: skip
    assert [list(part.shape) for part in S] == [[samples, 0], [samples, 0], [samples, 3]]
    torch.cat(S, 1).sum().backward()
    assert features.grad.shape == features.shape


@pytest.mark.usefixtures("technology")
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_labels_of_any_integer_type(dtype: torch.dtype) -> None:
    features, proxies, labels = torch.randn(6, 9), torch.randn(4, 9), torch.arange(6) % 4
    for similarity in (
        lambda y: proxy_similarity(features, proxies, y, keep=0.5),
        lambda y: proxy_similarity(features, proxies, y, keep=0.5, mapping="naive_feature"),
        lambda y: pair_similarity(features, y, keep=0.5, select="positives"),
    ):
        assert torch.equal(similarity(labels.to(dtype)), similarity(labels))


@pytest.mark.usefixtures("technology")
def test_values_in_any_memory_order() -> None:
    features, proxies = torch.randn(9, 6).double().T, torch.randn(9, 8).double().T[::2]
    labels = torch.arange(6) % 4
    for S in (
        lambda f, w: proxy_similarity(f, w, labels),
        lambda f, w: pair_similarity(f, labels),
        lambda f, w: pair_similarity(f, labels, references=w, reference_labels=labels[:4]),
    ):
        torch.testing.assert_close(S(features, proxies), S(features.clone(), proxies.contiguous()))
    learned = features.clone().requires_grad_()
    # The gradient of a sum is expanded from one number, and a transposed one has other strides.
    pair_similarity(learned, labels).T.sum().backward()
    assert learned.grad is not None
    assert learned.grad.isfinite().all()

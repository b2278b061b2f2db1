"""Ranks against a loop that follows their definition, in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.evaluation import RETRIEVAL, per_query, positive_ranks, rank_blocks

BLOCKS = (None, 1, 64, 130)


def squared(a, b, distance):
    """The squared distance, of unit vectors for the cosine: 2 - 2 cos, whatever rounding does."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    if distance == "cosine":
        a, b = (x / np.linalg.norm(x) if x.any() else x for x in (a, b))
        if not (a.any() and b.any()):
            return 2.0
    return ((a - b) ** 2).sum()


def naive_ranks(q, ql, g=None, gl=None, qc=None, gc=None, distance="cosine"):
    """Each query's list of ranks: sort what may be found, other labels first among equals."""
    own_gallery = g is None
    if own_gallery:
        g, gl, gc = q, ql, qc
    rows = []
    for i in range(len(q)):
        found = []
        for j in range(len(g)):
            if gl[j] == -1 or (own_gallery and i == j):
                continue
            match = gl[j] == ql[i]
            if match and qc is not None and qc[i] == gc[j]:
                continue
            found.append((squared(q[i], g[j], distance), match))
        found.sort()
        rows.append([place + 1 for place, (_, match) in enumerate(found) if match])
    return rows


def as_lists(ranks):
    return [row[:n].tolist() for row, n in zip(ranks.ranks, ranks.counts, strict=True)]


def tied_features(rng, n, distance):
    """Many equal similarities, all exact in float32: signs have a length that is a power of 2."""
    if distance == "cosine":
        return rng.choice([-1.0, 1.0], size=(n, 16))[:, rng.integers(0, 2, 16)].astype(np.float32)
    return rng.integers(-1, 2, size=(n, 3)).astype(np.float32)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_own_gallery_equals_the_definition(seed, ties, distance):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60)) if seed else 150
    labels = rng.integers(-1, rng.integers(1, 12), n)  # with junk, and with single samples
    x = tied_features(rng, n, distance) if ties else rng.normal(size=(n, 5)).astype(np.float32)
    expected = naive_ranks(x, labels, distance=distance)
    expected = [[] if label == -1 else row for label, row in zip(labels, expected, strict=True)]
    for block in BLOCKS:
        ranks = positive_ranks(torch.from_numpy(x), labels, distance=distance, block=block)
        assert as_lists(ranks) == expected
        assert ranks.ranks.shape == (n, max(map(len, expected)))


@pytest.mark.parametrize("far", [0, 100, 1000])
def test_features_far_from_zero_and_near_each_other(far):
    """As a model that collapses makes them: rounding must not take their distances away."""
    rng = np.random.default_rng(far)
    x = (far + rng.normal(size=(150, 16))).astype(np.float32)
    labels = rng.integers(0, 12, 150)
    ranks = positive_ranks(torch.from_numpy(x), labels, distance="euclidean")
    assert as_lists(ranks) == naive_ranks(x, labels, distance="euclidean")


def collapsing(spread, poles, elements=24):
    """Classes told apart by `spread` alone, near one or two directions far from zero."""
    rng = np.random.default_rng(poles)
    labels = rng.integers(0, 12, 150)
    pole = 10 * rng.normal(size=(poles, elements))[rng.integers(0, poles, 150)]
    own = rng.normal(size=(12, elements))[labels] + rng.normal(size=(150, elements))
    return torch.from_numpy(pole + spread * own), labels


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("poles", [1, 2])
@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-4, 1e-6])
def test_a_collapsing_model_keeps_the_order_of_its_distances(spread, poles, distance):
    """Nearly parallel features, as float32 and as bfloat16 hold them, wherever they collapse to."""
    x, labels = collapsing(spread, poles)
    for held in (x, x.float(), x.bfloat16()):
        expected = naive_ranks(held.double().numpy(), labels, distance=distance)
        for block in (None, 7):
            ranks = positive_ranks(held, labels, distance=distance, block=block)
            assert as_lists(ranks) == expected
    recall = per_query([positive_ranks(x.float(), labels, distance=distance)], RETRIEVAL)
    assert spread < 1e-4 or recall.means()["recall@1"] > 0.4


@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_fast_products_of_training_are_not_taken(precision):
    x, labels = collapsing(1e-3, 2)
    expected = naive_ranks(x.float().numpy(), labels)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(precision)
        assert as_lists(positive_ranks(x.float(), labels)) == expected
        assert torch.get_float32_matmul_precision() == precision
    finally:
        torch.set_float32_matmul_precision(before)


def test_few_large_classes_are_ranked_in_blocks_of_bounded_size():
    """Of the ranks of 6,000 images in 3 classes, a block at a time is held."""
    x = torch.randn(6000, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(6000) % 3
    sizes = [block.ranks.numel() for block in rank_blocks(x[:3000], labels[:3000], x, labels)]
    assert sum(sizes) == 3000 * 2000 and max(sizes) <= 2**22


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("cameras", [0, 1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_gallery_with_cameras_junk_and_distractors(seed, cameras, ties, distance):
    rng = np.random.default_rng(seed)
    n, m = (int(rng.integers(1, 20)), int(rng.integers(1, 90))) if seed else (70, 130)
    ql, gl = rng.integers(1, 9, n), rng.integers(-1, 7, m)  # 0 distracts, 7 and 8 have no match
    qc = rng.integers(0, cameras, n) if cameras else None
    gc = rng.integers(0, cameras, m) if cameras else None
    if ties:
        both = tied_features(rng, n + m, distance)
    else:
        both = rng.normal(size=(n + m, 5)).astype(np.float32)
    q, g = both[:n], both[n:]
    expected = naive_ranks(q, ql, g, gl, qc, gc, distance)
    for block in BLOCKS:
        ranks = positive_ranks(
            torch.from_numpy(q),
            ql,
            torch.from_numpy(g),
            gl,
            query_cameras=qc,
            gallery_cameras=gc,
            distance=distance,
            block=block,
        )
        assert as_lists(ranks) == expected
    assert cameras != 1 or not any(expected)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize(("n", "elements"), [(300, 33), (200, 512)])
def test_neither_order_of_files_nor_block_matters(n, elements, distance):
    """Images that differ by no more than rounding does, so that any other rounding would show."""
    rng = np.random.default_rng(0)
    noise = 1 + 1e-7 * rng.normal(size=(n, elements))
    x = torch.from_numpy((rng.normal(size=elements) * noise).astype(np.float32))
    labels = rng.integers(0, 9, n)
    ranks = as_lists(positive_ranks(x, labels, distance=distance))
    assert any(row != list(range(n - len(row), n)) for row in ranks)
    for block in BLOCKS:
        order = rng.permutation(n)
        moved = positive_ranks(x[order], labels[order], distance=distance, block=block)
        assert as_lists(moved) == [ranks[i] for i in order]


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize(("n", "elements"), [(37, 3), (130, 64), (301, 129), (410, 512)])
def test_a_collapsed_model_gets_the_worst_ranks(n, elements, distance):
    """Equal images must be equally similar, however the product of their tile was computed."""
    generator = torch.Generator().manual_seed(n)
    x = torch.randn(elements, generator=generator).expand(n, elements)
    labels = np.arange(n) % 30
    sizes = np.bincount(labels)
    for block in (None, 64):
        ranks = positive_ranks(x, labels, distance=distance, block=block)
        for row, label in zip(as_lists(ranks), labels, strict=True):
            assert row == list(range(n - sizes[label] + 1, n))


def test_a_query_is_left_out_by_index_not_by_similarity():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert as_lists(positive_ranks(x, np.array([0, 0, 1]))) == [[1], [1], []]
    assert as_lists(positive_ranks(x, np.array([0, 1, 0]))) == [[2], [], [2]]


def test_negative_similarities_and_zero_vectors_are_ranked():
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.1], [-1.0, 0.0], [0.0, 0.0]])
    assert as_lists(positive_ranks(x, np.array([0, 1, 0, 2])))[0] == [3]
    assert as_lists(positive_ranks(x, np.array([0, 1, 2, 0])))[0] == [1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_searched_in_float32(dtype):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 32, generator=generator).to(dtype)
    labels = torch.arange(50) % 5
    expected = as_lists(positive_ranks(x.float(), labels))
    assert as_lists(positive_ranks(x, labels)) == expected
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert as_lists(positive_ranks(x, labels)) == expected


def test_unbalanced_classes_keep_their_rows():
    rng = np.random.default_rng(1)
    labels = np.repeat([7, 3, 11, 5], [40, 1, 2, 9])
    rng.shuffle(labels)
    x = rng.normal(size=(52, 4)).astype(np.float32)
    ranks = positive_ranks(torch.from_numpy(x), labels, block=6)
    assert as_lists(ranks) == naive_ranks(x, labels)
    assert not ranks.ranks[ranks.counts == 0].any()


def test_no_gradient_is_kept():
    x = F.normalize(torch.randn(6, 4)).requires_grad_()
    assert not positive_ranks(x, torch.arange(6) % 2).ranks.requires_grad


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_features_that_are_not_finite_are_an_error(value, distance):
    x = torch.ones(4, 3)
    x[2, 1] = value
    with pytest.raises(ValueError, match="1 of 4 feature vectors hold NaN, infinite"):
        positive_ranks(x, np.zeros(4, np.int64), distance=distance)


def test_sizes_that_do_not_fit_are_errors():
    x, labels = torch.ones(4, 3), np.zeros(4, np.int64)
    with pytest.raises(ValueError, match="query labels must be one integer for each of 4"):
        positive_ranks(x, labels[:3])
    with pytest.raises(ValueError, match="one integer"):
        positive_ranks(x, labels.astype(np.float64))
    with pytest.raises(ValueError, match="3 elements, the gallery 2"):
        positive_ranks(x, labels, torch.ones(4, 2), labels)
    with pytest.raises(ValueError, match="go together"):
        positive_ranks(x, labels, x)
    with pytest.raises(ValueError, match="for both queries and gallery"):
        positive_ranks(x, labels, x, labels, query_cameras=labels)
    with pytest.raises(ValueError, match="without a gallery"):
        positive_ranks(x, labels, gallery_cameras=labels)
    with pytest.raises(ValueError, match="block must be"):
        positive_ranks(x, labels, block=0)
    with pytest.raises(ValueError, match="unknown distance"):
        positive_ranks(x, labels, distance="manhattan")
    with pytest.raises(ValueError, match=r"\[images, elements\]"):
        positive_ranks(x[0], labels)


def test_a_gallery_of_junk_leaves_every_query_out():
    x = torch.randn(3, 4)
    ranks = positive_ranks(x, np.arange(3), x, np.full(3, -1))
    assert ranks.ranks.shape == (3, 0) and ranks.counts.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="none of 3 queries"):
        per_query([ranks], RETRIEVAL).means()

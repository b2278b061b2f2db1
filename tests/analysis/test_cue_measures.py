"""Cue measures on embeddings whose answers are known, and against naive loops."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.analysis.cues_accuracy import CueAccuracy, cue_accuracy, single_changes
from benchmark.analysis.cues_decodability import decodability
from benchmark.analysis.cues_elements import carriers, spread, variance_shares
from benchmark.analysis.cues_summary import cue_metrics, halves
from benchmark.data.rendered.cues.classes import unseen_tuples

SIZES = (100, 4, 4, 4, 4, 4)
IMAGES = 6
TUPLES = unseen_tuples(SIZES)
LABELS = np.repeat(np.arange(100, 200), IMAGES)
VALUES = np.repeat(TUPLES, IMAGES, axis=0)


def one_hot(cues: list[int]) -> Tensor:
    """Indicators of the values of some cues, 4 elements each."""
    values = torch.from_numpy(VALUES)
    return torch.cat([torch.nn.functional.one_hot(values[:, cue], 4) for cue in cues], 1).double()


def noise(dim: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(len(LABELS), dim, generator=random, dtype=torch.float64)


def rotation(dim: int) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.linalg.qr(torch.randn(dim, dim, generator=random, dtype=torch.float64))[0]


def means(found: list[CueAccuracy]) -> list[float]:
    return [one.mean for one in found]


def test_indicators_of_cues_notice_those_and_no_others() -> None:
    # Equal distances count half, so that a cue that changes nothing has exactly 1/2.
    found = means(cue_accuracy(one_hot([1, 3]), LABELS, VALUES))
    assert found == [0.5, 1.0, 0.5, 1.0, 0.5, 0.5]
    for turned in (one_hot([1, 3]) @ rotation(8), 7 * one_hot([1, 3]) - 2):
        found = means(cue_accuracy(turned + 1e-6 * noise(8), LABELS, VALUES))
        assert found[1] == found[3] == 1
        assert found[0::2] == pytest.approx([0.5] * 3, abs=0.05)


def test_noise_and_equal_features_notice_nothing() -> None:
    found = means(cue_accuracy(noise(16), LABELS, VALUES))
    assert found == pytest.approx([0.5] * 6, abs=0.05)
    equal = torch.ones(len(LABELS), 3)
    assert means(cue_accuracy(equal, LABELS, VALUES)) == [0.5] * 6


def test_cue_accuracy_is_the_share_of_triplets_counted_one_by_one() -> None:
    labels = np.array([3, 3, 3, 8, 8, 5, 5, 5])
    values = np.array([[0, 0]] * 3 + [[0, 1]] * 2 + [[2, 1]] * 3)
    features = torch.from_numpy(np.random.default_rng(0).integers(-1, 2, (8, 2))).double()
    wins: dict[tuple[int, int], list[float]] = {}
    for q in range(8):
        for p in range(8):
            for n in range(8):
                if p == q or labels[p] != labels[q] or (values[q] != values[n]).sum() != 1:
                    continue
                near, far = (float((features[q] - features[i]).square().sum()) for i in (p, n))
                wins.setdefault((labels[q], labels[n]), []).append(
                    float(near < far) + float(near == far) / 2
                )
    share = {pair: np.mean(values) for pair, values in wins.items()}
    first, second = cue_accuracy(features, labels, values)
    assert first.pairs.tolist() == [[5, 8]]
    assert second.pairs.tolist() == [[3, 8]]
    assert first.mean == pytest.approx((share[5, 8] + share[8, 5]) / 2, abs=1e-12)
    assert second.mean == pytest.approx((share[3, 8] + share[8, 3]) / 2, abs=1e-12)


def test_interval_of_cue_accuracy_is_over_pairs_of_classes() -> None:
    found = CueAccuracy(np.array([[1, 2], [3, 4], [5, 6]]), np.array([0.5, 0.6, 0.7]))
    low, high = found.interval()
    assert found.mean == pytest.approx(0.6)
    assert (low, high) == pytest.approx((0.6 - 4.302653 * 0.1 / 3**0.5, 0.6 + 0.2484138), abs=1e-6)
    alone = CueAccuracy(np.array([[1, 2]]), np.array([0.5]))
    assert np.isnan(alone.interval()).all()
    assert np.isnan(CueAccuracy(np.empty((0, 2), np.int64), np.empty(0)).mean)


def test_classes_must_have_one_tuple_and_two_images() -> None:
    with pytest.raises(ValueError, match="same cue values"):
        cue_accuracy(torch.ones(3, 1), np.array([0, 0, 1]), np.array([[0], [1], [1]]))
    with pytest.raises(ValueError, match="class 1 has a single image"):
        cue_accuracy(torch.ones(3, 1), np.array([0, 0, 1]), np.array([[0], [0], [1]]))


def test_probe_reads_what_is_there_and_nothing_else() -> None:
    held = decodability(one_hot([1, 3]) @ rotation(8), LABELS, VALUES)
    assert held[1] == held[3] == 1
    assert [abs(one) < 0.35 for one in held[2::2]] == [True, True]
    assert np.isnan(held[0]), "a hundred colours can't be read on unseen classes"
    assert decodability(noise(16), LABELS, VALUES)[1:] == pytest.approx([0] * 5, abs=0.12)


def test_probe_cannot_know_a_class_by_its_twin() -> None:
    """Features that name the class, and nothing else, let nothing be read."""
    named = torch.nn.functional.one_hot(torch.from_numpy(LABELS - 100)).double()
    square = torch.nn.functional.one_hot(torch.from_numpy((LABELS - 100) // 4)).double()
    for features in (named, square, torch.cat([named, square], 1)):
        found = decodability(features + 0.01 * noise(features.shape[1]), LABELS, VALUES)
        assert max(found[1:]) < 0.15


GRID = np.array(list(product(range(4), range(3), range(2))))
"""Every tuple of three cues: each value comes equally often, whatever the others are."""
GRID_LABELS, GRID_VALUES = np.repeat(np.arange(24), 5), np.repeat(GRID, 5, axis=0)


def test_an_element_of_one_cue_has_all_of_its_variance_from_it() -> None:
    indicators = torch.nn.functional.one_hot(torch.from_numpy(GRID_VALUES[:, 0]), 4).double()
    shares = variance_shares(indicators, GRID_LABELS, GRID_VALUES)
    assert shares[0].tolist() == pytest.approx([1] * 4, abs=1e-12)
    assert shares[1:].abs().max() < 1e-12
    assert carriers(shares).tolist() == [4, 0, 0]
    assert spread(shares).tolist() == pytest.approx([4, 0, 0])
    # Turned into each other, the elements of a cue still hold nothing else.
    turned = variance_shares(indicators @ rotation(4), GRID_LABELS, GRID_VALUES)
    assert turned[0].tolist() == pytest.approx([1] * 4, abs=1e-9)


def test_a_sum_of_cues_and_noise_has_the_shares_of_its_terms() -> None:
    terms = [np.random.default_rng(0).normal(size=size) for size in (4, 3, 2)]
    parts = [term[column] for term, column in zip(terms, GRID_VALUES.T, strict=True)]
    found = variance_shares(torch.from_numpy(sum(parts))[:, None], GRID_LABELS, GRID_VALUES)
    whole = sum(part.var() for part in parts)
    assert found[:, 0].tolist() == pytest.approx([part.var() / whole for part in parts])
    # With noise of the same variance on many elements, the shares are halved on average.
    random = torch.Generator().manual_seed(0)
    noise = whole**0.5 * torch.randn(len(GRID_LABELS), 400, generator=random, dtype=torch.float64)
    noisy = variance_shares(torch.from_numpy(sum(parts))[:, None] + noise, GRID_LABELS, GRID_VALUES)
    assert (noisy.mean(1) / found[:, 0]).tolist() == pytest.approx([0.5] * 3, abs=0.06)


def test_noise_and_classes_without_cues_carry_nothing() -> None:
    """Also where each class is known, but by nothing that cues explain: as in the test half."""
    found = variance_shares(noise(16), LABELS, VALUES)
    assert found.mean() < 0.03 and found.max() < 0.15
    square = torch.randn(25, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    named = square[torch.from_numpy((LABELS - 100) // 4)] + 0.1 * noise(8)
    ten = np.repeat(unseen_tuples((100, *[4] * 9)), IMAGES, axis=0)
    assert variance_shares(named, LABELS, ten).max() < 0.01
    constant = variance_shares(torch.ones(len(LABELS), 2), LABELS, VALUES)
    assert constant.tolist() == [[0, 0]] * 6


def test_variance_shares_follow_the_formula() -> None:
    labels = np.array([0, 0, 1, 1, 1, 2, 2])
    values = np.array([0, 0, 1, 1, 1, 2, 2])[:, None]
    f = np.array([1.0, 2.0, 4.0, 0.0, 1.0, 7.0, 3.0])
    of = [f[labels == label] for label in range(3)]
    squares = [
        (of[a].mean() - of[b].mean()) ** 2
        - of[a].var(ddof=1) / len(of[a])
        - of[b].var(ddof=1) / len(of[b])
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    expected = (1 - 1 / 3) * sum(squares) / (2 * 3) / f.var()
    found = variance_shares(torch.from_numpy(f)[:, None], labels, values)
    assert float(found) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="a single image"):
        variance_shares(torch.ones(3, 1), np.array([0, 0, 1]), np.array([[0], [0], [1]]))


def test_summary_names_halves_by_saliency() -> None:
    saliency = np.array([9.0, 1.0, 5.0, 7.0, 3.0, 2.0])
    assert halves(saliency) == ([0, 2, 3], [1, 4, 5])
    names = ("colour", *"abcde")
    features = one_hot([1, 2]) + 1e-9 * noise(8)
    found = cue_metrics(features, LABELS, names, saliency, VALUES)
    assert found["cue_accuracy.a"] == found["cue_accuracy.b"] == 1
    assert found["captured_cues"] == pytest.approx(2 / 6)
    accuracies = {name: found[f"cue_accuracy.{name}"] for name in names}
    assert found["major_cues"] == pytest.approx(
        (accuracies["colour"] + accuracies["b"] + accuracies["c"]) / 3
    )
    assert found["subtle_cues"] == pytest.approx(
        (accuracies["a"] + accuracies["d"] + accuracies["e"]) / 3
    )


def test_single_changes_are_found() -> None:
    tuples = np.array([[0, 0, 0], [0, 1, 0], [2, 1, 0], [2, 0, 1]])
    assert single_changes(tuples) == [(0, 1, 1), (1, 2, 0)]

"""Data set `cues`: its classes, its drawing to the bit, and its measured saliency."""

import ast
import inspect
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.data.rendered.cues import (
    beetles,
    drawing,
    kept,
    nuisance,
    palette,
    shapes,
)
from benchmark.data.rendered.cues.anatomy import CUES, chosen
from benchmark.data.rendered.cues.beetles import Beetles
from benchmark.data.rendered.cues.data_set import AsDrawn, Cues
from benchmark.data.rendered.cues.drawing import draw
from benchmark.data.rendered.cues.nuisance import no_nuisance, random_nuisance
from benchmark.errors import UserError

SIZES = tuple(len(cue.levels) for cue in CUES)
ALL = Beetles.varying(10, None, 32)
PLAIN = [12, *[1] * 9]
FEW = ["f50b46d28d3a9777", "4f3fdc9d1e499122"]


def test_every_value_of_every_cue_changes_the_picture_and_only_strength_0_does_not() -> None:
    for place, cue in enumerate(CUES):
        seen = set()
        for value in range(len(cue.levels)):
            values = [*PLAIN]
            values[place] = value
            seen.add(draw(ALL.levels(values), no_nuisance(32)).tobytes())
        assert len(seen) == len(cue.levels), cue.name
    flat = Beetles.varying(10, [0.0] * 10, 32)
    one = draw(flat.levels(PLAIN), no_nuisance(32))
    assert np.array_equal(one, draw(flat.levels([70, *[3] * 9]), no_nuisance(32)))


def test_strength_moves_levels_towards_their_mean() -> None:
    (eyes,) = (cue for cue in CUES if cue.name == "eyes")
    own = [numbers[0] for numbers in eyes.levels]
    middle = sum(own) / 4
    halved = [eyes.level(value, 0.5)[0] for value in range(4)]
    assert halved == pytest.approx([(number + middle) / 2 for number in own])


def test_images_do_not_depend_on_what_is_drawn_beside_them() -> None:
    together = draw(ALL.levels(PLAIN), random_nuisance(range(20), 32))
    for key in (0, 7, 8, 19):
        assert np.array_equal(draw(ALL.levels(PLAIN), random_nuisance([key], 32))[0], together[key])


def test_drawing_uses_only_operations_that_ieee_754_fixes() -> None:
    """No sine, power or sum of floats: their last bits differ between machines."""
    exact = {
        *("float32", "sqrt", "minimum", "maximum", "abs", "floor", "clip", "concatenate"),
        *("arange", "zeros", "empty", "full", "flatnonzero", "stack", "Philox", "random"),
        *("uint8", "int16", "int32", "int64", "uint64", "ndarray", "intp", "bool_", "generic"),
    }
    for module in (shapes, nuisance, drawing):
        tree = ast.parse(inspect.getsource(module))
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "np"
        }
        assert used <= exact, module.__name__
        powers = [node for node in ast.walk(tree) if isinstance(node, ast.Pow)]
        assert len(powers) == (1 if module is nuisance else 0), "2**23 is a whole number"


def test_a_few_images_have_their_digest() -> None:
    found = [
        digest_of(draw(Beetles.varying(10, None, size).levels(PLAIN), random_nuisance([5], size)))
        for size in (32, 48)
    ]
    assert found == FEW


def digest_of(images: np.ndarray) -> str:
    return kept.digest(images)[:16]


def test_shells_have_100_colours_that_can_be_told_apart() -> None:
    colours = np.array([palette.shell_colour(number) for number in range(palette.COLOURS)])
    assert len(colours) == 100 and colours.min() >= 0 and colours.max() <= 255
    apart = [np.abs(a - b).max() for a, b in combinations(colours, 2)]
    assert min(apart) >= 10


@pytest.mark.parametrize("share", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("cues", [6, 10])
def test_halves_share_no_tuple_and_the_colour_tells_the_wanted_share_apart(
    cues: int, share: float
) -> None:
    data = Cues(cues=cues, sufficiency=share)
    train, test = data.train_tuples, data.test_tuples
    assert len(np.unique(np.concatenate([train, test]), axis=0)) == 200
    told = np.mean([a != b for a, b in combinations(train[:, 0], 2)])
    assert told == pytest.approx(share, abs=0.01)
    for column in train.T[1:]:
        assert np.bincount(column).tolist() == [25] * 4
    # The test half is the same whatever suffices in training.
    assert np.array_equal(test, Cues(cues=cues).test_tuples)


def test_test_half_has_pairs_that_differ_in_one_cue() -> None:
    tuples = Cues().test_tuples
    pairs = np.zeros(10, dtype=int)
    by_values: dict[int, list[frozenset[int]]] = {cue: [] for cue in range(10)}
    for a, b in combinations(tuples, 2):
        (differing,) = np.nonzero(a != b)
        if len(differing) == 1:
            pairs[differing[0]] += 1
            by_values[differing[0]].append(frozenset((a[differing[0]], b[differing[0]])))
    assert pairs.tolist() == [10] * 10
    # Five squares hold two pairs each: five of the six pairs of values.
    assert [len(set(by_values[cue])) for cue in range(1, 10)] == [5] * 9
    subtle = [
        square for square in tuples.reshape(25, 4, 10) if (square == square[0]).all(0)[:5].all()
    ]
    assert len(subtle) == 10, "sets of classes that differ in subtle cues alone"


@pytest.fixture
def few_beetles(tmp_path, monkeypatch) -> Path:
    """An empty cache folder, and saliency measured at 12 beetles in place of 60."""
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path))
    monkeypatch.setattr(beetles, "SALIENCY_BEETLES", 12)
    return tmp_path


def test_saliency_equals_what_the_images_say(few_beetles) -> None:
    data = Beetles.varying(6, None, 32)
    found = data.saliency(first_key=99)
    sums = np.zeros(6)
    for beetle in range(12):
        key = 99 + 2 * beetle
        first, second = np.random.Philox(key=[key, 1]).random_raw((2, 6)) >> np.uint64(33)
        for cue, size in enumerate(data.sizes):
            one = [int(word) % count for word, count in zip(first, data.sizes, strict=True)]
            step = 1 + int(second[cue]) % (size - 1)
            if size == 4:
                one[cue], step = beetle % 4, 1 + beetle // 4 % 3
            other = [*one]
            other[cue] = (one[cue] + step) % size
            for image in (key, key + 1):
                pair = [
                    draw(data.levels(values), random_nuisance([image], 32)).astype(float)
                    for values in (one, other)
                ]
                sums[cue] += np.mean((pair[0] - pair[1]) ** 2) / 2 / 12
    assert found == pytest.approx(sums, rel=1e-12)


def test_default_cues_stand_in_the_order_of_their_saliency_over_a_factor_of_100(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path))
    saliency = Cues().saliency()
    assert (np.diff(saliency) < 0).all()
    assert saliency[0] / saliency[-1] > 100


def test_load_gives_both_halves_with_their_cues(few_beetles) -> None:
    options = {"cues": 6, "images": 4}
    data = Cues(**options).load(AsDrawn())
    assert data.classes == 100 and len(data.train.labels) == 400
    assert len(data.query.labels) == 200 and set(data.query.labels) == set(range(100, 200))
    assert "Drawn by code, not photographs" in data.note
    batch = data.query.images.batch(np.array([0, 199]), None)
    assert batch.shape == (2, 3, 32, 32) and batch.dtype == torch.float32
    assert -1 <= batch.min() < -0.5 and 0.5 < batch.max() <= 1
    assert data.cues is not None
    assert data.cues.names == tuple(cue.name for cue in chosen(6))
    assert data.cues.values.shape == (200, 6)
    # Both images of a class have its values, and no image is drawn twice.
    assert np.array_equal(data.cues.values[::2], data.cues.values[1::2])
    images = [
        data.train.images.batch(np.arange(400), None),
        data.query.images.batch(np.arange(200), None),
    ]
    assert len({image.numpy().tobytes() for half in images for image in half}) == 600
    assert len(list(few_beetles.glob("*.npz"))) == 3
    # A damaged file is made again.
    (kept_file,) = few_beetles.glob("cues-saliency-*.npz")
    kept_file.write_bytes(kept_file.read_bytes()[:-30])
    assert np.array_equal(Cues(**options).saliency(), data.cues.saliency)


def test_another_digest_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DAM_BENCHMARK_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="came out with SHA-256"):
        kept.kept("test", {}, "0" * 64, lambda: np.zeros(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cues": 5}, "number of cues must be from 6 to 10, not 5"),
        ({"size": 20}, "size must be from 32 to 64 pixels, not 20"),
        ({"sufficiency": 1.5}, "sufficiency must be from 0 to 1, not 1.5"),
        ({"images": 2}, "images must be from 4 to 1000 a training class, not 2"),
        ({"saliency": [1.0]}, "saliency must be 10 numbers from 0 to 1"),
        ({"saliency": [2.0] * 10}, "saliency must be 10 numbers from 0 to 1"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cues(**options)


def test_another_transform_is_refused() -> None:
    with pytest.raises(UserError, match="takes as_drawn"):
        Cues().load(object())


def test_fewer_cues_keep_the_first_and_the_last() -> None:
    for number in range(6, 11):
        names = [cue.name for cue in chosen(number)]
        assert len(set(names)) == number
        assert (names[0], names[-1]) == ("shell_colour", "texture")

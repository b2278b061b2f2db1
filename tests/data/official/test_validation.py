"""Validation folds of the training classes."""

import numpy as np
import pytest
from registered import make

from benchmark import registry
from benchmark.data.photographs.transforms import RetrievalCrop
from benchmark.data.validation import Validation
from benchmark.entries import Entry
from benchmark.errors import UserError

TINY = RetrievalCrop(size=8, resize=8)
KINDS = ["cub200", "cars196", "cars196_devkit", "market1501", "msmt17"]


def paths(split):
    return [split.images.whole.paths[place] for place in split.images.places]


@pytest.mark.parametrize("kind", KINDS)
def test_validation_folds_divide_the_training_classes(build, kind):
    build(kind)
    whole = make(kind).load(TINY)
    held, tested = [], set(whole.query.images.paths)
    for fold in range(2):
        data = make(kind, validation={"folds": 2, "fold": fold, "seed": 3}).load(TINY)
        assert data.name == f"{whole.name}, validation fold {fold + 1} of 2"
        assert data.protocol == whole.protocol
        parts = [split for split in (data.query, data.gallery) if split]
        images = [path for split in (data.train, *parts) for path in paths(split)]
        assert sorted(images) == sorted(whole.train.images.paths)
        assert not tested & set(images)
        assert data.classes == whole.classes // 2
        held.append({path for split in parts for path in paths(split)})
    assert held[0] | held[1] == set(whole.train.images.paths)
    assert not held[0] & held[1]


def test_validation_queries_are_one_per_identity_and_camera(build):
    build("market1501")
    data = make("market1501", validation={"folds": 2, "fold": 0, "seed": 0}).load(TINY)
    shown = list(zip(data.query.labels.tolist(), data.query.cameras.tolist(), strict=True))
    assert len(shown) == len(set(shown)) == 4
    assert set(shown) == set(zip(data.gallery.labels, data.gallery.cameras, strict=True))


def test_validation_seeds_make_different_folds():
    labels = np.repeat(np.arange(100), 2)
    folds = [Validation.of({"folds": 4, "fold": 0, "seed": s}).held_out(labels) for s in (0, 0, 1)]
    assert np.array_equal(folds[0], folds[1])
    assert not np.array_equal(folds[0], folds[2])
    assert folds[0].sum() == 50


@pytest.mark.parametrize(
    "validation",
    [
        3,
        {"folds": 4},
        {"folds": 1, "fold": 0, "seed": 0},
        {"folds": 4, "fold": 4, "seed": 0},
        {"folds": 4, "fold": -1, "seed": 0},
        {"folds": 2.0, "fold": 0, "seed": 0},
        {"folds": 2, "fold": 0, "seed": -1},
        {"folds": 2, "fold": 0, "seed": 2**63},
        {"folds": 2, "fold": 0, "seed": 10**42},
    ],
)
def test_wrong_validation_is_told(validation):
    with pytest.raises(UserError, match=r"dataset\.validation"):
        make("cub200", validation=validation)


def test_more_folds_than_classes_is_told(build):
    build("cub200")
    with pytest.raises(UserError, match="4 training classes can't be divided into 5 folds"):
        make("cub200", validation={"folds": 5, "fold": 0, "seed": 0}).load(TINY)


@pytest.mark.parametrize("kind", ["noise", "typefaces", "typefaces_reid", "cues"])
def test_rendered_sets_have_folds_and_keep_their_identity(kind):
    validation = {"folds": 4, "fold": 1, "seed": 3}
    entry = registry.resolve(registry.DATASETS, Entry.of(kind), "dataset")
    assert "validation" not in entry.options  # the ids of runs from before it was added
    whole = make(kind).load()
    data = make(kind, validation=validation).load()
    assert data.name == f"{kind}, validation fold 2 of 4"
    assert "Only training classes are used" in data.note
    assert data.cues is None and data.protocol == whole.protocol
    places = [split.images.places for split in data.splits.values()]
    assert np.array_equal(np.sort(np.concatenate(places)), np.arange(len(whole.train.labels)))
    trained, *tested = (set(whole.train.labels[place].tolist()) for place in places)
    assert len(trained) == data.classes == 3 * whole.classes // 4
    assert not trained & set.union(*tested)
    image = data.query.images.batch(np.array([0]), None)
    place = places[1][:1]
    assert image.equal(whole.train.images.batch(place, None))
    assert data.digests() == make(kind, validation=validation).load().digests()
    assert data.digests() != make(kind, validation=validation | {"fold": 2}).load().digests()

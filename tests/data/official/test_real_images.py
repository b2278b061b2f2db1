"""Parts of three benchmarks, in tars below the folder that DAM_BENCHMARK_TEST_DATA names."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import registry
from benchmark.data.photographs.transforms import Reid, RetrievalCrop
from benchmark.data.root import VARIABLE
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.models.backbones.photo import Normalisation

TARS = {
    "cub200": "CUB_200_2011.tar",
    "cars196": "cars196.tar",
    "market1501": "Market-1501-v15.09.15.tar",
}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """The folder that holds a set's images, unpacked when first asked for."""
    root = tmp_path_factory.mktemp("data-root")
    done = set()

    def unpack(kind):
        given = os.environ.get("DAM_BENCHMARK_TEST_DATA")
        if not given:
            pytest.skip("DAM_BENCHMARK_TEST_DATA is not set to the folder of the images' tars")
        tar = Path(given) / TARS[kind]
        if not tar.is_file():
            pytest.skip(f"there is no {tar}")
        if kind not in done:
            with tarfile.open(tar) as archive:
                archive.extractall(root, filter="data")
            done.add(kind)
        return root

    return unpack


@pytest.fixture
def make(unpacked, monkeypatch):
    def build(kind, **options):
        monkeypatch.setenv(VARIABLE, str(unpacked(kind)))
        return registry.build(registry.DATASETS, Entry.of(kind, **options), "dataset")

    return build


def summary(split):
    return len(split.images), len(set(split.labels.tolist()))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cub200", "50 of 200 classes, 2,889 of 11,788 images"),
        ("cars196", "4,092 of 8,131 test images"),
        ("market1501", "751 of 1,501 identities"),
    ],
)
def test_parts_are_refused_unless_allowed(make, kind, message):
    with pytest.raises(UserError, match=f"{message}.*--allow-partial"):
        make(kind).load(RetrievalCrop())


def test_cub_50(make):
    dataset = make("cub200", allow_partial=True)
    data = dataset.load(RetrievalCrop())
    assert data.name == "CUB-50"
    assert (data.classes, sorted(set(data.query.labels))) == (25, list(range(26, 51)))
    assert len(data.train.images) + len(data.query.images) == 2889
    folders = {path.parent.name.split(".")[0] for path in data.train.images.paths}
    assert folders == {f"{number:03}" for number in range(1, 26)}
    assert dataset.status().counts["train images"] == len(data.train.images)
    assert "25 of the 25 classes tested are training classes of the release" in data.note
    assert not data.official


def test_cars196_train(make):
    data = make("cars196", allow_partial=True).load(RetrievalCrop())
    assert data.name == "Cars196-train"
    assert (data.classes, sorted(set(data.query.labels))) == (98, list(range(99, 197)))
    assert len(data.train.images) + len(data.query.images) == 8144


def test_market_train_split(make):
    data = make("market1501", allow_partial=True).load(Reid())
    assert data.name == "Market-train-split"
    assert summary(data.train) == (7006, 376)
    assert summary(data.query) == (1661, 375)
    assert summary(data.gallery) == (4269, 373)
    assert set(data.train.cameras) == set(data.query.cameras) == set(range(1, 7))
    assert data.note.startswith("The training identities of Market-1501, split in two")


@pytest.mark.parametrize("kind", list(TARS))
def test_images_come_out_as_levels(make, kind):
    transform = Reid() if kind == "market1501" else RetrievalCrop()
    data = make(kind, allow_partial=True).load(transform)
    for split in filter(None, (data.train, data.query, data.gallery)):
        indices = np.linspace(0, len(split.images) - 1, 40).astype(np.int64)
        batch = split.images.batch(indices, None)
        assert batch.shape[1:] == ((3, 256, 128) if kind == "market1501" else (3, 224, 224))
        assert batch.dtype == torch.uint8
        # ImageNet's statistics fit photographs roughly.
        normalised = Normalisation()(batch)
        assert normalised.mean().abs() < 0.7
        assert 0.6 < normalised.std() < 1.4
        augmented = split.images.batch(indices, indices.astype(np.uint64))
        assert augmented.dtype == torch.uint8
        assert not augmented.equal(batch)


@pytest.mark.parametrize("kind", list(TARS))
def test_validation_folds(make, kind):
    option = {"folds": 4, "fold": 1, "seed": 0}
    whole = make(kind, allow_partial=True).load(RetrievalCrop())
    data = make(kind, allow_partial=True, validation=option).load(RetrievalCrop())
    assert data.name == f"{whole.name}, validation fold 2 of 4"
    assert data.classes + len(set(data.query.labels)) == whole.classes
    parts = filter(None, (data.train, data.query, data.gallery))
    assert sum(len(split.images) for split in parts) == len(whole.train.images)

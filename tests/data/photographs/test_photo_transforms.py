import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from benchmark import registry
from benchmark.data.dataset import Split
from benchmark.data.loading import TrainingLoader
from benchmark.data.photographs.files import FileImages
from benchmark.data.photographs.transforms import MEAN_COLOUR, Reid, RetrievalCrop
from benchmark.entries import Entry
from benchmark.errors import UserError

RNG = np.random.default_rng(0)
KINDS = [RetrievalCrop(), Reid()]
SHAPES = {RetrievalCrop: (3, 224, 224), Reid: (3, 256, 128)}


def photograph(width=300, height=200):
    return Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8))


def gradient(width, height):
    """Red grows to the right and green downwards, by one level a pixel."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x, y, 0 * x], axis=-1).astype(np.uint8))


@pytest.mark.parametrize(
    ("transform", "steps"),
    [
        (RetrievalCrop(), [v2.Resize(256), v2.CenterCrop(224)]),
        (RetrievalCrop(size=64, resize=96), [v2.Resize(96), v2.CenterCrop(64)]),
        (Reid(), [v2.Resize((256, 128))]),
    ],
)
@pytest.mark.parametrize("size", [(300, 200), (120, 333), (224, 224), (5, 400)])
def test_testing_equals_torchvision(transform, steps, size):
    image = photograph(*size)
    result = transform.test(image)
    assert result.dtype == np.uint8
    assert np.array_equal(result, v2.Compose([*steps, v2.PILToTensor()])(image).numpy())


@pytest.mark.parametrize("transform", KINDS)
def test_shape_and_type(transform):
    for size in ((300, 200), (20, 500), (1, 1)):
        for result in (transform.train(photograph(*size), 1), transform.test(photograph(*size))):
            assert result.shape == SHAPES[type(transform)]
            assert result.dtype == np.uint8


def test_training_crops_agree_with_torchvision_for_the_seed():
    image = photograph()
    for seed in range(5):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            expected = v2.PILToTensor()(v2.RandomResizedCrop(224)(image)).numpy()
        assert np.array_equal(RetrievalCrop(flip=0).train(image, seed), expected)


def test_crops_keep_their_area():
    """On a gradient the range of red and green is the crop's width and height."""
    image = gradient(250, 250)
    areas = []
    for seed in range(200):
        result = RetrievalCrop(size=32, resize=32, scale=(0.3, 0.6)).train(image, seed)
        areas.append(int(np.ptp(result[0])) * int(np.ptp(result[1])) / 250**2)
    # Resizing smooths the outermost pixels away.
    assert 0.25 < min(areas) < 0.36
    assert 0.5 < max(areas) <= 0.62


@pytest.mark.parametrize("make", [RetrievalCrop, lambda flip: Reid(flip=flip, erasing=0)])
@pytest.mark.parametrize(("flip", "expected"), [(0, 0), (1, 1), (0.5, 0.5)])
def test_flips(make, flip, expected):
    image = gradient(200, 200)
    results = [make(flip=flip).train(image, seed)[0].mean(axis=0) for seed in range(200)]
    flipped = np.mean([columns[20] > columns[-20] for columns in results])
    assert flipped == pytest.approx(expected, abs=0.12)


def test_shifts_stay_within_the_border_and_fill_with_black():
    image = Image.new("RGB", (32, 64), (255, 255, 255))
    transform = Reid(height=64, width=32, pad=4, erasing=0)
    seen = set()
    for seed in range(300):
        black = transform.train(image, seed)[0] == 0
        columns, rows = np.flatnonzero(black.all(axis=0)), np.flatnonzero(black.all(axis=1))
        assert len(columns) <= 4
        assert len(rows) <= 4
        assert black.sum() == len(columns) * 64 + len(rows) * 32 - len(columns) * len(rows)
        side = (1 if 0 in columns else -1) * len(columns), (1 if 0 in rows else -1) * len(rows)
        seen.add(side)
    assert {across for across, _ in seen} == {down for _, down in seen} == set(range(-4, 5))


def test_erasing_takes_a_rectangle_of_the_mean_colour():
    image = Image.new("RGB", (64, 128), (255, 255, 255))
    erased = []
    for seed in range(400):
        result = Reid(height=128, width=64, pad=0).train(image, seed)
        hole = (result == np.array(MEAN_COLOUR)[:, None, None]).all(axis=0)
        assert (result[:, ~hole] == 255).all()
        if hole.any():
            rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
            assert hole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            assert len(rows) * len(columns) == hole.sum()
            erased.append(hole.mean())
    assert len(erased) == pytest.approx(200, abs=40)
    assert 0.015 < min(erased) < 0.05
    assert 0.3 < max(erased) <= 0.41


@pytest.fixture
def folder(tmp_path):
    """A folder and the names of six images in it."""
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        photograph(40 + number, 30).save(tmp_path / name)
    return tmp_path, names


@pytest.mark.parametrize("transform", [RetrievalCrop(size=16, resize=20), Reid(32, 16)])
def test_an_image_depends_on_its_seed_alone(folder, transform):
    images = FileImages(*folder, transform)
    indices, seeds = np.arange(6), np.arange(6, dtype=np.uint64) + np.uint64(2**63)
    torch.manual_seed(7)
    expected_draw = torch.rand(3)
    torch.manual_seed(7)
    batch = images.batch(indices, seeds)
    alone = [images.batch(indices[i : i + 1], seeds[i : i + 1]) for i in reversed(range(6))]
    assert batch.dtype == torch.uint8
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(torch.cat(alone[::-1]), batch)
    assert torch.equal(torch.rand(3), expected_draw)
    others = images.batch(indices, seeds + np.uint64(1))
    assert all(not torch.equal(a, b) for a, b in zip(batch, others, strict=True))
    assert torch.equal(images.batch(indices, None), images.batch(indices, None))


def test_workers_of_a_loader_give_the_same_batches(folder):
    images = FileImages(*folder, RetrievalCrop(size=16, resize=20))
    split = Split(images, np.repeat(np.arange(2), 3))
    here, there = (
        list(TrainingLoader(split, classes=2, samples=1, seed=0, workers=workers))
        for workers in (0, 2)
    )
    for ours, theirs in zip(here, there, strict=True):
        assert torch.equal(ours["images"], theirs["images"])
        assert ours.digest == theirs.digest != ""
        for batch in (ours["images"], theirs["images"]):
            assert batch.dtype == torch.uint8
            assert batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        ("retrieval_crop", "size", 0),
        ("retrieval_crop", "size", 2.5),
        ("retrieval_crop", "resize", 100),
        ("retrieval_crop", "scale", (0, 1)),
        ("retrieval_crop", "scale", (0.5, 0.1)),
        ("retrieval_crop", "scale", 0.5),
        ("retrieval_crop", "flip", 2),
        ("reid", "pad", -1),
        ("reid", "height", "256"),
        ("reid", "erasing", "often"),
    ],
)
def test_wrong_options_are_told(kind, option, value):
    with pytest.raises(UserError, match=f"transform: {option}"):
        registry.build(registry.TRANSFORMS, Entry.of(kind, **{option: value}), "transform")


def test_resolved_options_are_plain_and_build_the_same():
    import json

    for kind in ("retrieval_crop", "reid"):
        entry = registry.resolve(registry.TRANSFORMS, Entry.of(kind), "transform")
        again = Entry.model_validate(json.loads(entry.model_dump_json()))
        image = photograph()
        first, second = (
            registry.build(registry.TRANSFORMS, e, "transform") for e in (entry, again)
        )
        assert np.array_equal(first.train(image, 5), second.train(image, 5))

"""Batches: balanced, repeatable, the same with any number of workers, and errors as they are."""

from collections import Counter

import numpy as np
import pytest
import torch

from benchmark.data.dataset import Split
from benchmark.data.loading import ClassBalancedBatches, Loaded, TrainingLoader, in_batches
from benchmark.errors import UserError

LABELS = np.repeat(np.arange(7), [1, 2, 3, 9, 20, 4, 5])


class Numbers:
    """Images that hold their index and the seed of their augmentation."""

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken

    def __len__(self) -> int:
        return len(LABELS)

    def batch(self, indices: np.ndarray, seeds: np.ndarray | None) -> torch.Tensor:
        if self.broken in indices:
            raise UserError(f"image {self.broken} can't be decoded")
        drawn = np.zeros(len(indices)) if seeds is None else seeds.astype(np.float64)
        return torch.from_numpy(np.stack([indices, drawn], 1)).view(-1, 2, 1, 1)


def batches(epoch: int = 0, seed: int = 0) -> list[list[tuple[int, int]]]:
    sampler = ClassBalancedBatches(LABELS, 3, 2, seed)
    sampler.epoch = epoch
    return [list(zip(*map(np.ndarray.tolist, batch), strict=True)) for batch in sampler]


def test_batches_are_of_different_classes_with_equal_shares() -> None:
    drawn = batches()
    assert len(drawn) == len(LABELS) // 6
    for batch in drawn:
        counts = Counter(LABELS[[image for image, _ in batch]].tolist())
        assert set(counts.values()) == {2} and len(counts) == 3
    turns = Counter(label for batch in drawn for label in {int(LABELS[i]) for i, _ in batch})
    assert max(turns.values()) - min(turns.values()) <= 1


def test_each_image_of_a_class_comes_once_before_one_comes_again() -> None:
    sampler = ClassBalancedBatches(LABELS, 7, 2, 0)
    sampler.length = 10
    seen = [image for batch in sampler for image in batch.images.tolist() if LABELS[image] == 4]
    assert len(set(seen)) == len(seen) == 20


def test_epochs_and_seeds_draw_anew_and_repeat() -> None:
    assert batches() == batches()
    assert batches(epoch=1) != batches()
    assert batches(seed=1) != batches()
    seeds = [seed for batch in batches() for _, seed in batch]
    assert len(set(seeds)) == len(seeds)


def test_more_classes_than_there_are_is_told() -> None:
    with pytest.raises(UserError, match=r"sampler\.classes=8: the training split has 7 classes"):
        ClassBalancedBatches(LABELS, 8, 1, 0)


@pytest.mark.parametrize("epochs", [2])
def test_workers_give_the_same_batches(epochs: int) -> None:
    def loaded(workers: int) -> list[Loaded]:
        split = Split(Numbers(), LABELS)
        loader = TrainingLoader(split, classes=3, samples=2, seed=0, workers=workers)
        found = []
        for epoch in range(epochs):
            loader.batch_sampler.epoch = epoch
            found += list(loader)
        return found

    for ours, theirs in zip(loaded(0), loaded(2), strict=True):
        assert torch.equal(ours["images"], theirs["images"])
        assert torch.equal(ours["labels"], theirs["labels"])
        assert ours.digest == theirs.digest
    digests: list[bytes] = []
    ordered = [
        torch.cat(list(in_batches(Numbers(), size, workers, digests.append)))
        for size, workers in ((10, 0), (7, 2))
    ]
    assert torch.equal(ordered[0], ordered[1])
    count = -(-len(LABELS) // 10)
    assert b"".join(digests[:count]) == b"".join(digests[count:])
    assert len(b"".join(digests[:count])) == 64 * len(LABELS)
    assert ordered[0][:, 0, 0, 0].tolist() == list(range(len(LABELS)))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_arrives_as_it_was_raised(workers: int) -> None:
    split = Split(Numbers(broken=0), LABELS)
    loader = TrainingLoader(split, classes=7, samples=1, seed=0, workers=workers)
    with pytest.raises(UserError) as error:
        list(loader)
    assert str(error.value) == "image 0 can't be decoded"
    with pytest.raises(UserError, match=r"^image 0 can't be decoded$"):
        list(in_batches(split.images, 8, workers))

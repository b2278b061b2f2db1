"""Evaluation goes on in smaller parts where memory runs out, and says what to do in the end."""

import logging

import numpy as np
import pytest
import torch

from benchmark.data.dataset import DataSet, Split
from benchmark.errors import UserError
from benchmark.evaluation import evaluate, positive_ranks
from benchmark.evaluation.ranking.distance import Products
from benchmark.evaluation.ranking.memory import Parts, is_out_of_memory

ERRORS = [
    MemoryError("Unable to allocate 3.00 GiB"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
]


def test_what_is_out_of_memory():
    assert all(map(is_out_of_memory, ERRORS))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize("error", ERRORS)
def test_parts_are_halved_until_they_fit(error, caplog):
    parts = Parts(8, "images", "Buy memory.")
    asked = []

    def work(first, last):
        asked.append((first, last))
        if last - first > 2:
            raise error
        return list(range(first, last))

    with caplog.at_level(logging.WARNING):
        assert [n for part in parts.run(7, work) for n in part] == list(range(7))
    assert asked == [(0, 7), (0, 3), (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7)]
    assert "goes on with 1 images at a time" in caplog.text
    assert parts.size == 1


def test_memory_that_is_too_small_for_one_is_an_error():
    def work(first, last):
        raise MemoryError

    with pytest.raises(UserError, match=r"out of memory, even with the images one by one\. Buy it"):
        list(Parts(4, "images", "Buy it.").run(9, work))


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError):
        list(Parts(4, "images", "").run(9, lambda first, last: first // 0))
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        list(Parts(4, "images", "").run(9, lambda first, last: torch.ones(2) @ torch.ones(3)))


def test_ranks_are_the_same_where_memory_runs_out(monkeypatch):
    x = torch.randn(90, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(90) % 7
    expected = positive_ranks(x, labels)
    fill = Products.fill

    def limited(self, rows, out):
        if len(rows) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return fill(self, rows, out)

    monkeypatch.setattr(Products, "fill", limited)
    found = positive_ranks(x, labels)
    assert torch.equal(found.ranks, expected.ranks)


class Photographs:
    def __len__(self):
        return 10

    def batch(self, indices, seeds):
        return torch.as_tensor(indices, dtype=torch.float32)[:, None, None, None].repeat(1, 1, 2, 2)


def test_a_model_gets_fewer_images_where_memory_runs_out():
    sizes = []

    def model(images):
        sizes.append(len(images))
        if len(images) > most:
            raise MemoryError
        return images.flatten(1)

    query = Split(Photographs(), np.arange(10) % 2)
    dataset = DataSet("toy", "retrieval", "", query, query)
    most = 10
    expected = evaluate(model, dataset, distance="euclidean", batch_size=8)
    most, sizes = 3, []
    assert evaluate(model, dataset, distance="euclidean", batch_size=8).metrics == expected.metrics
    assert sizes == [8, 4, 2, 2, 2, 2, 2]
    most = 0
    with pytest.raises(UserError, match=r"the images one by one\. .*backbone"):
        evaluate(model, dataset, batch_size=8)
